#include "server/slots.h"

namespace durward::server {
namespace {

constexpr int64_t nobody = 0;

}  // namespace

Slots::Slot Slots::enter(domain::TenantId tenant) {
  std::lock_guard lock(mutex_);
  auto& held = held_[tenant.value];
  const bool fits = held < max_ - taken_;
  if (fits) {
    ++held;
    ++taken_;
  } else if (held == 0) {
    held_.erase(tenant.value);
  }
  return Slot(fits ? this : nullptr, tenant.value);
}

Slots::Slot Slots::enter() {
  std::lock_guard lock(mutex_);
  if (taken_ >= max_) return Slot(nullptr, nobody);
  ++taken_;
  return Slot(this, nobody);
}

void Slots::leave(int64_t tenant) {
  std::lock_guard lock(mutex_);
  --taken_;
  if (tenant == nobody) return;
  const auto held = held_.find(tenant);
  if (--held->second == 0) held_.erase(held);
}

Task<Turnstile::Turn> Turnstile::enter() {
  Executor* const thread = Executor::current();
  co_await Suspend{[this, thread](std::function<void()> go_on) { wait_or(thread, std::move(go_on)); }};
  co_return Turn(this, thread);
}

void Turnstile::wait_or(Executor* thread, std::function<void()> go_on) {
  {
    std::lock_guard lock(mutex_);
    Lane& lane = lanes_[thread];
    if (lane.running >= width_) {
      lane.waiting.push_back(std::move(go_on));
      return;
    }
    ++lane.running;
  }
  go_on();
}

void Turnstile::leave(Executor* thread) {
  std::function<void()> next;
  {
    std::lock_guard lock(mutex_);
    Lane& lane = lanes_[thread];
    if (lane.waiting.empty()) {
      --lane.running;
      return;
    }
    next.swap(lane.waiting.front());
    lane.waiting.pop_front();
  }
  next();
}

}  // namespace durward::server
