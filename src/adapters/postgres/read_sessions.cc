#include <algorithm>

#include "adapters/postgres/readers.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;
using domain::TenantId;

namespace {
const std::string session_select =
    "SELECT " + std::string(session_columns) + " FROM sessions s JOIN users u ON u.row=s.user ";
const std::string session_find = session_select + "WHERE s.id=$1 AND s.tenant=$2 AND s.dead_at>$3";
const std::string session_list =
    session_select + "WHERE u.tenant=$1 AND u.user_id=$2 AND s.dead_at>$3 AND s.id>$4 ORDER BY s.id LIMIT $5";

const std::string code_find = "SELECT " + std::string(code_columns) +
                              " FROM codes c WHERE c.id=$1 AND c.tenant=$2 AND c.expires_at>$3 AND "
                              "(c.user=0 OR EXISTS(SELECT 1 FROM users u WHERE u.row=c.user))";

// $1 is now.
const std::string token_select = "SELECT " + std::string(refresh_token_columns) + " FROM refresh_tokens t ";
const std::string token_live =
    "(t.expires_at IS NULL OR t.expires_at>$1) AND (t.idle_expires_at IS NULL OR t.idle_expires_at>$1) ";
const std::string token_find = token_select + "WHERE " + token_live + "AND t.id=$2 AND t.tenant=$3";
const std::string token_list = token_select + "JOIN users u ON u.row=t.user WHERE " + token_live +
                               "AND u.tenant=$2 AND u.user_id=$3 AND t.id>$4 AND t.rotated_at IS NULL "
                               "ORDER BY t.id LIMIT $5";

const std::string grant_select =
    "SELECT " + std::string(grant_columns) + " FROM grants g JOIN users u ON u.row=g.user ";
const std::string grant_find =
    grant_select + "WHERE u.tenant=$1 AND u.user_id=$2 AND g.client_id=$3 AND g.audience=$4";
const std::string grant_where =
    "WHERE g.tenant=$1 AND ($2='' OR g.user=(SELECT row FROM users WHERE tenant=$1 AND user_id=$2)) "
    "AND ($3='' OR g.client_id=$3) AND ($4 IS NULL OR g.audience=$4) AND ($5='' OR g.id=$5) ";
const std::string grant_list = grant_select + grant_where + "ORDER BY g.row LIMIT $6 OFFSET $7";
const std::string grant_count = "SELECT count(*) FROM grants g " + grant_where;

const std::string ticket_find = "SELECT " + std::string(ticket_columns) +
                                " FROM tickets t WHERE t.id=$1 AND t.tenant=$2 AND t.expires_at>$3";
constexpr char revoked_find[] =
    "SELECT until FROM revoked_grants WHERE grant_id=$1 AND tenant=$2 AND until>$3";

int64_t number_of(const Rows& q) { return q.integer(0); }

template <class T>
ports::TokenPage<T> page_of(std::vector<T> items, int64_t limit) {
  ports::TokenPage<T> page{std::move(items), {}};
  if (int64_t(page.items.size()) <= limit) return page;
  page.items.pop_back();
  page.next = page.items.empty() ? "0" : std::to_string(page.items.back().id);
  return page;
}
}  // namespace

PostgresSessions::PostgresSessions(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "sessions")("find")),
      list_(ReadCounters(c_.registry, "sessions")("list_of_user")) {}

Async<std::optional<domain::Session>> PostgresSessions::find(TenantId tenant, int64_t id) {
  co_return co_await read_one<domain::Session>(
      c_.pool, find_, Statement::fixed(session_find, id, tenant.value, c_.clock.now()), read_session<Rows>);
}

Async<ports::TokenPage<domain::Session>> PostgresSessions::list_of_user(TenantId tenant, std::string user_id,
                                                                        std::optional<std::string> after,
                                                                        int64_t limit) {
  CO_TRY(const int64_t start, parse_after(after));
  limit = page_limit(limit);
  CO_TRY(auto items, co_await read_all<domain::Session>(c_.pool, list_, Way::own_read,
                                                        Statement::fixed(session_list, tenant.value, user_id,
                                                                         c_.clock.now(), start, limit + 1),
                                                        read_session<Rows>));
  co_return page_of(std::move(items), limit);
}

