#pragma once
#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "base/random.h"

namespace durward {

// Growing 63-bit keys for rows, made outside of the database so that one commit can hold rows that name each
// other: 41 bits of milliseconds since 2024, 10 bits of node drawn at start, 12 bits of counter. Growing keys
// keep inserts at the end of every index. Thread-safe. Never reuses a value within a process, also when the
// clock steps back.
class Sequence {
 public:
  Sequence(const Clock& clock, Random& random) : clock_(clock) {
    uint8_t bytes[2];
    random.fill(bytes);
    node_ = (int64_t(bytes[0]) << 8 | bytes[1]) & 0x3ff;
  }
  int64_t next() {
    const int64_t now = (to_unix_ms(clock_.now()) - epoch_ms)
                        << 12;  // time and counter; the node is put between
    int64_t last = last_.load(std::memory_order_relaxed), mine;
    do mine = now > last ? now : last + 1;
    while (!last_.compare_exchange_weak(last, mine, std::memory_order_relaxed));
    return (mine >> 12) << 22 | node_ << 12 | (mine & 0xfff);
  }

 private:
  static constexpr int64_t epoch_ms = 1704067200000;
  const Clock& clock_;
  int64_t node_;
  std::atomic<int64_t> last_{0};
};

}  // namespace durward
