#include "adapters/hashing/admission.h"

#include <algorithm>
#include <cmath>

namespace durward::adapters {

std::string_view name_of(Shed reason) {
  constexpr std::string_view names[] = {"queue_full", "tenant_share", "late", "expired"};
  return names[size_t(reason)];
}

// What runs is half done on average.
double expected_wait(const LaneLoad& load, uint64_t work_before) {
  if (load.busy < load.lanes && work_before == 0) return 0;
  return load.seconds_for(work_before + load.work / 2);
}

std::optional<Shed> refusal(const FairQueue& queue, const FairQueue::Waiter& waiter, const LaneLoad& load,
                            FairQueue::Time now) {
  if (queue.is_full()) return Shed::queue_full;
  if (!queue.may_wait(waiter.tenant)) return Shed::tenant_share;
  if (load.busy + queue.size() < load.lanes) return {};
  const double done = expected_wait(load, queue.work_before(waiter.tenant)) + load.pace * double(waiter.work);
  if (now + std::chrono::duration<double>(done) > waiter.end) return Shed::late;
  return {};
}

size_t lanes_open(size_t hashes, size_t threads, size_t lanes_of_a_thread) {
  if (threads == 0) return 0;
  return std::min(lanes_of_a_thread, (hashes + threads - 1) / threads);
}

uint64_t steps_apart(uint64_t work, bool is_backlog) {
  return is_backlog ? std::min<uint64_t>(work / 8, 256) : std::min<uint64_t>(work / 16, 32);
}

int retry_after(double seconds) { return int(std::clamp(std::ceil(seconds), 1.0, 60.0)); }

}  // namespace durward::adapters
