#include "adapters/hashing/fair_queue.h"

#include <algorithm>

namespace durward::adapters {

bool FairQueue::may_wait(domain::TenantId tenant) const {
  const auto line = lines_.find(tenant);
  const size_t waiting = line == lines_.end() ? 0 : line->second.waiters.size();
  return waiting <= max_ - std::min(size_, max_);
}

uint64_t FairQueue::work_before(domain::TenantId tenant) const {
  const auto own = lines_.find(tenant);
  const uint64_t turn = own == lines_.end() ? turn_ : std::max(turn_, own->second.turn) + own->second.work;
  uint64_t before = 0;
  for (const auto& [_, line] : lines_)
    if (!line.waiters.empty() && line.turn < turn) before += std::min(line.work, turn - line.turn);
  return before;
}

void FairQueue::push(Waiter& waiter) {
  Line& line = lines_[waiter.tenant];
  if (line.waiters.empty()) line.turn = std::max(line.turn, turn_);
  line.waiters.push_back(&waiter);
  line.work += waiter.work;
  work_ += waiter.work;
  ++size_;
}

FairQueue::Waiter* FairQueue::take_first(Line& line) {
  Waiter* waiter = line.waiters.front();
  line.waiters.pop_front();
  line.work -= waiter->work;
  work_ -= waiter->work;
  --size_;
  return waiter;
}

FairQueue::Waiter* FairQueue::pop() {
  Line* next = nullptr;
  for (auto& [_, line] : lines_)
    if (!line.waiters.empty() && (!next || line.turn < next->turn)) next = &line;
  if (!next) return nullptr;
  const auto waiting =
      std::ranges::count_if(lines_, [](const auto& line) { return !line.second.waiters.empty(); });
  Waiter* waiter = take_first(*next);
  next->turn += waiter->work;
  move_on((waiter->work + uint64_t(waiting) - 1) / uint64_t(waiting));
  return waiter;
}

// Those of one tenant wait equally long as a rule, so only the first of each line is looked at.
FairQueue::Waiter* FairQueue::pop_expired(Time now, double seconds_of_a_unit) {
  const auto is_late = [&](const Waiter& waiter) {
    return now + std::chrono::duration<double>(seconds_of_a_unit * double(waiter.work)) > waiter.end;
  };
  for (auto& [_, line] : lines_)
    if (!line.waiters.empty() && is_late(*line.waiters.front())) return take_first(line);
  return nullptr;
}

// Whose line is empty and not ahead of the others would start from here anyway.
void FairQueue::move_on(uint64_t work) {
  turn_ += work;
  std::erase_if(lines_, [this](const auto& line) {
    return line.second.waiters.empty() && (size_ == 0 || line.second.turn <= turn_);
  });
}

}  // namespace durward::adapters