PostgresCodes::PostgresCodes(Context context)
    : c_(std::move(context)), find_(ReadCounters(c_.registry, "codes")("find")) {}

Async<std::optional<domain::AuthorizationCode>> PostgresCodes::find(TenantId tenant, int64_t id) {
  co_return co_await read_one<domain::AuthorizationCode>(
      c_.pool, find_, Statement::fixed(code_find, id, tenant.value, c_.clock.now()), read_code<Rows>);
}

PostgresRefreshTokens::PostgresRefreshTokens(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "refresh_tokens")("find")),
      list_(ReadCounters(c_.registry, "refresh_tokens")("list_of_user")),
      revoked_(ReadCounters(c_.registry, "refresh_tokens")("is_grant_revoked")) {}

Async<std::optional<domain::RefreshToken>> PostgresRefreshTokens::find(TenantId tenant, int64_t id) {
  co_return co_await read_one<domain::RefreshToken>(
      c_.pool, find_, Statement::fixed(token_find, c_.clock.now(), id, tenant.value),
      read_refresh_token<Rows>);
}

Async<ports::TokenPage<domain::RefreshToken>> PostgresRefreshTokens::list_of_user(
    TenantId tenant, std::string user_id, std::optional<std::string> after, int64_t limit) {
  CO_TRY(const int64_t start, parse_after(after));
  limit = page_limit(limit);
  CO_TRY(auto items,
         co_await read_all<domain::RefreshToken>(
             c_.pool, list_, Way::own_read,
             Statement::fixed(token_list, c_.clock.now(), tenant.value, user_id, start, limit + 1),
             read_refresh_token<Rows>));
  co_return page_of(std::move(items), limit);
}

Async<bool> PostgresRefreshTokens::is_grant_revoked(TenantId tenant, int64_t grant_id) {
  CO_TRY(
      const auto until,
      co_await read_one(c_.pool, revoked_,
                        Statement::fixed(revoked_find, grant_id, tenant.value, c_.clock.now()), number_of));
  co_return until.has_value();
}

PostgresGrants::PostgresGrants(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "grants")("find")),
      list_(ReadCounters(c_.registry, "grants")("list")) {}

Async<std::optional<domain::Grant>> PostgresGrants::find(TenantId tenant, std::string user_id,
                                                         std::string client_id, std::string audience) {
  co_return co_await read_one<domain::Grant>(
      c_.pool, find_, Statement::fixed(grant_find, tenant.value, user_id, client_id, audience),
      read_grant<Rows>);
}

Async<ports::GrantPage> PostgresGrants::list(TenantId tenant, ports::GrantQuery query) {
  Batch batch;
  batch.push_back(Statement::fixed(grant_list, tenant.value, query.user_id, query.client_id, query.audience,
                                   query.id, page_limit(query.limit), std::max<int64_t>(0, query.offset)));
  if (query.want_total)
    batch.push_back(Statement::fixed(grant_count, tenant.value, query.user_id, query.client_id,
                                     query.audience, query.id));
  CO_TRY(auto answer, co_await read(c_.pool, list_, Way::own_read, std::move(batch)));
  ports::GrantPage page;
  while (answer[0].step()) page.grants.push_back(read_grant(answer[0]));
  if (query.want_total && answer[1].step()) page.total = answer[1].integer(0);
  co_return page;
}

PostgresTickets::PostgresTickets(Context context)
    : c_(std::move(context)), find_(ReadCounters(c_.registry, "tickets")("find")) {}

Async<std::optional<domain::Ticket>> PostgresTickets::find(TenantId tenant, int64_t id) {
  co_return co_await read_one<domain::Ticket>(
      c_.pool, find_, Statement::fixed(ticket_find, id, tenant.value, c_.clock.now()), read_ticket<Rows>);
}

}  // namespace durward::adapters::postgres
