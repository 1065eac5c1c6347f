#include "adapters/configuration/cached_configuration.h"

#include "adapters/configuration/loader.h"
#include "adapters/configuration/value_cache.h"

namespace durward::adapters {

using domain::TenantId;
using Kind = ConfigurationKind;

namespace {
// Lands a load or a check also when its coroutine ends by an exception or is destroyed half-way; those who
// wait then fail instead of hanging.
template <class Land>
class Landing {
 public:
  explicit Landing(Land land) : land_(std::move(land)) {}
  ~Landing() {
    if (!done_) land_(std::nullopt);
  }
  void release() { done_ = true; }  // it was landed otherwise
  template <class V>
  void finish(V value) {
    done_ = true;
    land_(std::optional(std::move(value)));
  }

 private:
  Land land_;
  bool done_ = false;
};

bool is_null(const CachedValue& value) { return value == nullptr; }
}  // namespace

struct CachedConfiguration::Impl {
  Impl(ports::Tenants& tenants_, ports::Documents& documents, ports::Vault& vault, const Clock& clock_,
       ConfigurationOptions options_, metrics::Registry& registry)
      : tenants(tenants_),
        clock(clock_),
        options(options_),
        loader(tenants_, documents, vault),
        cache(options_.entries_max, options_.check_interval, options_.stale_max),
        hits(
            registry.counter("durward_configuration_hits_total", "Configuration values found in the cache.")),
        loads(registry.counter("durward_configuration_loads_total",
                               "Configuration values read from the store.")),
        values(registry.gauge("durward_configuration_values", "Configuration values in the cache.")),
        stale(registry.counter(
            "durward_configuration_stale_total",
            "Times that configuration served which could not be compared with the store.")) {}

  template <class T>
  std::optional<Ptr<T>> find(const ValueKey& key) {
    auto value = cache.find(key, clock.now());
    if (!value) return {};
    hits.add();
    return std::static_pointer_cast<const T>(*std::move(value));
  }

  // Compares the tenant's version if that is due or `now`. A store that cannot be asked leaves what is known:
  // verifying tokens goes on while the database is away.
  Async<> compare_version(int64_t tenant, bool now = false) {
    const TimePoint begun = clock.now();
    const auto ticket = cache.begin_check(tenant, begun, now);
    if (!ticket) co_return Result<>();
    if (!ticket->is_pilot) {
      co_await ValueCache::wait(ticket->flight);
      co_return Result<>();
    }
    Landing landing([this, tenant, &ticket, begun](std::optional<std::optional<int64_t>> landed) {
      const auto version = landed.value_or(std::nullopt);
      if (!version) stale.add();
      cache.end_check(tenant, *ticket, version, version ? begun : clock.now());
    });
    auto version = co_await tenants.configuration_version({tenant});
    const bool gone = !version && version.error().kind == ErrorKind::not_found;
    landing.finish(version ? std::optional<int64_t>(*version)
                   : gone  ? std::optional<int64_t>(-1)
                           : std::nullopt);
    if (gone) cache.invalidate(0);
    co_return Result<>();
  }

  // Names of tenants have no version: an absence, and that there is one tenant only, hold for one interval.
  std::optional<TimePoint> expiry(const ValueKey& key, const CachedValue& value) const {
    if (key.tenant != 0 || (key.kind == Kind::tenant && !is_null(value))) return {};
    return clock.now() + options.check_interval;
  }

