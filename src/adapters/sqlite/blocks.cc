#include "adapters/records/records.h"
#include "adapters/sqlite/apply.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

using namespace records;
using domain::TenantId;

namespace {
const std::string select_sql =
    "SELECT " + std::string(block_columns) + " FROM blocks b WHERE b.tenant=? AND b.identifier=?";
// The one of every address first.
const std::string find_sql =
    select_sql + " AND b.connection=? AND b.ip IN('',?) AND b.expires_at>? ORDER BY b.ip LIMIT 1";
const std::string list_sql =
    select_sql + " AND b.expires_at>? ORDER BY b.created_at DESC,b.connection,b.ip LIMIT ?";
}  // namespace

SqliteBlocks::SqliteBlocks(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "blocks")("find")),
      list_(ReadCounters(c_.registry, "blocks")("list")) {}

Async<std::optional<domain::Block>> SqliteBlocks::find(TenantId tenant, std::string connection,
                                                       std::string identifier, std::string ip) {
  const TimePoint now = c_.clock.now();
  co_return co_await c_.engine.read(
      find_, ReadCost::point, [&](Database& db) -> Result<std::optional<domain::Block>> {
        auto q = db.query(find_sql, tenant.value, identifier, connection, ip, now);
        if (!q.step()) return std::nullopt;
        return read_block(q);
      });
}

Async<std::vector<domain::Block>> SqliteBlocks::list(TenantId tenant, std::string identifier) {
  const TimePoint now = c_.clock.now();
  co_return co_await c_.engine.read(list_, ReadCost::scan,
                                    [&](Database& db) -> Result<std::vector<domain::Block>> {
                                      std::vector<domain::Block> out;
                                      auto q = db.query(list_sql, tenant.value, identifier, now, list_max);
                                      while (q.step()) out.push_back(read_block(q));
                                      return out;
                                    });
}

Result<> Applier::one(const ports::PutBlock& w) {
  const auto& b = w.block;
  db_.run(
      "INSERT INTO blocks(tenant,identifier,connection,ip,user_id,created_at,expires_at) "
      "VALUES(?,?,?,?,?,?,?) "
      "ON CONFLICT(tenant,identifier,connection,ip) DO UPDATE SET user_id=excluded.user_id,"
      "created_at=excluded.created_at,expires_at=max(expires_at,excluded.expires_at)",
      tenant_, b.identifier, b.connection, b.ip, b.user_id, b.created_at, b.expires_at);
  return {};
}

Result<> Applier::one(const ports::RemoveBlocks& w) {
  db_.run(
      "DELETE FROM blocks WHERE tenant=?1 AND identifier=?2 AND (?3='' OR connection=?3) AND (?4 IS NULL OR "
      "ip=?4)",
      tenant_, w.identifier, w.connection, w.ip);
  return {};
}

}  // namespace durward::adapters::sqlite
