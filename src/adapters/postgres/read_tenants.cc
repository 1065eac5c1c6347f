#include "adapters/postgres/readers.h"

namespace durward::adapters::postgres {

namespace {
domain::Tenant tenant_of(const Rows& q) { return {{q.integer(0)}, q.text(1), q.time(2)}; }
int64_t number_of(const Rows& q) { return q.integer(0); }
std::string text_of(const Rows& q) { return q.text(0); }
std::unexpected<Error> missing() { return fail(ErrorKind::not_found, "not_found"); }

constexpr Milliseconds removal_max{600'000};

// What belongs to users goes by its user, before those go: there the index is, so that what others have costs
// nothing. The rest is indexed by tenant or lives for minutes.
constexpr const char* remove_owned[] = {
    "DELETE FROM document_keys WHERE tenant=$1",
    "DELETE FROM documents WHERE tenant=$1",
    "DELETE FROM user_logins WHERE \"user\" IN(SELECT row FROM users WHERE tenant=$1)",
    "DELETE FROM credentials WHERE \"user\" IN(SELECT row FROM users WHERE tenant=$1)",
    "DELETE FROM user_permissions WHERE \"user\" IN(SELECT row FROM users WHERE tenant=$1)",
    "DELETE FROM identities WHERE tenant=$1",
    "DELETE FROM identifiers WHERE tenant=$1",
    "DELETE FROM user_roles WHERE tenant=$1",
    "DELETE FROM role_permissions WHERE tenant=$1",
    "DELETE FROM sessions WHERE \"user\" IN(SELECT row FROM users WHERE tenant=$1)",
    "DELETE FROM codes WHERE tenant=$1",
    "DELETE FROM refresh_tokens WHERE \"user\" IN(SELECT row FROM users WHERE tenant=$1)",
    "DELETE FROM revoked_grants WHERE tenant=$1",
    "DELETE FROM grants WHERE \"user\" IN(SELECT row FROM users WHERE tenant=$1)",
    "DELETE FROM tickets WHERE \"user\" IN(SELECT row FROM users WHERE tenant=$1)",
    "DELETE FROM blocks WHERE tenant=$1",
    "DELETE FROM logs WHERE tenant=$1",
    "DELETE FROM executions WHERE tenant=$1",
    "DELETE FROM event_deliveries WHERE tenant=$1",
    "DELETE FROM event_queues WHERE tenant=$1",
    "DELETE FROM jobs WHERE tenant=$1",
    "DELETE FROM events WHERE tenant=$1",
    "DELETE FROM dead_letters WHERE tenant=$1",
    "DELETE FROM users WHERE tenant=$1",
    "SELECT pg_notify('durward','c'||$1::text)",
};
constexpr char tell_tenants[] = "SELECT pg_notify('durward','t')";
}  // namespace

PostgresTenants::PostgresTenants(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "tenants")("find_by_name")),
      list_(ReadCounters(c_.registry, "tenants")("list")),
      count_(ReadCounters(c_.registry, "tenants")("count")),
      key_(ReadCounters(c_.registry, "tenants")("sealed_key")),
      version_(ReadCounters(c_.registry, "tenants")("configuration_version")) {}

Async<domain::Tenant> PostgresTenants::create(std::string name, std::string sealed_key, TimePoint at) {
  Batch batch;
  batch.push_back(Statement::fixed(
      "INSERT INTO tenants(name,sealed_key,created_at) VALUES($1,$2,$3) RETURNING id", name, sealed_key, at));
  batch.back().taken("tenant_exists", "A tenant with this name exists already.", "");
  batch.push_back(Statement::fixed(tell_tenants));
  CO_TRY(auto answer, co_await c_.pool.run(std::move(batch), Way::write));
  if (!answer[0].step()) co_return fail(ErrorKind::internal, "internal", {}, "a tenant without a number");
  c_.configuration_changed({0});
  co_return domain::Tenant{{answer[0].integer(0)}, name, at};
}

Async<std::optional<domain::Tenant>> PostgresTenants::find_by_name(std::string name) {
  co_return co_await read_one(c_.pool, find_,
                              Statement::fixed("SELECT id,name,created_at FROM tenants WHERE name=$1", name),
                              tenant_of);
}

Async<std::optional<domain::Tenant>> PostgresTenants::find(domain::TenantId tenant) {
  co_return co_await read_one(
      c_.pool, find_, Statement::fixed("SELECT id,name,created_at FROM tenants WHERE id=$1", tenant.value),
      tenant_of);
}

Async<std::vector<domain::Tenant>> PostgresTenants::list(std::string after_name, int64_t limit) {
  co_return co_await read_all(
      c_.pool, list_, Way::own_read,
      Statement::fixed("SELECT id,name,created_at FROM tenants WHERE name>$1 ORDER BY name LIMIT $2",
                       after_name, limit),
      tenant_of);
}

Async<int64_t> PostgresTenants::count() {
  CO_TRY(const auto n,
         co_await read_one(c_.pool, count_, Statement::fixed("SELECT count(*) FROM tenants"), number_of));
  co_return n.value_or(0);
}

Async<std::string> PostgresTenants::sealed_key(domain::TenantId tenant) {
  CO_TRY(auto key,
         co_await read_one(c_.pool, key_,
                           Statement::fixed("SELECT sealed_key FROM tenants WHERE id=$1", tenant.value),
                           text_of));
  if (!key) co_return missing();
  co_return *std::move(key);
}

Async<int64_t> PostgresTenants::configuration_version(domain::TenantId tenant) {
  CO_TRY(const auto version,
         co_await read_one(
             c_.pool, version_,
             Statement::fixed("SELECT configuration_version FROM tenants WHERE id=$1", tenant.value),
             number_of));
  if (!version) co_return missing();
  co_return *version;
}

Async<> PostgresTenants::remove(domain::TenantId tenant) {
  Batch batch;
  batch.push_back(Statement::fixed("SELECT durward_leave($1)", tenant.value));
  for (const char* sql : remove_owned) batch.push_back(Statement::fixed(sql, tenant.value));
  batch.push_back(Statement::fixed(tell_tenants));
  CO_ENSURE(co_await c_.pool.run(std::move(batch), Way::write, removal_max));
  c_.configuration_changed(tenant);
  c_.configuration_changed({0});
  co_return Result<>();
}

}  // namespace durward::adapters::postgres