  // `load` is called at most once and only by the one request that reads for all.
  template <class T, class Load>
  Async<Ptr<T>> miss(ValueKey key, Load load) {
    CO_ENSURE(co_await compare_version(key.tenant));
    if (auto value = find<T>(key)) co_return *std::move(value);
    const auto ticket = cache.begin_load(key, clock.now());
    if (!ticket.is_pilot) {
      co_await ValueCache::wait(ticket.flight);
      CO_TRY(auto shared, Result<CachedValue>(ticket.flight->result));
      co_return std::static_pointer_cast<const T>(std::move(shared));
    }
    loads.add();
    Landing landing([this, &key, &ticket](std::optional<Result<CachedValue>> result) {
      if (!result) result.emplace(fail(ErrorKind::unavailable, "temporarily_unavailable", "Try again."));
      const auto expires = *result ? expiry(key, **result) : std::nullopt;
      const bool read = result->has_value();
      cache.end_load(key, ticket, *std::move(result), expires,
                     read ? std::optional(clock.now()) : std::nullopt);
      values.set(int64_t(cache.size()));
    });
    Result<Ptr<T>> loaded = co_await load();
    if (!loaded && loaded.error().kind == ErrorKind::unavailable) {
      if (auto known = cache.last_known(key, clock.now())) {
        stale.add();
        landing.release();
        cache.end_load(key, ticket, *known, clock.now() + options.check_interval);
        co_return std::static_pointer_cast<const T>(*std::move(known));
      }
    }
    if (loaded)
      landing.finish(Result<CachedValue>(*loaded));
    else
      landing.finish(Result<CachedValue>(std::unexpected(loaded.error())));
    co_return loaded;
  }

