// Linking accounts into one user and taking them apart again.
#include <algorithm>

#include "base/encoding.h"
#include "management/support/audit.h"
#include "management/users/fields.h"
#include "management/users/handlers.h"
#include "tokens/verify.h"

namespace durward::management::users {

namespace {

constexpr size_t identities_max = 30;

std::unexpected<Error> refuse(std::string what) {
  return invalid_body("Payload validation error: '" + std::move(what) + "'.");
}

std::string text_of(const json::Object& body, std::string_view key) {
  if (const auto number = json::integer(body, key)) return std::to_string(*number);
  return json::string_or(body, key);
}

// {provider, user_id}: the id with or without the provider before it.
Result<std::string> named_user(const json::Object& body) {
  const std::string provider = json::string_or(body, "provider"), id = text_of(body, "user_id");
  if (provider.empty()) return refuse("Missing required property: provider");
  if (id.empty()) return refuse("Missing required property: user_id");
  return id.starts_with(provider + "|") ? id : provider + "|" + id;
}

bool is_for_client(const json::Object& claims, const std::string& client_id) {
  if (json::string_or(claims, "aud") == client_id) return true;
  const auto audiences = json::strings(claims, "aud");
  return std::ranges::find(audiences, client_id) != audiences.end();
}

// link_with: an ID token of the other account, made by this tenant for the same application, still valid.
Async<std::string> user_of_token(const ports::Services& services, const Call& call, std::string token) {
  CO_TRY(auto keys, co_await services.configuration.keys(call.tenant()));
  if (!keys) co_return refuse("The token of link_with is not valid");
  auto verified = tokens::verify_own_jwt(*keys, token);
  if (!verified) co_return refuse("The token of link_with is not valid");
  const json::Object& claims = verified->payload;
  // OpenID Connect Core §3.1.3.7 steps 2, 3 and 9: issuer, audience, expiry.
  const bool fits = json::string_or(claims, "iss") == call.context.issuer &&
                    is_for_client(claims, call.principal.client_id) &&
                    json::integer_or(claims, "exp", 0) > to_unix_seconds(call.context.now);
  const std::string subject = json::string_or(claims, "sub");
  if (!fits || subject.empty()) co_return refuse("The token of link_with is not valid");
  co_return subject;
}

Async<std::string> secondary_of(const ports::Services& services, const Call& call) {
  const json::Object& body = call.object();
  if (const auto token = json::string(body, "link_with")) {
    if (body.size() > 1) co_return refuse("link_with stands alone");
    co_return co_await user_of_token(services, call, *token);
  }
  // A person may link accounts they can show a token of, and no others.
  CO_ENSURE(check_reach(call, {}, {"update:users"}));
  co_return named_user(body);
}

void absorb(domain::User& primary, const domain::User& secondary) {
  for (domain::Identity identity : secondary.identities) {
    if (identity.profile_data.empty()) {
      identity.profile_data = secondary.profile;
      for (std::string_view name : {"user_metadata", "app_metadata", "blocked"})
        identity.profile_data.erase(name);
    }
    primary.identities.push_back(std::move(identity));
  }
}

Result<> check_link(const domain::User& primary, const domain::User& secondary) {
  if (primary.user_id == secondary.user_id)
    return fail(ErrorKind::invalid, "invalid_body", "Main account and secondary account cannot be the same.");
  if (primary.identities.size() + secondary.identities.size() > identities_max)
    return refuse("A user has at most " + std::to_string(identities_max) + " identities");
  return {};
}

domain::User separated(domain::Identity identity, TimePoint now) {
  domain::User user{.user_id = identity.provider + "|" + identity.user_id,
                    .profile = std::exchange(identity.profile_data, {}),
                    .created_at = now,
                    .updated_at = now};
  user.identities.push_back(std::move(identity));
  return user;
}

}  // namespace

Async<Reply> link(const ports::Services& services, Call call) {
  const std::string& id = call.parameter("id");
  CO_ENSURE(check_reach(call, id, {"update:users"}));
  CO_TRY(const auto secondary_id, co_await secondary_of(services, call));
  CO_TRY(auto primary, co_await load_user(services, call.tenant(), id));
  CO_TRY(const auto secondary, co_await load_user(services, call.tenant(), secondary_id));
  CO_ENSURE(check_link(primary, secondary));
  const domain::User before = primary;
  absorb(primary, secondary);
  primary.updated_at = call.context.now;
  ports::Writes writes;
  writes.push_back(ports::LinkUsers{primary, connections::database::all_identifiers(primary),
                                    secondary.user_id, before, secondary});
  writes.push_back(api_record(services, call));
  auto done = co_await services.committer.commit(call.tenant(), std::move(writes));
  if (!done) co_return std::unexpected(translate(std::move(done).error()));
  co_return ok(linked_identities(primary));
}

Async<Reply> unlink(const ports::Services& services, Options, Call call) {
  const std::string &id = call.parameter("id"), &provider = call.parameter("provider");
  CO_ENSURE(check_reach(call, id, {"update:users"}));
  CO_TRY(auto user, co_await load_user(services, call.tenant(), id));
  const auto found = std::ranges::find_if(user.identities, [&](const domain::Identity& identity) {
    return identity.provider == provider && identity.user_id == call.parameter("user_id");
  });
  if (found == user.identities.end())
    co_return fail(ErrorKind::not_found, "inexistent_identity", "The identity does not exist.");
  if (found == user.identities.begin()) co_return refuse("The primary identity cannot be unlinked");
  const domain::User before = user;
  domain::User other = separated(std::move(*found), call.context.now);
  user.identities.erase(found);
  user.updated_at = call.context.now;
  ports::Writes writes;
  writes.push_back(ports::ReplaceUser{user, connections::database::all_identifiers(user), before});
  writes.push_back(ports::InsertUser{other, connections::database::all_identifiers(other), {}});
  writes.push_back(api_record(services, call));
  auto done = co_await services.committer.commit(call.tenant(), std::move(writes));
  if (!done) co_return std::unexpected(translate(std::move(done).error()));
  co_return ok(linked_identities(user));
}

}  // namespace durward::management::users
