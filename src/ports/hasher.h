#pragma once
#include <string>

#include "base/task.h"

namespace durward::ports {

// Password hashing, in process or a tier of its own. Fails with `unavailable` when its queue is full. A call
// without a stored hash costs the same as one with: verify against `dummy_hash()` so that an unknown user
// cannot be told by time.
class Hasher {
 public:
  virtual ~Hasher() = default;
  virtual Async<std::string> hash(std::string password) = 0;
  virtual Async<bool> verify(std::string password, std::string hash) = 0;
  virtual std::string dummy_hash() const = 0;
  virtual bool needs_rehash(std::string_view hash) const = 0;
};

}  // namespace durward::ports
