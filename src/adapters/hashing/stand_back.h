#pragma once
#include <sys/resource.h>

#include <algorithm>

namespace durward::adapters {

// Adds to the nice value of the calling thread: on Linux it is a thread's own (sched(7)).
inline void stand_back(int nice) {
  if (nice > 0) ::setpriority(PRIO_PROCESS, 0, std::min(19, ::getpriority(PRIO_PROCESS, 0) + nice));
}

}  // namespace durward::adapters
