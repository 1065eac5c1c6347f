#include <algorithm>

#include "adapters/records/records.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

using namespace records;

using domain::TenantId;

namespace {
const std::string session_select =
    "SELECT " + std::string(session_columns) + " FROM sessions s JOIN users u ON u.row=s.user ";
const std::string session_find = session_select + "WHERE s.id=? AND s.tenant=? AND s.dead_at>?";
const std::string session_list =
    session_select + "WHERE u.tenant=? AND u.user_id=? AND s.dead_at>? AND s.id>? ORDER BY s.id LIMIT ?";

const std::string code_find = "SELECT " + std::string(code_columns) +
                              " FROM codes c WHERE c.id=? AND c.tenant=? AND c.expires_at>? AND "
                              "(c.user=0 OR EXISTS(SELECT 1 FROM users u WHERE u.row=c.user))";

// ?1 is now.
const std::string token_select = "SELECT " + std::string(refresh_token_columns) + " FROM refresh_tokens t ";
const std::string token_live =
    "(t.expires_at IS NULL OR t.expires_at>?1) AND (t.idle_expires_at IS NULL OR t.idle_expires_at>?1) ";
const std::string token_find = token_select + "WHERE " + token_live + "AND t.id=?2 AND t.tenant=?3";
const std::string token_list = token_select + "JOIN users u ON u.row=t.user WHERE " + token_live +
                               "AND u.tenant=?2 AND u.user_id=?3 AND t.id>?4 AND t.rotated_at IS NULL "
                               "ORDER BY t.id LIMIT ?5";

const std::string grant_select =
    "SELECT " + std::string(grant_columns) + " FROM grants g JOIN users u ON u.row=g.user ";
const std::string grant_find =
    grant_select + "WHERE u.tenant=? AND u.user_id=? AND g.client_id=? AND g.audience=?";
const std::string grant_where =
    "WHERE g.tenant=?1 AND (?2='' OR g.user=(SELECT row FROM users WHERE tenant=?1 AND user_id=?2)) "
    "AND (?3='' OR g.client_id=?3) AND (?4 IS NULL OR g.audience=?4) AND (?5='' OR g.id=?5) ";

const std::string ticket_find = "SELECT " + std::string(ticket_columns) +
                                " FROM tickets t WHERE t.id=? AND t.tenant=? AND t.expires_at>?";

template <class T, class Read>
ports::TokenPage<T> read_page(Query& q, int64_t limit, Read read) {
  ports::TokenPage<T> page;
  while (q.step()) {
    if (int64_t(page.items.size()) == limit) {
      page.next = page.items.empty() ? "0" : std::to_string(page.items.back().id);
      break;
    }
    page.items.push_back(read(q));
  }
  return page;
}

Result<ports::GrantPage> list_grants(Database& db, int64_t tenant, const ports::GrantQuery& query) {
  ports::GrantPage page;
  auto q = db.query(grant_select + grant_where + "ORDER BY g.row LIMIT ?6 OFFSET ?7", tenant, query.user_id,
                    query.client_id, query.audience, query.id, page_limit(query.limit),
                    std::max<int64_t>(0, query.offset));
  while (q.step()) page.grants.push_back(read_grant(q));
  if (query.want_total) {
    auto count = db.query("SELECT count(*) FROM grants g " + grant_where, tenant, query.user_id,
                          query.client_id, query.audience, query.id);
    count.step();
    page.total = count.integer(0);
  }
  return page;
}
}  // namespace

SqliteSessions::SqliteSessions(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "sessions")("find")),
      list_(ReadCounters(c_.registry, "sessions")("list_of_user")) {}

Async<std::optional<domain::Session>> SqliteSessions::find(TenantId tenant, int64_t id) {
  const TimePoint now = c_.clock.now();
  co_return co_await c_.engine.read(find_, ReadCost::point,
                                    [&](Database& db) -> Result<std::optional<domain::Session>> {
                                      auto q = db.query(session_find, id, tenant.value, now);
                                      if (!q.step()) return std::nullopt;
                                      return read_session(q);
                                    });
}

