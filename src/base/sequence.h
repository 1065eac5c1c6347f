#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>

#include "base/clock.h"
#include "base/random.h"

namespace durward {

// What only infrastructure that is away can cause, where no error can be returned: whoever catches it answers
// that it may be tried again.
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Growing 63-bit keys for rows, made outside of the database so that one commit can hold rows that name each
// other: 41 bits of milliseconds since 2024, 10 bits of node, 12 bits of counter. Growing keys keep inserts
// at the end of every index. Thread-safe. Never reuses a value within a process, also when the clock steps
// back.
//
// Processes that write to one database have different nodes, or the same one in times that do not overlap
// (adopt): then no two of them make the same key.
class Sequence {
 public:
  // With a node drawn at random and for ever: for who is alone with its rows.
  Sequence(const Clock& clock, Random& random) : clock_(clock) {
    uint8_t bytes[2];
    random.fill(bytes);
    last_ = ((int64_t(bytes[0]) << 8 | bytes[1]) << node_shift) & node_mask;
  }
  // Has no node until it adopts one.
  explicit Sequence(const Clock& clock) : clock_(clock), until_(0) {}

  // Throws Unavailable when the time of the node is over and nobody brings a new one (when_over).
  int64_t next() {
    int64_t last = last_.load(std::memory_order_acquire), mine;
    for (;;) {
      mine = std::max(now() << time_shift | (last & node_mask), after(last));
      // Read after `last_`, which adopt() changes first: a key of the old node never gets the new one's time.
      if ((mine >> time_shift) >= until_.load(std::memory_order_acquire)) {
        wait_for_more();
        last = last_.load(std::memory_order_acquire);
      } else if (last_.compare_exchange_weak(last, mine, std::memory_order_acq_rel)) {
        return mine;
      }
    }
  }

  // From now on keys carry `node` (0 to 1023) and times from `from` to before `until`. One caller at a time.
  void adopt(int64_t node, TimePoint from, TimePoint until) {
    const int64_t start = std::max(time_of(from), (last_.load() >> time_shift) + 1);
    last_.store((start - 1) << time_shift | node << node_shift | counter_mask, std::memory_order_release);
    extend(until);
  }
  void extend(TimePoint until) { until_.store(time_of(until), std::memory_order_release); }
  // No key carries this time or a later one so far.
  TimePoint unused_from() const { return from_unix_ms((last_.load() >> time_shift) + 1 + epoch_ms); }
  // What next() calls, on any thread, when the time is over: blocks until there is more, or says that there
  // is none. Set before the first key is made.
  void when_over(std::function<bool()> wait) { wait_ = std::move(wait); }

 private:
  static constexpr int64_t epoch_ms = 1704067200000;
  static constexpr int node_shift = 12, time_shift = 22;
  static constexpr int64_t counter_mask = 0xfff, node_mask = 0x3ff << node_shift;

  static int64_t time_of(TimePoint at) { return std::max<int64_t>(0, to_unix_ms(at) - epoch_ms); }
  int64_t now() const { return time_of(clock_.now()); }
  static int64_t after(int64_t key) {
    if ((key & counter_mask) != counter_mask) return key + 1;
    return ((key >> time_shift) + 1) << time_shift | (key & node_mask);
  }
  void wait_for_more() {
    if (!wait_ || !wait_()) throw Unavailable("no node number for new keys: the store is away");
  }

  const Clock& clock_;
  std::atomic<int64_t> last_{0};  // time, node and counter
  std::atomic<int64_t> until_{INT64_MAX >> time_shift};
  std::function<bool()> wait_;
};

}  // namespace durward
