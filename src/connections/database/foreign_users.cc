// Users of connections whose table is somebody else's.
#include "base/encoding.h"
#include "connections/database/foreign_table.h"
#include "domain/entitlements.h"

namespace durward::connections::database {

namespace {

Refused refused(std::string log_type, std::optional<domain::User> user = {}) {
  return {Error{ErrorKind::unauthenticated, "invalid_user_password", "Wrong email or password."},
          std::move(log_type), std::move(user)};
}

// What the table says of somebody who is known here already: the profile follows, the rest stays.
bool follow(domain::User& user, const NewUser& told) {
  const json::Object before = user.profile;
  if (!told.email.empty()) {
    user.profile["email"] = to_lower(trim(told.email));
    user.profile["email_verified"] = told.email_verified;
  }
  if (!told.username.empty()) user.profile["username"] = to_lower(trim(told.username));
  for (const auto& member : told.attributes) user.profile[member.key()] = member.value();
  return user.profile != before;
}

}  // namespace

Async<Change> Database::known_user(domain::TenantId tenant, domain::Connection connection, NewUser told,
                                   TimePoint now) {
  CO_TRY(auto stored, co_await services_.users.find(tenant, connection.strategy + "|" + told.user_id));
  if (!stored) co_return insert_user(connection, std::move(told), now);
  // Two tables may count alike: an id of this one must not open the account of a person of another.
  if (!stored->identity_in(connection.name))
    co_return fail(ErrorKind::invalid, "invalid_profile",
                   "The user_id belongs to a user of another connection.");
  Change change{std::move(*stored), {}};
  const std::string hash = std::move(told.password_hash);
  const domain::User before = change.user;
  if (follow(change.user, told)) {
    change.user.updated_at = now;
    change.writes.push_back(ports::ReplaceUser{change.user, all_identifiers(change.user), before});
  }
  if (!hash.empty()) change.writes.push_back(ports::SetPassword{change.user.user_id, hash, now, 0});
  co_return change;
}

Async<PasswordOutcome> Database::verify_elsewhere(domain::TenantId tenant,
                                                  std::shared_ptr<const domain::Connection> connection,
                                                  std::string identifier, std::string password,
                                                  TimePoint now) {
  ForeignTable table(services_, tenant, *connection);
  CO_TRY(auto answer, co_await table.login(identifier, password));
  if (!answer.profile) co_return PasswordOutcome(std::unexpect, refused(answer.log_type));
  auto told = user_of_profile(*answer.profile);
  if (!told) co_return PasswordOutcome(std::unexpect, refused("f"));
  if (imports_users(*connection)) {
    const auto owner = co_await hash_owner(services_, tenant, connection->strategy + "|" + told->user_id);
    CO_TRY(told->password_hash, co_await services_.hasher.hash(owner, std::move(password)));
  }
  auto change = co_await known_user(tenant, *connection, std::move(*told), now);
  if (!change && change.error().kind == ErrorKind::invalid)
    co_return PasswordOutcome(std::unexpect, refused("f"));
  if (!change) co_return std::unexpected(std::move(change).error());
  if (change->user.blocked())
    co_return PasswordOutcome(std::unexpect,
                              Refused{Error{ErrorKind::forbidden, "unauthorized", "user is blocked"}, "f",
                                      std::move(change->user)});
  co_return PasswordOutcome(Verified{std::move(change->user), std::move(change->writes)});
}

// Auth0: get_user, create, login; the table says what the new user is called.
Async<Change> Database::create_elsewhere(domain::TenantId tenant, domain::Connection connection,
                                         NewUser request, std::string password, TimePoint now) {
  ForeignTable table(services_, tenant, connection);
  json::Object user = request.attributes;
  user["connection"] = connection.name;
  user["password"] = password;
  if (!request.email.empty()) user["email"] = request.email;
  if (!request.username.empty()) user["username"] = request.username;
  if (!request.phone_number.empty()) user["phone_number"] = request.phone_number;
  if (!request.tenant.empty()) user["tenant"] = request.tenant;
  if (!request.client_id.empty()) user["client_id"] = request.client_id;
  CO_ENSURE(co_await table.create(std::move(user)));
  const std::string identifier = request.email.empty() ? request.username : request.email;
  CO_TRY(auto answer, co_await table.login(identifier, std::move(password)));
  if (!answer.profile)
    co_return fail(ErrorKind::internal, "script_failed", "The user directory could not be asked.",
                   "login does not know who was created");
  CO_TRY(auto told, user_of_profile(*answer.profile));
  for (const auto& member : request.attributes) told.attributes.emplace(member.key(), member.value());
  co_return co_await known_user(tenant, std::move(connection), std::move(told), now);
}

Async<> Database::check_absent_elsewhere(domain::TenantId tenant, domain::Connection connection,
                                         std::string email) {
  ForeignTable table(services_, tenant, connection);
  if (email.empty() || !table.has("get_user")) co_return Result<>();
  CO_TRY(const auto known, co_await table.get_user(std::move(email)));
  if (known) co_return fail(ErrorKind::conflict, "user_exists", "The user already exists.", "email");
  co_return Result<>();
}

Async<std::optional<Change>> Database::find_person(domain::TenantId tenant, domain::Connection connection,
                                                   std::string email, TimePoint now) {
  CO_TRY(auto found, co_await services_.users.find_by_identifier(
                         tenant, connection.name, domain::normalise_identifier("email", email)));
  if (found) co_return Change{std::move(found->user), {}};
  ForeignTable table(services_, tenant, connection);
  if (!has_foreign_table(connection) || !table.has("get_user")) co_return std::nullopt;
  CO_TRY(auto profile, co_await table.get_user(std::move(email)));
  if (!profile) co_return std::nullopt;
  CO_TRY(auto told, user_of_profile(*profile));
  CO_TRY(auto change, co_await known_user(tenant, std::move(connection), std::move(told), now));
  co_return change;
}

Async<> Database::remove_elsewhere(domain::TenantId tenant, domain::User user) {
  for (const auto& identity : user.identities) {
    CO_TRY(const auto connection,
           co_await services_.configuration.connection_by_name(tenant, identity.connection));
    if (!connection || !keeps_passwords_elsewhere(*connection)) continue;
    ForeignTable table(services_, tenant, *connection);
    if (table.has("delete")) {
      CO_ENSURE(co_await table.remove(identity.user_id));
    }
  }
  co_return Result<>();
}

Async<> Database::change_identifiers_elsewhere(domain::TenantId tenant, domain::Connection connection,
                                               json::Object before, json::Object after) {
  if (!keeps_passwords_elsewhere(connection)) co_return Result<>();
  ForeignTable table(services_, tenant, connection);
  const auto changed = [&](std::string_view name) {
    return json::string_or(before, name) != json::string_or(after, name) &&
           !json::string_or(before, name).empty();
  };
  const auto absent = [](bool known) -> Result<> {
    if (known) return {};
    return fail(ErrorKind::not_found, "inexistent_user", "The user does not exist in the user directory.");
  };
  if (changed("email")) {
    CO_TRY(const bool known,
           co_await table.change_email(json::string_or(before, "email"), json::string_or(after, "email"),
                                       json::boolean_or(after, "email_verified", false)));
    CO_ENSURE(absent(known));
  }
  if (changed("username")) {
    CO_TRY(const bool known, co_await table.change_username(json::string_or(before, "username"),
                                                            json::string_or(after, "username")));
    CO_ENSURE(absent(known));
  }
  if (changed("phone_number")) {
    CO_TRY(const bool known,
           co_await table.change_phone_number(json::string_or(before, "phone_number"),
                                              json::string_or(after, "phone_number"),
                                              json::boolean_or(after, "phone_verified", false)));
    CO_ENSURE(absent(known));
  }
  co_return Result<>();
}

}  // namespace durward::connections::database
