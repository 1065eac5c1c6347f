// What a user did and where the user is signed in.
#include "management/logs/logs.h"
#include "management/refresh_tokens/refresh_tokens.h"
#include "management/sessions/sessions.h"
#include "management/support/audit.h"
#include "management/users/fields.h"
#include "management/users/handlers.h"

namespace durward::management::users {

namespace {

constexpr int64_t log_records_max = 1000;
const endpoint::PagingRules checkpoint_only{.pages = false};

Async<Reply> committed(const ports::Services& services, Call call, ports::Writes writes) {
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return ok(json::Object());
}

}  // namespace

Async<Reply> list_logs(const ports::Services& services, Call call) {
  CO_TRY(const auto paging,
         endpoint::parse_paging(call.query, {.checkpoint = false, .records_max = log_records_max}));
  CO_ENSURE(co_await load_user(services, call.tenant(), call.parameter("id")));
  ports::LogQuery query{.user_id = call.parameter("id"), .offset = paging.offset(), .limit = paging.limit()};
  query.may_be_stale = true;
  CO_ENSURE(logs::parse_log_sort(call.query.get_or("sort"), query));
  CO_TRY(auto records, co_await services.logs.list(call.tenant(), std::move(query)));
  json::Array out;
  for (const auto& record : records) out.push_back(logs::render(record));
  co_return ok(logs::render_page(paging, std::move(out)));
}

Async<Reply> list_sessions(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, checkpoint_only));
  CO_TRY(auto page, co_await services.sessions.list_of_user(call.tenant(), call.parameter("user_id"),
                                                            paging.from, paging.take));
  json::Array out;
  for (const auto& session : page.items) out.push_back(sessions::render(session));
  co_return ok(endpoint::render_list(paging, "sessions", std::move(out), {}, page.next));
}

Async<Reply> remove_sessions(const ports::Services& services, Call call) {
  ports::Writes writes;
  writes.push_back(ports::RemoveSessionsOf{call.parameter("user_id")});
  co_return co_await committed(services, std::move(call), std::move(writes));
}

Async<Reply> list_refresh_tokens(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, checkpoint_only));
  CO_TRY(auto page, co_await services.refresh_tokens.list_of_user(call.tenant(), call.parameter("user_id"),
                                                                  paging.from, paging.take));
  json::Array out;
  for (const auto& token : page.items) out.push_back(refresh_tokens::render(token));
  const int64_t count = int64_t(out.size());
  json::Value list = endpoint::render_list(paging, "tokens", std::move(out), {}, page.next);
  // A total is known for free when everything is on this page.
  if (flag(call.query, "include_totals") && !paging.from && !page.next) list.get_object()["total"] = count;
  co_return ok(std::move(list));
}

Async<Reply> remove_refresh_tokens(const ports::Services& services, Call call) {
  ports::Writes writes;
  writes.push_back(ports::RevokeRefreshTokensOf{call.parameter("user_id"), {}, {}});
  co_return co_await committed(services, std::move(call), std::move(writes));
}

Async<Reply> revoke_access(const ports::Services& services, Call call) {
  CO_TRY(const auto body, optional_body(call, revoke_schema()));
  CO_TRY(const auto user, co_await load_user(services, call.tenant(), call.parameter("id")));
  const bool preserve = json::boolean_or(body, "preserve_refresh_tokens", false);
  ports::Writes writes;
  if (const auto sid = json::string(body, "session_id"); sid && !sid->empty()) {
    CO_TRY(auto session, co_await sessions::load(services, call.tenant(), *sid));
    if (session.user_id != user.user_id)
      co_return fail(ErrorKind::not_found, "inexistent_session", "The session does not exist.");
    CO_TRY(writes, co_await sessions::ending(services, call.tenant(), std::move(session), preserve));
  } else {
    writes.push_back(ports::RemoveSessionsOf{user.user_id});
    if (!preserve) writes.push_back(ports::RevokeRefreshTokensOf{user.user_id, {}, {}});
  }
  co_return co_await committed(services, std::move(call), std::move(writes));
}

}  // namespace durward::management::users
