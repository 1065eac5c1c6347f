#pragma once
#include <mutex>
#include <unordered_map>

#include "ports/limiter.h"

namespace durward::adapters {

// Counters of this process. Memory is bounded by the keys that were used within their last burst.
class MemoryLimiter : public ports::Limiter {
 public:
  Async<ports::Allowance> take(std::string key, ports::Rate rate, TimePoint now, int64_t units = 1) override;
  Async<> forget(std::string key) override;
  // The same without a coroutine, for callers that know they have no shared counters.
  ports::Allowance take_now(const std::string& key, ports::Rate rate, TimePoint now, int64_t units = 1);
  size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, int64_t> paid_at_;  // microseconds
  size_t clean_at_ = 4096;
};

}  // namespace durward::adapters
