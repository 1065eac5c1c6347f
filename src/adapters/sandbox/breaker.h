#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "domain/tenant.h"

namespace durward::adapters::sandbox {

// Stops running code that has done nothing but time out or end its process: it would take a worker from the
// tenant's other scripts each time. After `faults_max` in a row it is refused for a while, then one trial
// decides. Not thread-safe; reads no clock.
class Breaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Key {
    domain::TenantId tenant;
    std::string script;  // its id and digest: what is deployed anew begins anew
    auto operator<=>(const Key&) const = default;
  };

  explicit Breaker(size_t entries_max = 10'000) : entries_max_(entries_max) {}

  // Nothing when it may run, else the seconds after which it may be tried. Who may run says how it went.
  std::optional<int> refusal(const Key& key, Time now);
  void worked(const Key& key);
  void failed(const Key& key, Time now);
  size_t size() const { return entries_.size(); }

  static constexpr int faults_max = 5;
  static constexpr std::chrono::seconds pause_first{10}, pause_max{300};

 private:
  struct Entry {
    int faults = 0;
    Time until{};
    std::chrono::seconds pause{0};
  };
  const size_t entries_max_;
  std::map<Key, Entry> entries_;  // only what failed last
};

}  // namespace durward::adapters::sandbox
