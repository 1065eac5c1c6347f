#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/task.h"

namespace durward::adapters {

// Work that goes on in the background: a round is made at the start, when woken, and after each pause, on one
// thread with an executor of its own. A failing round is logged and tried again after a pause that grows to
// `longest_pause`.
class Rounds {
 public:
  // True: there is more, go on at once.
  using Round = std::function<Async<bool>()>;
  struct Options {
    std::string name;  // of the thread, at most 15 characters
    Milliseconds pause{1000};
    Milliseconds longest_pause{1000};  // after failures, where `pause` is shorter
  };

  Rounds(Options options, Round round);
  ~Rounds();  // stops

  void start();
  // Ends after the round under way; idempotent. `hurry` is called until it has ended, for a round that waits.
  void stop(const std::function<void()>& hurry = [] {});
  bool is_stopping() const;
  // For listeners that may outlive the rounds; from any thread.
  std::function<void()> waker();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace durward::adapters
