#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"

namespace durward::adapters {

enum class ConfigurationKind : uint8_t {
  tenant,
  only_tenant,
  settings,
  branding,
  client,
  resource_server,
  client_grant,
  connection,
  connections_of,
  keys,
  attack_protection,
  entitlements,
  flags,
  scripts,
  notification_providers,
  event_streams
};

// Names a value without owning its text, so that a hit allocates nothing.
struct ValueKey {
  int64_t tenant = 0;
  ConfigurationKind kind{};
  std::array<std::string_view, 3> parts{};
  bool operator==(const ValueKey&) const = default;
};

using CachedValue = std::shared_ptr<const void>;

// Values of tenants with their generations: raising a tenant's generation makes all its values old at once. A
// load that began before does not bring an old value back. All of a tenant is in one shard, so a hit takes
// one lock; names of tenants (tenant 0) are spread over all shards. Thread-safe.
class ValueCache {
 public:
  // `stale_max`: how long values serve that cannot be compared with the store, or read again.
  ValueCache(size_t entries_max, Milliseconds check_interval,
             Milliseconds stale_max = Milliseconds(3'600'000))
      : interval_(check_interval), stale_max_(stale_max) {
    shard_max_ = std::max<size_t>(1, entries_max / shards_.size());
  }

  // What is there and may be used at `now`; a null pointer inside is a remembered absence.
  std::optional<CachedValue> find(const ValueKey& key, TimePoint now);
  void invalidate(int64_t tenant);
  size_t size() const { return size_.load(std::memory_order_relaxed); }

  // One piece of work that others wait for: a load, or the comparison of a version.
  struct Flight {
    std::mutex* mutex = nullptr;  // of what follows
    bool done = false;
    Result<CachedValue> result = fail(ErrorKind::unavailable, "temporarily_unavailable", "Try again.");
    std::vector<std::function<void()>> waiters;
  };
  struct Ticket {
    std::shared_ptr<Flight> flight;
    bool is_pilot = false;  // does the work and lands it; everybody else waits
    uint64_t generation = 0;
  };

  // Whether the tenant's version must be compared first (nullopt: no; `due`: whenever it was compared last),
  // and its end. A version other than the one before makes the tenant's values old.
  std::optional<Ticket> begin_check(int64_t tenant, TimePoint now, bool due = false);
  std::shared_ptr<Flight> check_under_way(int64_t tenant) const;
  // Without a version, because it could not be read, what is known stays, until stale_max is over; then
  // `begun` is when that was clear, so that not every request waits for a store that is away.
  void end_check(int64_t tenant, const Ticket& ticket, std::optional<int64_t> version, TimePoint begun);

  // With `now`, a value that somebody else has landed since the caller missed it is a flight that has landed.
  Ticket begin_load(const ValueKey& key, std::optional<TimePoint> now = {});
  // Keeps the value unless the tenant changed meanwhile; `expires` for values no version covers.
  // `read_at`: when it came from the store.
  void end_load(const ValueKey& key, const Ticket& ticket, Result<CachedValue> result,
                std::optional<TimePoint> expires, std::optional<TimePoint> read_at = {});
  // For a load that fails because the store is away: what was known to be true within stale_max. Something of
  // the tenant may have changed since, as it may have unnoticed just before the store went away.
  std::optional<CachedValue> last_known(const ValueKey& key, TimePoint now);
  // Suspends until the flight has landed.
  static Task<> wait(std::shared_ptr<Flight> flight);

 private:
  struct OwnedKey {
    int64_t tenant;
    ConfigurationKind kind;
    std::array<std::string, 3> parts;
    explicit OwnedKey(const ValueKey& key);
    ValueKey view() const { return {tenant, kind, {parts[0], parts[1], parts[2]}}; }
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const ValueKey& key) const;
    size_t operator()(const OwnedKey& key) const { return (*this)(key.view()); }
  };
  struct Equal {
    using is_transparent = void;
    static const ValueKey& view(const ValueKey& key) { return key; }
    static ValueKey view(const OwnedKey& key) { return key.view(); }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return view(a) == view(b);
    }
  };
  struct Entry {
    CachedValue value;
    bool loaded = false;
    uint64_t generation = 0;
    std::optional<TimePoint> expires;
    std::optional<TimePoint> true_at;  // when the store last said so, by reading or by its version
    std::shared_ptr<Flight> flight;
    std::list<const OwnedKey*>::iterator age;
  };
  struct Tenant {
    uint64_t generation = 0;
    size_t entries = 0;
    std::optional<int64_t> version;
    std::optional<TimePoint> checked_at, compared_at;  // the second: with success
    std::shared_ptr<Flight> check;
  };
  static bool is_valid(const Entry& entry, const Tenant& tenant, TimePoint now) {
    return entry.loaded && entry.generation == tenant.generation && !(entry.expires && now >= *entry.expires);
  }
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<OwnedKey, Entry, Hash, Equal> entries;
    std::list<const OwnedKey*> ages;  // most recently used first
    std::unordered_map<int64_t, Tenant> tenants;
  };
  const Shard& shard(int64_t tenant) const { return shards_[size_t(tenant) % shards_.size()]; }
  Shard& shard(int64_t tenant) { return shards_[size_t(tenant) % shards_.size()]; }
  Shard& shard(const ValueKey& key) {
    return key.tenant ? shard(key.tenant) : shards_[Hash()(key) % shards_.size()];
  }
  void invalidate_in(Shard& shard, int64_t tenant);
  static std::shared_ptr<Flight> flight_in(Shard& shard);
  Tenant& tenant_in(Shard& shard, int64_t tenant);
  Entry& entry_in(Shard& shard, const ValueKey& key, Tenant& tenant);
  void evict(Shard& shard);
  static std::vector<std::function<void()>> land(Flight& flight, Result<CachedValue> result);

  const Milliseconds interval_, stale_max_;
  size_t shard_max_;
  std::atomic<uint64_t> next_generation_{1};
  std::atomic<size_t> size_{0};
  std::array<Shard, 16> shards_;
};

}  // namespace durward::adapters
