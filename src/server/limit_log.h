#pragma once
#include <mutex>
#include <string>
#include <unordered_map>

#include "ports/services.h"
#include "server/limiter.h"

namespace durward::server {

// Tells a tenant's log that its limits were met: "api_limit" when a request was refused,
// "api_limit_warning" when four fifths of a bucket of the tenant or of a client are used up. A flood writes
// no more than one record a tenant, class and minute, in the whole fleet while its cache answers, in this
// process otherwise. Nobody waits for the record. Thread-safe; `services` outlives it.
class LimitLog {
 public:
  explicit LimitLog(const ports::Services& services) : services_(services) {}
  void operator()(const endpoint::RequestContext& context, const Verdict& verdict);
  size_t size() const;

 private:
  bool is_first(const std::string& key, int64_t minute);
  const ports::Services& services_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, int64_t> written_;  // the minute of the latest record
};

}  // namespace durward::server
