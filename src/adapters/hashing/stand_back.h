#pragma once
#include <chrono>

namespace durward::adapters {

using Nanoseconds = std::chrono::nanoseconds;

// For a thread that computes for long: adds to the calling thread's nice value, and asks for long turns in
// place of frequent ones, so that a thread that wakes up to answer somebody gets the processor at once
// (Linux 6.12 and later; before, nice alone). Needs no privilege. On Linux both are a thread's own
// (sched(7)).
void stand_back(int nice);

// When a thread that stands back wholly (it runs only when nobody else wants the processor) has to take its
// share again, because the host is so busy that it would get next to nothing. Pure.
class Patience {
 public:
  static constexpr Nanoseconds looks{50'000'000};     // at so much of the past
  static constexpr Nanoseconds takes{2'000'000'000};  // its share for so long, then it stands back again

  bool stands_back() const { return stands_back_; }
  // So much time passed, of which the thread had the processor for `ran`. True when stands_back() changed.
  bool passed(Nanoseconds wall, Nanoseconds ran);
  void forget() { wall_ = ran_ = {}; }  // the thread had nothing to do

 private:
  bool stands_back_ = true;
  Nanoseconds wall_{}, ran_{};
};

// stand_back() for a thread that works in steps, and beyond it: the thread runs in the scheduler's idle
// class, whose threads count as none where a waking thread looks for a free processor, as long as Patience
// lasts. `nice` 0: there is nobody to stand back for, only the long turns. Of one thread, made by itself.
class StandingBack {
 public:
  explicit StandingBack(int nice);
  void after_step();
  void had_nothing_to_do();

 private:
  void begin_window();
  const bool yields_;
  Patience patience_;
  int steps_ = 0;
  Nanoseconds wall_{}, ran_{};  // when the window began
};

}  // namespace durward::adapters
