// Lists that are truly empty: second factors, organizations, groups, connected accounts and token sets do not
// exist in this version, so nothing can be in them and nothing has to be removed. A user that is named must
// exist.
#include "management/support/audit.h"
#include "management/users/handlers.h"

namespace durward::management::users {

namespace {

Async<Reply> empty_list(const ports::Services& services, Call call, std::string plural,
                        endpoint::PagingRules rules) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, rules));
  CO_ENSURE(co_await load_user(services, call.tenant(), call.parameter("id")));
  co_return ok(endpoint::render_list(paging, plural, {}, 0, {}));
}

}  // namespace

Async<Reply> empty_array(const ports::Services& services, Call call) {
  CO_ENSURE(check_reach(call, call.parameter("id"), {"read:users", "read:federated_connections_tokens"}));
  CO_ENSURE(co_await load_user(services, call.tenant(), call.parameter("id")));
  co_return ok(json::Array());
}

Async<Reply> empty_authentication_methods(const ports::Services& services, Call call) {
  co_return co_await empty_list(services, std::move(call), "authenticators", {.checkpoint = false});
}
Async<Reply> empty_groups(const ports::Services& services, Call call) {
  co_return co_await empty_list(services, std::move(call), "groups", {});
}
Async<Reply> empty_organizations(const ports::Services& services, Call call) {
  co_return co_await empty_list(services, std::move(call), "organizations", {.checkpoint = false});
}
Async<Reply> empty_connected_accounts(const ports::Services& services, Call call) {
  co_return co_await empty_list(services, std::move(call), "connected_accounts", {.pages = false});
}

Async<Reply> nothing_to_remove(const ports::Services& services, Call call) {
  CO_ENSURE(co_await load_user(services, call.tenant(), call.parameter("id")));
  ports::Writes writes;
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

}  // namespace durward::management::users
