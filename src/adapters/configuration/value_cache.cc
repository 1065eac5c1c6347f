#include "adapters/configuration/value_cache.h"

namespace durward::adapters {

ValueCache::OwnedKey::OwnedKey(const ValueKey& key)
    : tenant(key.tenant),
      kind(key.kind),
      parts{std::string(key.parts[0]), std::string(key.parts[1]), std::string(key.parts[2])} {}

size_t ValueCache::Hash::operator()(const ValueKey& key) const {
  size_t hash = size_t(key.tenant) * 31 + size_t(key.kind);
  for (const auto part : key.parts)
    hash = (hash ^ std::hash<std::string_view>()(part)) * size_t(0x9E3779B97F4A7C15ull);
  return hash;
}

std::optional<CachedValue> ValueCache::find(const ValueKey& key, TimePoint now) {
  Shard& s = shard(key);
  std::lock_guard lock(s.mutex);
  const auto tenant = s.tenants.find(key.tenant);
  if (tenant == s.tenants.end()) return {};
  const bool covered = key.tenant != 0;
  if (covered && (!tenant->second.checked_at || now - *tenant->second.checked_at >= interval_)) return {};
  const auto it = s.entries.find(key);
  if (it == s.entries.end()) return {};
  Entry& e = it->second;
  if (!is_valid(e, tenant->second, now)) return {};
  s.ages.splice(s.ages.begin(), s.ages, e.age);
  if (covered && tenant->second.compared_at > e.true_at) e.true_at = tenant->second.compared_at;
  return e.value;
}

void ValueCache::invalidate(int64_t tenant) {
  if (tenant) return invalidate_in(shard(tenant), tenant);
  for (Shard& s : shards_) invalidate_in(s, tenant);
}

void ValueCache::invalidate_in(Shard& s, int64_t tenant) {
  std::lock_guard lock(s.mutex);
  if (const auto it = s.tenants.find(tenant); it != s.tenants.end())
    it->second.generation = next_generation_.fetch_add(1);
}

ValueCache::Tenant& ValueCache::tenant_in(Shard& s, int64_t tenant) {
  const auto [it, added] = s.tenants.try_emplace(tenant);
  if (added) it->second.generation = next_generation_.fetch_add(1);
  return it->second;
}

ValueCache::Entry& ValueCache::entry_in(Shard& s, const ValueKey& key, Tenant& tenant) {
  if (const auto it = s.entries.find(key); it != s.entries.end()) return it->second;
  const auto it = s.entries.try_emplace(OwnedKey(key)).first;
  it->second.age = s.ages.insert(s.ages.begin(), &it->first);
  ++tenant.entries;
  size_.fetch_add(1, std::memory_order_relaxed);
  return it->second;
}

// A flight whose entry went away still lands for those who wait; its value is just not kept.
void ValueCache::evict(Shard& s) {
  while (s.entries.size() > shard_max_) {
    const auto oldest = s.entries.find(*s.ages.back());
    const auto tenant = s.tenants.find(oldest->first.tenant);
    s.ages.pop_back();
    if (--tenant->second.entries == 0 && !tenant->second.check) s.tenants.erase(tenant);
    s.entries.erase(oldest);
    size_.fetch_sub(1, std::memory_order_relaxed);
  }
}

std::optional<ValueCache::Ticket> ValueCache::begin_check(int64_t id, TimePoint now, bool due) {
  if (id == 0) return {};
  Shard& s = shard(id);
  std::lock_guard lock(s.mutex);
  Tenant& tenant = tenant_in(s, id);
  if (!due && tenant.checked_at && now - *tenant.checked_at < interval_) return {};
  const bool pilot = tenant.check == nullptr;
  if (pilot) tenant.check = flight_in(s);
  return Ticket{tenant.check, pilot, tenant.generation};
}

std::shared_ptr<ValueCache::Flight> ValueCache::check_under_way(int64_t id) const {
  const Shard& s = shard(id);
  std::lock_guard lock(s.mutex);
  const auto tenant = s.tenants.find(id);
  return tenant == s.tenants.end() ? nullptr : tenant->second.check;
}

void ValueCache::end_check(int64_t id, const Ticket& ticket, std::optional<int64_t> version,
                           TimePoint begun) {
  std::vector<std::function<void()>> waiters;
  {
    Shard& s = shard(id);
    std::lock_guard lock(s.mutex);
    Tenant& tenant = tenant_in(s, id);
    if (version && version != tenant.version) {
      if (tenant.version) tenant.generation = next_generation_.fetch_add(1);
      tenant.version = version;
    }
    if (version) tenant.compared_at = begun;
    const bool too_old = !tenant.compared_at || begun - *tenant.compared_at >= stale_max_;
    if (!version && too_old) tenant.generation = next_generation_.fetch_add(1);
    tenant.checked_at = begun;
    if (tenant.check == ticket.flight) tenant.check = nullptr;
    waiters = land(*ticket.flight, CachedValue());
  }
  for (auto& resume : waiters) resume();
}

ValueCache::Ticket ValueCache::begin_load(const ValueKey& key, std::optional<TimePoint> now) {
  Shard& s = shard(key);
  std::lock_guard lock(s.mutex);
  Tenant& tenant = tenant_in(s, key.tenant);
  Entry& e = entry_in(s, key, tenant);
  if (now && is_valid(e, tenant, *now)) {
    auto landed = flight_in(s);
    land(*landed, e.value);
    return {std::move(landed), false, tenant.generation};
  }
  // A load that began before the last change would give its waiters a value from before it.
  const bool pilot = e.flight == nullptr || e.generation != tenant.generation;
  if (pilot) {
    e.flight = flight_in(s);
    e.loaded = false;
    e.generation = tenant.generation;
  }
  Ticket ticket{e.flight, pilot, tenant.generation};
  evict(s);
  return ticket;
}

void ValueCache::end_load(const ValueKey& key, const Ticket& ticket, Result<CachedValue> result,
                          std::optional<TimePoint> expires, std::optional<TimePoint> read_at) {
  std::vector<std::function<void()>> waiters;
  {
    Shard& s = shard(key);
    std::lock_guard lock(s.mutex);
    if (const auto it = s.entries.find(key); it != s.entries.end() && it->second.flight == ticket.flight) {
      Entry& e = it->second;
      e.flight = nullptr;
      e.loaded = result.has_value();
      e.expires = expires;
      if (result) e.value = *result;
      if (read_at) e.true_at = read_at;
    }
    waiters = land(*ticket.flight, std::move(result));
  }
  for (auto& resume : waiters) resume();
}

std::optional<CachedValue> ValueCache::last_known(const ValueKey& key, TimePoint now) {
  Shard& s = shard(key);
  std::lock_guard lock(s.mutex);
  const auto it = s.entries.find(key);
  if (it == s.entries.end() || !it->second.true_at || now - *it->second.true_at >= stale_max_) return {};
  return it->second.value;
}

std::vector<std::function<void()>> ValueCache::land(Flight& flight, Result<CachedValue> result) {
  flight.done = true;
  flight.result = std::move(result);
  return std::move(flight.waiters);
}

std::shared_ptr<ValueCache::Flight> ValueCache::flight_in(Shard& s) {
  auto flight = std::make_shared<Flight>();
  flight->mutex = &s.mutex;
  return flight;
}

Task<> ValueCache::wait(std::shared_ptr<Flight> flight) {
  co_await Suspend{[&flight](std::function<void()> resume) {
    {
      std::lock_guard lock(*flight->mutex);
      if (!flight->done) {
        flight->waiters.push_back(std::move(resume));
        return;
      }
    }
    resume();
  }};
}

}  // namespace durward::adapters
