#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// multipart/form-data (RFC 7578), for uploads of a few parts. The whole body is in memory already.
namespace durward::http {

struct Part {
  std::string name;
  std::optional<std::string> filename;  // as the client says: never a path to open
  std::string content_type;             // empty when the part does not say
  std::string body;
};

// `content_type` is the request's field with its boundary. Errors: invalid / invalid_request for anything
// outside the grammar, more than `parts_max` parts, or a part head over 8 KiB.
Result<std::vector<Part>> parse_multipart(std::string_view content_type, std::string_view body,
                                          size_t parts_max = 20);

}  // namespace durward::http
