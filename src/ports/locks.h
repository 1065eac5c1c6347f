#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/task.h"

namespace durward::ports {

struct Lock {
  std::string name, owner;
  // Grows with every new owner of the name: a store that remembers the highest refuses a late writer.
  int64_t fence = 0;
};

// Locks that spare work done twice. They end by themselves after `life`, so the holder of a lock may have
// lost it: what must not happen twice is guarded by the store, never by a lock alone. Thread-safe.
class Locks {
 public:
  virtual ~Locks() = default;
  virtual Async<std::optional<Lock>> acquire(std::string name, std::string owner, Milliseconds life) = 0;
  virtual Async<bool> extend(Lock lock, Milliseconds life) = 0;  // false when it is lost
  virtual Async<> release(Lock lock) = 0;                        // fine when it is lost
};

}  // namespace durward::ports
