#pragma once
#include <string>

#include "base/task.h"
#include "domain/flags.h"

namespace durward::ports {

// Feature flags: the table of domain/flags.h with the values that operators set, in the words of OpenFeature
// (openfeature.dev, specification section 1). Thread-safe.
class Flags {
 public:
  virtual ~Flags() = default;
  // Always answers: what cannot be looked up has its default, and the reason says so.
  virtual Task<domain::FlagResolution> resolve(std::string key, domain::FlagContext context) = 0;
};

// Whether a boolean flag is on.
inline Task<bool> is_on(Flags& flags, std::string_view key, domain::FlagContext context) {
  const auto resolution = co_await flags.resolve(std::string(key), std::move(context));
  co_return resolution.value.is_bool() && resolution.value.get_bool();
}

}  // namespace durward::ports
