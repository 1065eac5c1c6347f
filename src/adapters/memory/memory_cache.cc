#include "adapters/memory/memory_cache.h"

namespace durward::adapters {

void MemoryCache::erase(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  ends_.erase(found->second.end);
  entries_.erase(found);
}

void MemoryCache::forget_ended() {
  const TimePoint now = clock_.now();
  while (!ends_.empty() && ends_.begin()->first <= now) erase(std::string(ends_.begin()->second));
}

void MemoryCache::store(const std::string& key, std::string value, TimePoint end) {
  erase(key);
  if (entries_.size() >= max_ && !ends_.empty()) erase(std::string(ends_.begin()->second));
  entries_.emplace(key, Entry{std::move(value), ends_.emplace(end, key)});
}

Async<std::optional<std::string>> MemoryCache::get(std::string key) {
  std::lock_guard lock(mutex_);
  forget_ended();
  const auto found = entries_.find(key);
  if (found == entries_.end()) co_return std::nullopt;
  co_return found->second.value;
}

Async<> MemoryCache::put(std::string key, std::string value, Milliseconds life) {
  if (value.size() > ports::short_value_max)
    co_return fail(ErrorKind::invalid, "too_large", "The value is too large to keep.");
  std::lock_guard lock(mutex_);
  forget_ended();
  store(key, std::move(value), clock_.now() + life);
  co_return Result<>();
}

Async<bool> MemoryCache::put_if_absent(std::string key, std::string value, Milliseconds life) {
  if (value.size() > ports::short_value_max)
    co_return fail(ErrorKind::invalid, "too_large", "The value is too large to keep.");
  std::lock_guard lock(mutex_);
  forget_ended();
  if (entries_.contains(key)) co_return false;
  store(key, std::move(value), clock_.now() + life);
  co_return true;
}

Async<> MemoryCache::remove(std::string key) {
  std::lock_guard lock(mutex_);
  erase(key);
  co_return Result<>();
}

Async<std::optional<ports::Lock>> MemoryLocks::acquire(std::string name, std::string owner,
                                                       Milliseconds life) {
  std::lock_guard lock(mutex_);
  const TimePoint now = clock_.now();
  Held& held = held_[name];
  if (!held.owner.empty() && held.until > now) co_return std::nullopt;
  held = {owner, now + life};
  co_return ports::Lock{std::move(name), std::move(owner), ++fence_};
}

Async<bool> MemoryLocks::extend(ports::Lock lock, Milliseconds life) {
  std::lock_guard guard(mutex_);
  const auto found = held_.find(lock.name);
  const TimePoint now = clock_.now();
  if (found == held_.end() || found->second.owner != lock.owner || found->second.until <= now)
    co_return false;
  found->second.until = now + life;
  co_return true;
}

Async<> MemoryLocks::release(ports::Lock lock) {
  std::lock_guard guard(mutex_);
  const auto found = held_.find(lock.name);
  if (found != held_.end() && found->second.owner == lock.owner) held_.erase(found);
  co_return Result<>();
}

}  // namespace durward::adapters