  ports::Tenants& tenants;
  const Clock& clock;
  const ConfigurationOptions options;
  ConfigurationLoader loader;
  ValueCache cache;
  metrics::Counter &hits, &loads;
  metrics::Gauge& values;
  metrics::Counter& stale;
};

// A comparison that is under way may have read before the change that the caller knows of; one that is begun
// by somebody else after it has not.
Async<> CachedConfiguration::catch_up(TenantId tenant) {
  if (auto underway = impl_->cache.check_under_way(tenant.value))
    co_await ValueCache::wait(std::move(underway));
  co_return co_await impl_->compare_version(tenant.value, true);
}

CachedConfiguration::CachedConfiguration(ports::Tenants& tenants, ports::Documents& documents,
                                         ports::Vault& vault, const Clock& clock,
                                         ConfigurationOptions options, metrics::Registry* registry)
    : own_registry_(registry ? nullptr : std::make_unique<metrics::Registry>()),
      impl_(std::make_unique<Impl>(tenants, documents, vault, clock, options,
                                   registry ? *registry : *own_registry_)) {}
CachedConfiguration::~CachedConfiguration() = default;

void CachedConfiguration::invalidate(TenantId tenant) { impl_->cache.invalidate(tenant.value); }

// Parameters live in the frame of the public coroutine until it is done, so keys and loads refer to them.
Async<CachedConfiguration::Ptr<domain::Tenant>> CachedConfiguration::tenant_by_name(std::string name) {
  const ValueKey key{0, Kind::tenant, {name}};
  if (auto hit = impl_->find<domain::Tenant>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::Tenant>(key, [&] { return impl_->loader.tenant_by_name(name); });
}

Async<CachedConfiguration::Ptr<domain::Tenant>> CachedConfiguration::only_tenant() {
  const ValueKey key{0, Kind::only_tenant, {}};
  if (auto hit = impl_->find<domain::Tenant>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::Tenant>(key, [&] { return impl_->loader.only_tenant(); });
}

Async<CachedConfiguration::Ptr<domain::TenantSettings>> CachedConfiguration::settings(TenantId tenant) {
  const ValueKey key{tenant.value, Kind::settings, {}};
  if (auto hit = impl_->find<domain::TenantSettings>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::TenantSettings>(key, [&] { return impl_->loader.settings(tenant); });
}

Async<CachedConfiguration::Ptr<domain::Branding>> CachedConfiguration::branding(TenantId tenant) {
  const ValueKey key{tenant.value, Kind::branding, {}};
  if (auto hit = impl_->find<domain::Branding>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::Branding>(key, [&] { return impl_->loader.branding(tenant); });
}

Async<CachedConfiguration::Ptr<domain::Client>> CachedConfiguration::client(TenantId tenant,
                                                                            std::string client_id) {
  const ValueKey key{tenant.value, Kind::client, {client_id}};
  if (auto hit = impl_->find<domain::Client>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::Client>(key,
                                                 [&] { return impl_->loader.client(tenant, client_id); });
}

Async<CachedConfiguration::Ptr<domain::ResourceServer>> CachedConfiguration::resource_server(
    TenantId tenant, std::string identifier) {
  const ValueKey key{tenant.value, Kind::resource_server, {identifier}};
  if (auto hit = impl_->find<domain::ResourceServer>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::ResourceServer>(
      key, [&] { return impl_->loader.resource_server(tenant, identifier); });
}

Async<CachedConfiguration::Ptr<domain::ClientGrant>> CachedConfiguration::client_grant(
    TenantId tenant, std::string client_id, std::string audience, std::string subject_type) {
  const ValueKey key{tenant.value, Kind::client_grant, {client_id, audience, subject_type}};
  if (auto hit = impl_->find<domain::ClientGrant>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::ClientGrant>(
      key, [&] { return impl_->loader.client_grant(tenant, client_id, audience, subject_type); });
}

Async<CachedConfiguration::Ptr<domain::Connection>> CachedConfiguration::connection_by_name(
    TenantId tenant, std::string name) {
  const ValueKey key{tenant.value, Kind::connection, {name}};
  if (auto hit = impl_->find<domain::Connection>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::Connection>(
      key, [&] { return impl_->loader.connection_by_name(tenant, name); });
}

Async<CachedConfiguration::Ptr<std::vector<domain::Connection>>> CachedConfiguration::connections_of(
    TenantId tenant, std::string client_id) {
  using All = std::vector<domain::Connection>;
  const ValueKey key{tenant.value, Kind::connections_of, {client_id}};
  if (auto hit = impl_->find<All>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<All>(key, [&] { return impl_->loader.connections_of(tenant, client_id); });
}

Async<CachedConfiguration::Ptr<domain::KeySet>> CachedConfiguration::keys(TenantId tenant) {
  const ValueKey key{tenant.value, Kind::keys, {}};
  if (auto hit = impl_->find<domain::KeySet>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::KeySet>(key, [&] { return impl_->loader.keys(tenant); });
}

Async<CachedConfiguration::Ptr<domain::AttackProtection>> CachedConfiguration::attack_protection(
    TenantId tenant) {
  const ValueKey key{tenant.value, Kind::attack_protection, {}};
  if (auto hit = impl_->find<domain::AttackProtection>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::AttackProtection>(
      key, [&] { return impl_->loader.attack_protection(tenant); });
}

Async<CachedConfiguration::Ptr<domain::Entitlements>> CachedConfiguration::entitlements(TenantId tenant) {
  const ValueKey key{tenant.value, Kind::entitlements, {}};
  if (auto hit = impl_->find<domain::Entitlements>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::Entitlements>(key,
                                                       [&] { return impl_->loader.entitlements(tenant); });
}

Async<CachedConfiguration::Ptr<domain::FlagRules>> CachedConfiguration::flags(TenantId tenant) {
  const ValueKey key{tenant.value, Kind::flags, {}};
  if (auto hit = impl_->find<domain::FlagRules>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::FlagRules>(key, [&] { return impl_->loader.flags(tenant); });
}

Async<CachedConfiguration::Ptr<domain::TenantScripts>> CachedConfiguration::scripts(TenantId tenant) {
  const ValueKey key{tenant.value, Kind::scripts, {}};
  if (auto hit = impl_->find<domain::TenantScripts>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::TenantScripts>(key, [&] { return impl_->loader.scripts(tenant); });
}

Async<CachedConfiguration::Ptr<domain::NotificationProviders>> CachedConfiguration::notification_providers(
    TenantId tenant) {
  const ValueKey key{tenant.value, Kind::notification_providers, {}};
  if (auto hit = impl_->find<domain::NotificationProviders>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<domain::NotificationProviders>(
      key, [&] { return impl_->loader.notification_providers(tenant); });
}

Async<CachedConfiguration::Ptr<std::vector<domain::EventStream>>> CachedConfiguration::event_streams(
    TenantId tenant) {
  using All = std::vector<domain::EventStream>;
  const ValueKey key{tenant.value, Kind::event_streams, {}};
  if (auto hit = impl_->find<All>(key)) co_return *std::move(hit);
  co_return co_await impl_->miss<All>(key, [&] { return impl_->loader.event_streams(tenant); });
}

}  // namespace durward::adapters
