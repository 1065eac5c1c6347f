#include "adapters/hashing/stand_back.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

// A woken thread does not wait for the end of another's turn when its own is shorter.
void take_long_turns() {
  Attributes attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.policy != SCHED_OTHER && attributes.policy != SCHED_BATCH)
    return;  // the operator knows better
  attributes.runtime = longest_turn_ns;
  attributes.flags = 0;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

void stand_back(int nice) {
  if (nice > 0) ::setpriority(PRIO_PROCESS, 0, std::min(19, ::getpriority(PRIO_PROCESS, 0) + nice));
  take_long_turns();
}

}  // namespace durward::adapters
