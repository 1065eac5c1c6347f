#include "adapters/memory/memory_limiter.h"

namespace durward::adapters {

MemoryLimiter::Entry* MemoryLimiter::Shard::find(const std::string& key) {
  const auto found = entries.find(key);
  return found == entries.end() ? nullptr : &found->second;
}

void MemoryLimiter::Shard::erase(Entry& entry) {
  const auto place = entry.place;
  entries.erase(*place);
  order.erase(place);
}

// What is paid off is as good as never used. It goes first, in sweeps that come at twice the size the last
// one left.
void MemoryLimiter::Shard::make_room(int64_t now_us, size_t max) {
  if (entries.size() >= clean_at || entries.size() >= max) {
    for (auto key = order.begin(); key != order.end();) {
      const auto entry = entries.find(*key);
      ++key;
      if (entry->second.paid_at_us <= now_us) erase(entry->second);
    }
    clean_at = std::max<size_t>(512, 2 * entries.size());
  }
  // A tenth at once, so that a flood does not sweep for every key.
  if (entries.size() < max) return;
  for (size_t n = std::max<size_t>(max / 10, 1); n > 0 && !order.empty(); --n, ++evicted)
    erase(entries.find(order.back())->second);
}

MemoryLimiter::Entry& MemoryLimiter::Shard::touch(const std::string& key, int64_t now_us, size_t max) {
  if (Entry* known = find(key)) {
    order.splice(order.begin(), order, known->place);
    return *known;
  }
  make_room(now_us, max);
  order.push_front(key);
  Entry& made = entries[order.front()];
  made.place = order.begin();
  return made;
}

std::optional<Untold> MemoryLimiter::Shard::lend(Entry* entry, int64_t epoch) {
  if (!entry || (entry->debt_us == 0 && entry->epoch == epoch)) return {};
  return Untold{entry->paid_at_us - entry->debt_us, std::exchange(entry->debt_us, 0), entry->now_us};
}

Async<ports::Allowance> MemoryLimiter::take(std::string key, ports::Rate rate, TimePoint now, int64_t units) {
  co_return take_now(key, rate, now, units);
}

ports::Allowance MemoryLimiter::take_now(const std::string& key, ports::Rate rate, TimePoint now,
                                         int64_t units) {
  const int64_t now_us = to_unix_ms(now) * 1000;
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  if (units <= 0 && !shard.find(key)) return ports::allowance(rate, true, now_us, now_us, units);
  Entry& entry = shard.touch(key, now_us, shard_max_);
  if (entry.paid_at_us <= now_us) {
    entry.paid_at_us = now_us;
    entry.debt_us = 0;  // paid off, so nobody needs to hear of it
  }
  const int64_t after = std::max(entry.paid_at_us + units * ports::unit_us(rate), now_us);
  const bool allowed = units <= 0 || after <= now_us + ports::burst_us(rate);
  if (allowed) entry.debt_us += after - std::exchange(entry.paid_at_us, after);
  entry.now_us = now_us;
  return ports::allowance(rate, allowed, entry.paid_at_us, now_us, units);
}

Async<> MemoryLimiter::forget(std::string key) {
  forget_now(key);
  co_return Result<>();
}

void MemoryLimiter::forget_now(const std::string& key) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  if (Entry* entry = shard.find(key)) shard.erase(*entry);
}

size_t MemoryLimiter::size() const {
  size_t out = 0;
  for (const auto& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    out += shard.entries.size();
  }
  return out;
}

uint64_t MemoryLimiter::evicted() const {
  uint64_t out = 0;
  for (const auto& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    out += shard.evicted;
  }
  return out;
}

std::optional<Untold> MemoryLimiter::lend(const std::string& key, int64_t epoch) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  return shard.lend(shard.find(key), epoch);
}

void MemoryLimiter::take_back(const std::string& key, const Untold& untold) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  if (Entry* entry = shard.find(key)) entry->debt_us += untold.debt_us;
}

void MemoryLimiter::learn(const std::string& key, int64_t paid_at_us, int64_t now_us, int64_t epoch) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  Entry* entry = shard.find(key);
  if (!entry && paid_at_us <= now_us) return;
  if (!entry) entry = &shard.touch(key, now_us, shard_max_);
  entry->paid_at_us = std::max(paid_at_us, now_us) + entry->debt_us;
  entry->epoch = epoch;
}

std::optional<Untold> MemoryLimiter::begin_telling(const std::string& key, int64_t epoch) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  Entry* entry = shard.find(key);
  if (!entry || entry->telling) return {};
  const auto out = shard.lend(entry, epoch);
  entry->telling = out.has_value();
  return out;
}

std::optional<Untold> MemoryLimiter::go_on_telling(const std::string& key, int64_t epoch) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  Entry* entry = shard.find(key);
  if (!entry) return {};
  const auto out = shard.lend(entry, epoch);
  entry->telling = out.has_value();
  return out;
}

void MemoryLimiter::end_telling(const std::string& key) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  if (Entry* entry = shard.find(key)) entry->telling = false;
}

}  // namespace durward::adapters
