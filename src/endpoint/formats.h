#pragma once
#include <string_view>

namespace durward::endpoint {

// A named string format of a field table ("uri", "email-or-empty"): the row that checks it, or nullptr for an
// unknown name. Also Auth0's own names, as its error texts show them.
struct Format {
  std::string_view name;
  bool (*fits)(std::string_view text);
  bool empty_allowed;
};
const Format* find_format(std::string_view name);

}  // namespace durward::endpoint
