// Users whom the tenant's own code vouches for: found by their id at the connection, created, or changed.
#include <algorithm>

#include "connections/database/foreign_table.h"

namespace durward::connections::database {

namespace {

// What a profile has at its root by the connection's word; the rest (metadata, blocked) is kept elsewhere.
constexpr std::string_view root_attributes[] = {
    "email", "email_verified", "username",    "phone_number", "phone_verified",
    "name",  "given_name",     "family_name", "nickname",     "picture"};
constexpr std::string_view own_strategies[] = {"auth0", "email", "sms"};

// Auth0: of a connection that imports its users only those are known who signed in once.
Result<> check_connection(const domain::Connection& connection) {
  if (std::ranges::find(own_strategies, connection.strategy) != std::end(own_strategies) &&
      !imports_users(connection))
    return {};
  return fail(ErrorKind::invalid, "operation_not_supported",
              "Users of the connection " + connection.name + " cannot be set by their attributes.");
}

bool is_identity(const domain::Identity& identity, const domain::Connection& connection,
                 const std::string& id) {
  return identity.connection == connection.name && identity.user_id == id;
}

bool has_identity(const domain::User& user, const domain::Connection& connection, const std::string& id) {
  return std::ranges::any_of(user.identities,
                             [&](const auto& identity) { return is_identity(identity, connection, id); });
}

void replace_root(json::Object& profile, const json::Object& fresh) {
  for (const auto name : root_attributes) {
    profile.erase(name);
    if (const auto* value = fresh.if_contains(name)) profile[name] = *value;
  }
}

}  // namespace

// A linked identity has no row of its own: its user is found by what people type, if it has any of that.
Async<std::optional<domain::User>> Database::find_identity(domain::TenantId tenant,
                                                           domain::Connection connection,
                                                           NewUser told) const {
  CO_TRY(auto stored, co_await services_.users.find(tenant, connection.strategy + "|" + told.user_id));
  if (stored && has_identity(*stored, connection, told.user_id)) co_return stored;
  // Two connections may count alike: an id of this one must not open the account of a person of another.
  if (stored)
    co_return fail(ErrorKind::invalid, "invalid_profile",
                   "The user_id belongs to a user of another connection.");
  const std::string identifiers[] = {domain::normalise_identifier("email", told.email),
                                     domain::normalise_identifier("username", told.username),
                                     domain::normalise_identifier("phone_number", told.phone_number)};
  for (const auto& identifier : identifiers) {
    if (identifier.empty()) continue;
    CO_TRY(auto found, co_await services_.users.find_by_identifier(tenant, connection.name, identifier));
    if (found && has_identity(found->user, connection, told.user_id)) co_return std::move(found->user);
  }
  co_return std::nullopt;
}

Async<KnownUser> Database::vouched_user(domain::TenantId tenant, domain::Connection connection,
                                        VouchedUser vouched, TimePoint now) const {
  CO_ENSURE(check_connection(connection));
  CO_TRY(auto stored, co_await find_identity(tenant, connection, vouched.profile));
  if (!stored && !vouched.may_create)
    co_return fail(ErrorKind::not_found, "inexistent_user", "The user does not exist.");
  if (stored && !vouched.replaces) co_return KnownUser{std::move(*stored)};
  const std::string id = vouched.profile.user_id;
  CO_TRY(auto made, insert_user(connection, std::move(vouched.profile), now));
  if (!stored) co_return KnownUser{.user = std::move(made.user), .is_new = true};
  KnownUser known{.user = std::move(*stored)};
  // The root of a profile is that of the primary identity.
  if (!is_identity(known.user.identities.front(), connection, id)) co_return known;
  const json::Object before = known.user.profile;
  replace_root(known.user.profile, made.user.profile);
  known.is_changed = known.user.profile != before;
  if (known.is_changed) known.user.updated_at = now;
  co_return known;
}

ports::Write write_of(const KnownUser& known) {
  if (known.is_new) return ports::InsertUser{known.user, all_identifiers(known.user), {}};
  return ports::ReplaceUser{known.user, all_identifiers(known.user)};
}

}  // namespace durward::connections::database