Async<ports::TokenPage<domain::Session>> SqliteSessions::list_of_user(TenantId tenant, std::string user_id,
                                                                      std::optional<std::string> after,
                                                                      int64_t limit) {
  const TimePoint now = c_.clock.now();
  CO_TRY(const int64_t start, parse_after(after));
  limit = page_limit(limit);
  co_return co_await c_.engine.read(
      list_, ReadCost::scan, [&](Database& db) -> Result<ports::TokenPage<domain::Session>> {
        auto q = db.query(session_list, tenant.value, user_id, now, start, limit + 1);
        return read_page<domain::Session>(q, limit, read_session<Query>);
      });
}

SqliteCodes::SqliteCodes(Context context) : c_(context), find_(ReadCounters(c_.registry, "codes")("find")) {}

Async<std::optional<domain::AuthorizationCode>> SqliteCodes::find(TenantId tenant, int64_t id) {
  const TimePoint now = c_.clock.now();
  co_return co_await c_.engine.read(find_, ReadCost::point,
                                    [&](Database& db) -> Result<std::optional<domain::AuthorizationCode>> {
                                      auto q = db.query(code_find, id, tenant.value, now);
                                      if (!q.step()) return std::nullopt;
                                      return read_code(q);
                                    });
}

SqliteRefreshTokens::SqliteRefreshTokens(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "refresh_tokens")("find")),
      list_(ReadCounters(c_.registry, "refresh_tokens")("list_of_user")),
      revoked_(ReadCounters(c_.registry, "refresh_tokens")("is_grant_revoked")) {}

Async<std::optional<domain::RefreshToken>> SqliteRefreshTokens::find(TenantId tenant, int64_t id) {
  const TimePoint now = c_.clock.now();
  co_return co_await c_.engine.read(find_, ReadCost::point,
                                    [&](Database& db) -> Result<std::optional<domain::RefreshToken>> {
                                      auto q = db.query(token_find, now, id, tenant.value);
                                      if (!q.step()) return std::nullopt;
                                      return read_refresh_token(q);
                                    });
}

Async<ports::TokenPage<domain::RefreshToken>> SqliteRefreshTokens::list_of_user(
    TenantId tenant, std::string user_id, std::optional<std::string> after, int64_t limit) {
  const TimePoint now = c_.clock.now();
  CO_TRY(const int64_t start, parse_after(after));
  limit = page_limit(limit);
  co_return co_await c_.engine.read(
      list_, ReadCost::scan, [&](Database& db) -> Result<ports::TokenPage<domain::RefreshToken>> {
        auto q = db.query(token_list, now, tenant.value, user_id, start, limit + 1);
        return read_page<domain::RefreshToken>(q, limit, read_refresh_token<Query>);
      });
}

Async<bool> SqliteRefreshTokens::is_grant_revoked(TenantId tenant, int64_t grant_id) {
  const TimePoint now = c_.clock.now();
  co_return co_await c_.engine.read(revoked_, ReadCost::point, [&](Database& db) -> Result<bool> {
    return db
        .query("SELECT 1 FROM revoked_grants WHERE grant_id=? AND tenant=? AND until>?", grant_id,
               tenant.value, now)
        .step();
  });
}

SqliteGrants::SqliteGrants(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "grants")("find")),
      list_(ReadCounters(c_.registry, "grants")("list")) {}

Async<std::optional<domain::Grant>> SqliteGrants::find(TenantId tenant, std::string user_id,
                                                       std::string client_id, std::string audience) {
  co_return co_await c_.engine.read(
      find_, ReadCost::point, [&](Database& db) -> Result<std::optional<domain::Grant>> {
        auto q = db.query(grant_find, tenant.value, user_id, client_id, audience);
        if (!q.step()) return std::nullopt;
        return read_grant(q);
      });
}

Async<ports::GrantPage> SqliteGrants::list(TenantId tenant, ports::GrantQuery query) {
  co_return co_await c_.engine.read(list_, ReadCost::scan,
                                    [&](Database& db) { return list_grants(db, tenant.value, query); });
}

SqliteTickets::SqliteTickets(Context context)
    : c_(context), find_(ReadCounters(c_.registry, "tickets")("find")) {}

Async<std::optional<domain::Ticket>> SqliteTickets::find(TenantId tenant, int64_t id) {
  const TimePoint now = c_.clock.now();
  co_return co_await c_.engine.read(find_, ReadCost::point,
                                    [&](Database& db) -> Result<std::optional<domain::Ticket>> {
                                      auto q = db.query(ticket_find, id, tenant.value, now);
                                      if (!q.step()) return std::nullopt;
                                      return read_ticket(q);
                                    });
}

}  // namespace durward::adapters::sqlite
