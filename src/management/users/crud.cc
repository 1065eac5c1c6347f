#include "base/encoding.h"
#include "management/support/audit.h"
#include "management/users/fields.h"
#include "management/users/handlers.h"
#include "management/users/query.h"

namespace durward::management::users {

namespace {

constexpr int64_t records_max = 1000;

json::Object shown(const Call& call, const domain::User& user) {
  return select_fields(call.query, user.to_json());
}

json::Value render_page(const endpoint::Paging& paging, json::Array users, std::optional<int64_t> total) {
  const size_t length = users.size();
  json::Value out = endpoint::render_list(paging, "users", std::move(users), total, {});
  if (paging.shape == endpoint::ListShape::totals) out.get_object()["length"] = length;
  return out;
}

connections::database::NewUser request_of(json::Object body) {
  connections::database::NewUser out{.user_id = json::string_or(body, "user_id"),
                                     .email = json::string_or(body, "email"),
                                     .username = json::string_or(body, "username"),
                                     .phone_number = json::string_or(body, "phone_number"),
                                     .password = json::string_or(body, "password"),
                                     .password_hash = {},
                                     .email_verified = json::boolean_or(body, "email_verified", false),
                                     .phone_verified = json::boolean(body, "phone_verified"),
                                     .attributes = {}};
  for (std::string_view name : {"blocked", "given_name", "family_name", "name", "nickname", "picture",
                                "user_metadata", "app_metadata"})
    if (auto* value = body.if_contains(name)) out.attributes[name] = std::move(*value);
  return out;
}

// Users come to be here in database and passwordless connections; elsewhere their provider makes them.
Async<domain::Connection> creatable_connection(const ports::Services& services, domain::TenantId tenant,
                                               std::string name) {
  CO_TRY(auto connection, co_await services.configuration.connection_by_name(tenant, std::move(name)));
  if (!connection)
    co_return fail(ErrorKind::invalid, "inexistent_connection", "The connection does not exist.");
  const std::string& strategy = connection->strategy;
  if (strategy != "auth0" && strategy != "email" && strategy != "sms")
    co_return fail(ErrorKind::invalid, "operation_not_supported",
                   "Users of this connection cannot be created here: its provider makes them.");
  co_return domain::Connection(*connection);
}

Async<ports::Writes> verification(const ports::Services& services, connections::database::Database database,
                                  connections::database::Scene scene, domain::Connection connection,
                                  domain::User user) {
  CO_TRY(auto settings, co_await services.configuration.settings(scene.tenant.id));
  const domain::TenantSettings none;
  co_return database.send_verification(scene, settings ? *settings : none, connection, user, {});
}

}  // namespace

Async<Reply> list(const ports::Services& services, Call call) {
  if (const auto engine = call.query.get("search_engine"); engine && *engine != "v3" && !engine->empty())
    co_return fail(ErrorKind::invalid, "invalid_query_string",
                   "You are not allowed to use search_engine=" + engine->substr(0, 20) + ".");
  CO_TRY(const auto paging,
         endpoint::parse_paging(call.query, {.checkpoint = false, .records_max = records_max}));
  ports::UserQuery query;
  CO_TRY(query.all_of, parse_user_query(call.query.get_or("q")));
  CO_ENSURE(parse_user_sort(call.query.get_or("sort"), query));
  query.offset = paging.offset();
  query.limit = paging.limit();
  query.want_total = paging.shape == endpoint::ListShape::totals;
  query.may_be_stale = true;
  CO_TRY(auto page, co_await services.users.list(call.tenant(), std::move(query)));
  json::Array users;
  for (const auto& user : page.users) users.push_back(shown(call, user));
  co_return ok(render_page(paging, std::move(users), page.total));
}

Async<Reply> by_email(const ports::Services& services, Call call) {
  CO_TRY(auto found, co_await services.users.find_by_email(
                         call.tenant(), domain::normalise_identifier("email", call.query.get_or("email"))));
  json::Array users;
  for (const auto& user : found) users.push_back(shown(call, user));
  co_return ok(std::move(users));
}

Async<Reply> get(const ports::Services& services, Call call) {
  CO_ENSURE(check_reach(call, call.parameter("id"), {"read:users", "read:user_idp_tokens"}));
  CO_TRY(const auto user, co_await load_user(services, call.tenant(), call.parameter("id")));
  co_return ok(shown(call, user));
}

Async<Reply> create(const ports::Services& services, Options options, Call call) {
  const json::Object body = call.object();
  CO_ENSURE(check_metadata(body));
  CO_TRY(const auto connection,
         co_await creatable_connection(services, call.tenant(), json::string_or(body, "connection")));
  connections::database::Database database(services, std::move(options));
  auto wanted = request_of(body);
  ports::Writes scripted;
  const login::RegistrationScene registration = scene_of_scripts(call, connection);
  if (auto admitted = co_await login::before_registration(services, registration, wanted, scripted);
      !admitted) {
    CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(scripted)));
    co_return std::unexpected(std::move(admitted).error());
  }
  auto change = co_await database.create_user(call.tenant(), connection, std::move(wanted), call.context.now);
  if (!change) co_return std::unexpected(translate_password(std::move(change).error()));
  const bool wants_mail = json::boolean_or(body, "verify_email", true) && !change->user.email_verified();
  if (wants_mail && !change->user.email().empty() && connection.is_database()) {
    CO_TRY(auto mail, co_await verification(services, database, scene_of(call), connection, change->user));
    for (auto& write : mail) change->writes.push_back(std::move(write));
  }
  for (auto& write : scripted) change->writes.push_back(std::move(write));
  change->writes.push_back(api_record(services, call, change->user.to_json()));
  auto done = co_await services.committer.commit(call.tenant(), std::move(change->writes));
  if (!done) co_return std::unexpected(translate(std::move(done).error()));
  login::after_registration(services, registration, change->user);
  co_return ok(change->user.to_json());
}

Async<Reply> remove(const ports::Services& services, Call call) {
  const std::string& id = call.parameter("id");
  CO_ENSURE(check_reach(call, id, {"delete:users"}));
  CO_TRY(const auto user, co_await services.users.find(call.tenant(), id));
  ports::Writes writes{api_record(services, call)};
  if (user) {
    CO_ENSURE(co_await connections::database::Database(services).remove_elsewhere(call.tenant(), *user));
  }
  if (user) {  // nobody hears that a user is gone who was never there
    writes.push_back(ports::RemoveUser{id, user});
    for (auto& write : connections::database::Database::lift_blocks(*user))
      writes.push_back(std::move(write));
  }
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

}  // namespace durward::management::users
