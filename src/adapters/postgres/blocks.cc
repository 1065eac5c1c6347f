#include "adapters/postgres/readers.h"
#include "adapters/postgres/script.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;
using domain::TenantId;

namespace {
const std::string select_sql =
    "SELECT " + std::string(block_columns) + " FROM blocks b WHERE b.tenant=$1 AND b.identifier=$2";
// The one of every address first.
const std::string find_sql =
    select_sql + " AND b.connection=$3 AND b.ip IN('',$4) AND b.expires_at>$5 ORDER BY b.ip LIMIT 1";
const std::string list_sql =
    select_sql + " AND b.expires_at>$3 ORDER BY b.created_at DESC,b.connection,b.ip LIMIT $4";
const std::string put_sql =
    "INSERT INTO blocks(tenant,identifier,connection,ip,user_id,created_at,expires_at) "
    "VALUES($1,$2,$3,$4,$5,$6,$7) ON CONFLICT(tenant,identifier,connection,ip) DO UPDATE SET "
    "user_id=excluded.user_id,created_at=excluded.created_at,"
    "expires_at=greatest(blocks.expires_at,excluded.expires_at)";
const std::string remove_sql =
    "DELETE FROM blocks WHERE tenant=$1 AND identifier=$2 AND ($3='' OR connection=$3) AND ($4 IS NULL OR "
    "ip=$4)";
}  // namespace

PostgresBlocks::PostgresBlocks(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "blocks")("find")),
      list_(ReadCounters(c_.registry, "blocks")("list")) {}

Async<std::optional<domain::Block>> PostgresBlocks::find(TenantId tenant, std::string connection,
                                                         std::string identifier, std::string ip) {
  co_return co_await read_one<domain::Block>(
      c_.pool, find_, Statement::fixed(find_sql, tenant.value, identifier, connection, ip, c_.clock.now()),
      read_block<Rows>);
}

Async<std::vector<domain::Block>> PostgresBlocks::list(TenantId tenant, std::string identifier) {
  co_return co_await read_all<domain::Block>(
      c_.pool, list_, Way::own_read,
      Statement::fixed(list_sql, tenant.value, identifier, c_.clock.now(), list_max), read_block<Rows>);
}

void Script::one(const ports::PutBlock& w) {
  const auto& b = w.block;
  add(put_sql, tenant_, b.identifier, b.connection, b.ip, b.user_id, b.created_at, b.expires_at);
}

void Script::one(const ports::RemoveBlocks& w) { add(remove_sql, tenant_, w.identifier, w.connection, w.ip); }

}  // namespace durward::adapters::postgres
