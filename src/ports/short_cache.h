#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/task.h"

namespace durward::ports {

// Small values that may be forgotten at any moment: a miss must only cost time. Keys and values of a use
// begin with "use:tenant:"; nothing secret unless sealed. Thread-safe.
class ShortCache {
 public:
  virtual ~ShortCache() = default;
  virtual Async<std::optional<std::string>> get(std::string key) = 0;
  // `life` is at least a millisecond. invalid / too_large beyond 64 KiB.
  virtual Async<> put(std::string key, std::string value, Milliseconds life) = 0;
  // False when there is a value already. Who comes first, within what a cache can promise.
  virtual Async<bool> put_if_absent(std::string key, std::string value, Milliseconds life) = 0;
  virtual Async<> remove(std::string key) = 0;
};

inline constexpr size_t short_value_max = 64 << 10;

}  // namespace durward::ports
