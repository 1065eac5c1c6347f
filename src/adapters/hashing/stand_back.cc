#include "adapters/hashing/stand_back.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace durward::adapters {

namespace {

// sched_setattr(2); glibc has no name for it yet.
struct Attributes {
  uint32_t size = sizeof(Attributes), policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0;
};
static_assert(sizeof(Attributes) == 48);

constexpr uint64_t longest_turn_ns =
    100'000'000;  // as long as the kernel allows; the default is three milliseconds

// Long turns: a woken thread does not wait for the end of another's turn when its own is shorter. An operator
// who gave the process a policy of its own knows better.
void take_turns(uint32_t policy) {
  Attributes attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.policy != SCHED_OTHER && attributes.policy != SCHED_BATCH && attributes.policy != SCHED_IDLE)
    return;
  attributes.policy = policy;
  attributes.runtime = longest_turn_ns;
  attributes.flags = 0;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

Nanoseconds read(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

constexpr int steps_of_a_look = 16;  // a millisecond; reading the clocks takes less than a microsecond

}  // namespace

void stand_back(int nice) {
  if (nice > 0) ::setpriority(PRIO_PROCESS, 0, std::min(19, ::getpriority(PRIO_PROCESS, 0) + nice));
  take_turns(SCHED_OTHER);
}

bool Patience::passed(Nanoseconds wall, Nanoseconds ran) {
  wall_ += wall;
  ran_ += ran;
  if (wall_ < (stands_back_ ? looks : takes)) return false;
  const bool starves = ran_ * 2 < wall_, before = stands_back_;
  stands_back_ = !stands_back_ || !starves;
  forget();
  return stands_back_ != before;
}

StandingBack::StandingBack(int nice) : yields_(nice > 0) {
  stand_back(nice);
  if (yields_) take_turns(SCHED_IDLE);
  begin_window();
}

void StandingBack::begin_window() {
  steps_ = 0;
  if (!yields_) return;
  wall_ = read(CLOCK_MONOTONIC);
  ran_ = read(CLOCK_THREAD_CPUTIME_ID);
}

void StandingBack::after_step() {
  if (!yields_ || ++steps_ < steps_of_a_look) return;
  const Nanoseconds wall = wall_, ran = ran_;
  begin_window();
  if (patience_.passed(wall_ - wall, ran_ - ran))
    take_turns(patience_.stands_back() ? SCHED_IDLE : SCHED_OTHER);
}

void StandingBack::had_nothing_to_do() {
  patience_.forget();
  begin_window();
}

}  // namespace durward::adapters
