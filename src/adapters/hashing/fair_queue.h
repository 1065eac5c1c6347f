#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>

#include "domain/tenant.h"

namespace durward::adapters {

// Work that waits, bounded, given out so that each tenant gets the same share of it however much the others
// have waiting (weighted fair queueing: a tenant that was given work stands back by what it costs). Of one
// tenant first come, first served. Owns nothing. Not thread-safe.
class FairQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Waiter {
    domain::TenantId tenant;
    uint64_t work = 1;  // what it costs, in a unit that all waiters share
    Time end{};         // an answer after it is worth nothing
  };

  explicit FairQueue(size_t max) : max_(max) {}

  size_t size() const { return size_; }
  uint64_t work() const { return work_; }
  bool is_full() const { return size_ >= max_; }
  // A tenant may have as many waiting as there are places left. Alone it fills half of the queue, and nobody
  // who comes finds it full because of another.
  bool may_wait(domain::TenantId tenant) const;
  // The work that would be given out before a waiter that this tenant adds now.
  uint64_t work_before(domain::TenantId tenant) const;

  void push(Waiter& waiter);
  Waiter* pop();  // whose turn it is; null when nobody waits. Counts as given out
  // Takes out one that would be done after its end, when a unit of work takes so long; its tenant does not
  // stand back for it. Null when there is none.
  Waiter* pop_expired(Time now, double seconds_of_a_unit = 0);

 private:
  struct Line {
    std::deque<Waiter*> waiters;
    uint64_t work = 0;
    uint64_t turn = 0;  // of the first waiter: the line with the smallest is next
  };
  using Lines = std::map<domain::TenantId, Line>;
  Waiter* take_first(Line& line);
  void move_on(uint64_t work);

  const size_t max_;
  size_t size_ = 0;
  uint64_t work_ = 0;
  uint64_t turn_ = 0;  // of who comes now: grows with the work given out, divided by those who wait for it
  Lines lines_;
};

}  // namespace durward::adapters
