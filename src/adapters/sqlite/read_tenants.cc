#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

namespace {
domain::Tenant read_tenant(const Query& q) { return {{q.integer(0)}, q.text(1), q.time(2)}; }
std::unexpected<Error> missing() { return fail(ErrorKind::not_found, "not_found"); }

// What belongs to users goes by its user, before those go: there the index is, so that what others have costs
// nothing. The rest is indexed by tenant or lives for minutes.
constexpr const char* remove_owned[] = {
    "DELETE FROM document_keys WHERE tenant=?",
    "DELETE FROM documents WHERE tenant=?",
    "DELETE FROM user_logins WHERE user IN(SELECT row FROM users WHERE tenant=?)",
    "DELETE FROM credentials WHERE user IN(SELECT row FROM users WHERE tenant=?)",
    "DELETE FROM user_permissions WHERE user IN(SELECT row FROM users WHERE tenant=?)",
    "DELETE FROM identities WHERE tenant=?",
    "DELETE FROM identifiers WHERE tenant=?",
    "DELETE FROM user_roles WHERE tenant=?",
    "DELETE FROM role_permissions WHERE tenant=?",
    "DELETE FROM sessions WHERE user IN(SELECT row FROM users WHERE tenant=?)",
    "DELETE FROM codes WHERE tenant=?",
    "DELETE FROM refresh_tokens WHERE user IN(SELECT row FROM users WHERE tenant=?)",
    "DELETE FROM revoked_grants WHERE tenant=?",
    "DELETE FROM grants WHERE user IN(SELECT row FROM users WHERE tenant=?)",
    "DELETE FROM tickets WHERE user IN(SELECT row FROM users WHERE tenant=?)",
    "DELETE FROM blocks WHERE tenant=?",
    "DELETE FROM logs WHERE tenant=?",
    "DELETE FROM executions WHERE tenant=?",
    "DELETE FROM event_deliveries WHERE tenant=?",
    "DELETE FROM event_queues WHERE tenant=?",
    "DELETE FROM jobs WHERE tenant=?",
    "DELETE FROM events WHERE tenant=?",
    "DELETE FROM dead_letters WHERE tenant=?",
    "DELETE FROM users WHERE tenant=?",
};

Result<> remove_tenant(Database& db, int64_t tenant, Effects& effects) {
  db.run("DELETE FROM tenants WHERE id=?", tenant);
  if (db.changes() == 0) return missing();
  for (const char* sql : remove_owned) db.run(sql, tenant);
  effects.tenants = effects.configuration = true;
  effects.tenant = tenant;
  return {};
}
}  // namespace

SqliteTenants::SqliteTenants(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "tenants")("find_by_name")),
      list_(ReadCounters(c_.registry, "tenants")("list")),
      count_(ReadCounters(c_.registry, "tenants")("count")),
      key_(ReadCounters(c_.registry, "tenants")("sealed_key")),
      version_(ReadCounters(c_.registry, "tenants")("configuration_version")) {}

Async<domain::Tenant> SqliteTenants::create(std::string name, std::string sealed_key, TimePoint at) {
  domain::Tenant tenant{.name = name, .created_at = at};
  CO_ENSURE(co_await c_.engine.write([&tenant, &sealed_key](Database& db, Effects& effects) -> Result<> {
    if (!db.run("INSERT INTO tenants(name,sealed_key,created_at) VALUES(?,?,?)", tenant.name, sealed_key,
                tenant.created_at))
      return fail(ErrorKind::conflict, "tenant_exists", "A tenant with this name exists already.");
    tenant.id.value = db.last_row();
    effects.tenants = true;
    return {};
  }));
  co_return tenant;
}

Async<std::optional<domain::Tenant>> SqliteTenants::find_by_name(std::string name) {
  co_return co_await c_.engine.read(
      find_, ReadCost::point, [&name](Database& db) -> Result<std::optional<domain::Tenant>> {
        auto q = db.query("SELECT id,name,created_at FROM tenants WHERE name=?", name);
        if (!q.step()) return std::nullopt;
        return read_tenant(q);
      });
}

Async<std::optional<domain::Tenant>> SqliteTenants::find(domain::TenantId tenant) {
  co_return co_await c_.engine.read(
      find_, ReadCost::point, [tenant](Database& db) -> Result<std::optional<domain::Tenant>> {
        auto q = db.query("SELECT id,name,created_at FROM tenants WHERE id=?", tenant.value);
        if (!q.step()) return std::nullopt;
        return read_tenant(q);
      });
}

Async<std::vector<domain::Tenant>> SqliteTenants::list(std::string after_name, int64_t limit) {
  co_return co_await c_.engine.read(
      list_, ReadCost::scan, [&](Database& db) -> Result<std::vector<domain::Tenant>> {
        std::vector<domain::Tenant> out;
        auto q = db.query("SELECT id,name,created_at FROM tenants WHERE name>? ORDER BY name LIMIT ?",
                          after_name, limit);
        while (q.step()) out.push_back(read_tenant(q));
        return out;
      });
}

Async<int64_t> SqliteTenants::count() {
  co_return co_await c_.engine.read(count_, ReadCost::point, [](Database& db) -> Result<int64_t> {
    auto q = db.query("SELECT count(*) FROM tenants");
    q.step();
    return q.integer(0);
  });
}

Async<std::string> SqliteTenants::sealed_key(domain::TenantId tenant) {
  co_return co_await c_.engine.read(key_, ReadCost::point, [tenant](Database& db) -> Result<std::string> {
    auto q = db.query("SELECT sealed_key FROM tenants WHERE id=?", tenant.value);
    if (!q.step()) return missing();
    return q.text(0);
  });
}

Async<int64_t> SqliteTenants::configuration_version(domain::TenantId tenant) {
  co_return co_await c_.engine.read(version_, ReadCost::point, [tenant](Database& db) -> Result<int64_t> {
    auto q = db.query("SELECT configuration_version FROM tenants WHERE id=?", tenant.value);
    if (!q.step()) return missing();
    return q.integer(0);
  });
}

Async<> SqliteTenants::remove(domain::TenantId tenant) {
  co_return co_await c_.engine.write(
      [tenant](Database& db, Effects& effects) { return remove_tenant(db, tenant.value, effects); });
}

}  // namespace durward::adapters::sqlite
