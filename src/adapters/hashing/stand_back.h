#pragma once

namespace durward::adapters {

// For a thread that computes for long: adds to the calling thread's nice value, and asks for long turns in
// place of frequent ones, so that a thread that wakes up to answer somebody gets the processor at once
// (Linux 6.12 and later; before, nice alone). Needs no privilege. On Linux both are a thread's own
// (sched(7)).
void stand_back(int nice);

}  // namespace durward::adapters
