#pragma once
#include <array>
#include <list>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "ports/limiter.h"

namespace durward::adapters {

// What this process decided alone about a bucket and the fleet has not heard: units worth `debt_us`, on top
// of a bucket that was paid off at `base_us`. `now_us` is the time of the latest of these decisions.
struct Untold {
  int64_t base_us = 0, debt_us = 0, now_us = 0;
};

// Counters of this process. Beyond `keys_max` keys the one that was not used for the longest time goes, as if
// it had never been used: memory is bounded under a flood of new keys, so keys of which clients can make as
// many as they like belong into an object of their own. Full buckets cost nothing for long.
class MemoryLimiter : public ports::Limiter {
 public:
  explicit MemoryLimiter(size_t keys_max = 200'000) : shard_max_(std::max<size_t>(keys_max / shards, 1)) {}

  Async<ports::Allowance> take(std::string key, ports::Rate rate, TimePoint now, int64_t units = 1) override;
  Async<> forget(std::string key) override;
  // The same without a coroutine, for callers that know they have no shared counters.
  ports::Allowance take_now(const std::string& key, ports::Rate rate, TimePoint now, int64_t units = 1);
  void forget_now(const std::string& key);
  size_t size() const;
  uint64_t evicted() const;  // keys that went although their bucket was not full

  // For who tells the fleet (fallback_limiter.h). `epoch` numbers the times at which the fleet may have lost
  // its counters: what was learnt in another epoch counts as not heard.
  //
  // Takes what is untold out; who fails to tell it puts it back.
  std::optional<Untold> lend(const std::string& key, int64_t epoch);
  void take_back(const std::string& key, const Untold& untold);
  // The fleet's counter, which holds all that was lent. Decisions made here since then are added.
  void learn(const std::string& key, int64_t paid_at_us, int64_t now_us, int64_t epoch);
  // As lend, for one teller a key at a time: nothing while there is one, and nothing ends it.
  std::optional<Untold> begin_telling(const std::string& key, int64_t epoch);
  std::optional<Untold> go_on_telling(const std::string& key, int64_t epoch);
  void end_telling(const std::string& key);

 private:
  static constexpr size_t shards = 8;
  struct Entry {
    std::list<std::string>::iterator place;
    int64_t paid_at_us = 0, debt_us = 0, now_us = 0;
    int64_t epoch = -1;  // of the last answer of the fleet
    bool telling = false;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<std::string> order;  // the key used last is first
    std::unordered_map<std::string_view, Entry> entries;
    size_t clean_at = 512;
    uint64_t evicted = 0;

    Entry* find(const std::string& key);
    Entry& touch(const std::string& key, int64_t now_us, size_t max);
    void erase(Entry& entry);
    void make_room(int64_t now_us, size_t max);
    std::optional<Untold> lend(Entry* entry, int64_t epoch);
  };
  Shard& shard_of(const std::string& key) { return shards_[std::hash<std::string_view>()(key) % shards]; }

  const size_t shard_max_;
  std::array<Shard, shards> shards_;
};

}  // namespace durward::adapters
