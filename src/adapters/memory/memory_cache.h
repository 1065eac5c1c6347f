#pragma once
#include <map>
#include <mutex>
#include <unordered_map>

#include "ports/locks.h"
#include "ports/short_cache.h"

namespace durward::adapters {

// Short values of this process: at most `entries_max`; beyond it the one that ends first goes.
class MemoryCache : public ports::ShortCache {
 public:
  explicit MemoryCache(const Clock& clock, size_t entries_max = 10'000) : clock_(clock), max_(entries_max) {}
  Async<std::optional<std::string>> get(std::string key) override;
  Async<> put(std::string key, std::string value, Milliseconds life) override;
  Async<bool> put_if_absent(std::string key, std::string value, Milliseconds life) override;
  Async<> remove(std::string key) override;

 private:
  struct Entry {
    std::string value;
    std::multimap<TimePoint, std::string>::iterator end;
  };
  void forget_ended();
  void store(const std::string& key, std::string value, TimePoint end);
  void erase(const std::string& key);

  const Clock& clock_;
  const size_t max_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::multimap<TimePoint, std::string> ends_;
};

// Locks between the threads of this process.
class MemoryLocks : public ports::Locks {
 public:
  explicit MemoryLocks(const Clock& clock) : clock_(clock) {}
  Async<std::optional<ports::Lock>> acquire(std::string name, std::string owner, Milliseconds life) override;
  Async<bool> extend(ports::Lock lock, Milliseconds life) override;
  Async<> release(ports::Lock lock) override;

 private:
  struct Held {
    std::string owner;
    TimePoint until;
  };
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Held> held_;  // names are few and written in the program
  int64_t fence_ = 0;
};

}  // namespace durward::adapters
