#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/random.h"

// What a caller knows of the servers of an upstream, as values without threads and sockets.
namespace durward::http {

// From 0 to below - 1, to spread load: not for secrets.
uint64_t draw(Random& random, uint64_t below);

// Which servers are worth asking. A failure ejects a server for a while, a second one for twice as long; when
// the time is over one request may try it. Not thread-safe.
class OriginHealth {
 public:
  using Time = std::chrono::steady_clock::time_point;
  OriginHealth(size_t count, Milliseconds eject_min, Milliseconds eject_max)
      : states_(count), min_(eject_min), max_(eject_max) {}

  // Of two random healthy servers that are not in `tried`, the one that said it is free earlier, else the one
  // that this caller asks less; without a healthy one, the one whose ejection ends first. Nothing when all
  // were tried. Counts the request as under way.
  std::optional<size_t> choose(const std::vector<bool>& tried, Time now, Random& random);
  void succeeded(size_t i);  // answered, whatever it said
  void failed(size_t i, Time now, Random& random);
  void gave_up(size_t i) { --states_[i].under_way; }  // it says nothing about the server
  // What comes to it now waits so long. Without news a backlog shrinks as time goes by.
  void has_backlog(size_t i, Milliseconds backlog, Time now) { states_[i].free_at = now + backlog; }
  bool is_ejected(size_t i, Time now) const { return states_[i].until > now; }
  size_t under_way(size_t i) const { return states_[i].under_way; }

 private:
  struct State {
    size_t under_way = 0;
    Time until{}, free_at{};
    int failures = 0;  // in a row
  };
  bool is_better(const State& a, const State& b, Time now) const;
  std::vector<State> states_;
  const Milliseconds min_, max_;
};

// Second tries are a share of first ones, so that a service in trouble is not asked more than one that is
// well.
class RetryBudget {
 public:
  RetryBudget(double share, double reserve) : share_(share), reserve_(reserve), left_(reserve) {}
  void first_try() { left_ = std::min(left_ + share_, reserve_); }
  bool second_try() { return left_ >= 1 && (left_ -= 1, true); }

 private:
  const double share_, reserve_;
  double left_;
};

// How long answers took lately: the 95th of a hundred, of the last 128. Not thread-safe.
class AnswerTimes {
 public:
  void add(Milliseconds time);
  std::optional<Milliseconds> p95() const { return p95_; }  // nothing before 32 answers

 private:
  static constexpr size_t every = 16;  // answers, p95_ is computed anew
  std::array<int32_t, 128> times_{};
  size_t count_ = 0;
  std::optional<Milliseconds> p95_;
};

}  // namespace durward::http
