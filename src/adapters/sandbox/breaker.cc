#include "adapters/sandbox/breaker.h"

#include <algorithm>

namespace durward::adapters::sandbox {

std::optional<int> Breaker::refusal(const Key& key, Time now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.faults < faults_max) return {};
  Entry& entry = found->second;
  if (now < entry.until)
    return std::max(1, int(std::chrono::ceil<std::chrono::seconds>(entry.until - now).count()));
  entry.until = now + entry.pause;  // this one is the trial; others wait for what it says
  return {};
}

void Breaker::worked(const Key& key) { entries_.erase(key); }

void Breaker::failed(const Key& key, Time now) {
  // Forgetting is the safe side: what is forgotten runs again, under its limits.
  if (!entries_.contains(key) && entries_.size() >= entries_max_) entries_.erase(entries_.begin());
  Entry& entry = entries_[key];
  if (++entry.faults < faults_max) return;
  entry.pause = entry.pause.count() == 0 ? pause_first : std::min(entry.pause * 2, pause_max);
  entry.until = now + entry.pause;
}

}  // namespace durward::adapters::sandbox
