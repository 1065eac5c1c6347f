// Checking and changing passwords.
#include "base/encoding.h"
#include "connections/database/foreign_table.h"
#include "domain/entitlements.h"

namespace durward::connections::database {

namespace {

Refused refused(std::string log_type, std::optional<domain::User> user) {
  return {Error{ErrorKind::unauthenticated, "invalid_user_password", "Wrong email or password."},
          std::move(log_type), std::move(user)};
}

Refused refused_as_blocked(domain::User user) {
  return {Error{ErrorKind::forbidden, "unauthorized", "user is blocked"}, "f", std::move(user)};
}

}  // namespace

Task<ports::HashOwner> hash_owner(const ports::Services& services, domain::TenantId tenant,
                                  std::string user_id) {
  ports::HashOwner owner{.tenant = tenant};
  if (const auto entitled = co_await services.configuration.entitlements(tenant))
    owner.scheme = (*entitled)->password_scheme;
  const auto set =
      co_await services.flags.resolve("password-scheme", {.tenant = tenant, .targeting_key = user_id});
  if (set.variant == "bcrypt") owner.scheme = domain::PasswordScheme::bcrypt;
  if (set.variant == "argon2id") owner.scheme = domain::PasswordScheme::argon2id;
  co_return owner;
}

Database::Database(const ports::Services& services, Options options)
    : services_(services), options_(std::move(options)) {}

Async<PasswordOutcome> Database::verify_password(domain::TenantId tenant,
                                                 std::shared_ptr<const domain::Connection> connection,
                                                 std::string identifier, std::string password) {
  if (keeps_passwords_elsewhere(*connection))
    co_return co_await verify_elsewhere(tenant, std::move(connection), std::move(identifier),
                                        std::move(password), services_.clock.now());
  CO_TRY(auto found,
         co_await services_.users.find_by_identifier(tenant, connection->name, to_lower(trim(identifier))));
  const bool has_password = found && !found->password_hash.empty();
  if (!has_password && imports_users(*connection))
    co_return co_await verify_elsewhere(tenant, std::move(connection), std::move(identifier),
                                        std::move(password), services_.clock.now());
  const std::string hash = has_password ? found->password_hash : services_.hasher.dummy_hash();
  const auto owner = co_await hash_owner(services_, tenant, found ? found->user.user_id : "");
  CO_TRY(const bool right, co_await services_.hasher.verify(owner, password, hash));
  if (!found) co_return PasswordOutcome(std::unexpect, refused("fu", {}));
  if (!right || !has_password)
    co_return PasswordOutcome(std::unexpect, refused("fp", std::move(found->user)));
  // Only who knows the password learns that the user is blocked.
  if (found->user.blocked())
    co_return PasswordOutcome(std::unexpect, refused_as_blocked(std::move(found->user)));

  Verified verified{.user = std::move(found->user)};
  // With linked identities the hash may be of another one than SetPassword would change.
  if (verified.user.identities.size() == 1 && services_.hasher.needs_rehash(owner.scheme, hash)) {
    const int history = domain::PasswordPolicy::from_options(connection->options).history;
    // A queue without room for it must not refuse a right password: the next sign-in tries again.
    if (auto better = co_await services_.hasher.hash(owner, password))
      verified.writes.push_back(
          ports::SetPassword{.user_id = verified.user.user_id,
                             .password_hash = *std::move(better),
                             .at = verified.user.last_password_reset.value_or(verified.user.created_at),
                             .history = std::max(0, history - 1),
                             .rehash = true});
  }
  co_return PasswordOutcome(std::move(verified));
}

Async<> Database::check_history(domain::TenantId tenant, domain::PasswordPolicy policy, std::string user_id,
                                std::string password) {
  if (policy.history <= 0) co_return Result<>();
  CO_TRY(auto stored, co_await services_.users.find_with_password(tenant, std::move(user_id)));
  if (!stored) co_return fail(ErrorKind::not_found, "inexistent_user", "The user does not exist.");
  std::vector<std::string> hashes{stored->password_hash};
  hashes.insert(hashes.end(), stored->earlier_hashes.begin(), stored->earlier_hashes.end());
  if (hashes.size() > size_t(policy.history)) hashes.resize(size_t(policy.history));
  for (const std::string& hash : hashes) {
    if (hash.empty()) continue;
    CO_TRY(const bool same, co_await services_.hasher.verify({.tenant = tenant}, password, hash));
    if (same) co_return fail(ErrorKind::invalid, "PasswordHistoryError", "Password has previously been used");
  }
  co_return Result<>();
}

Async<Change> Database::change_password(domain::TenantId tenant, domain::Connection connection,
                                        domain::User user, std::string password, TimePoint now) {
  const auto policy = domain::PasswordPolicy::from_options(connection.options);
  CO_ENSURE(domain::check_password(policy, password, user.profile));
  if (keeps_passwords_elsewhere(connection)) {
    ForeignTable table(services_, tenant, connection);
    const std::string identifier =
        user.email().empty() ? json::string_or(user.profile, "username") : user.email();
    CO_TRY(const bool known, co_await table.change_password(identifier, std::move(password)));
    if (!known)
      co_return fail(ErrorKind::not_found, "inexistent_user",
                     "The user does not exist in the user directory.");
    user.last_password_reset = now;
    auto writes = lift_blocks(user);
    co_return Change{std::move(user), std::move(writes)};
  }
  CO_ENSURE(co_await check_history(tenant, policy, user.user_id, password));
  const auto owner = co_await hash_owner(services_, tenant, user.user_id);
  CO_TRY(auto hash, co_await services_.hasher.hash(owner, std::move(password)));
  ports::Writes writes{ports::SetPassword{.user_id = user.user_id,
                                          .password_hash = std::move(hash),
                                          .at = now,
                                          .history = std::max(0, policy.history - 1)}};
  for (auto& write : lift_blocks(user)) writes.push_back(std::move(write));
  user.last_password_reset = now;
  co_return Change{std::move(user), std::move(writes)};
}

ports::Writes Database::lift_blocks(const domain::User& user) {
  ports::Writes writes;
  for (const auto& identifier : all_identifiers(user))
    writes.push_back(ports::RemoveBlocks{identifier.value, identifier.connection});
  return writes;
}

Change Database::mark_email_verified(domain::User user, TimePoint now) const {
  if (user.email_verified()) return {std::move(user), {}};
  domain::User before = user;
  user.profile["email_verified"] = true;
  user.updated_at = now;
  auto identifiers = all_identifiers(user);
  ports::Writes writes{ports::ReplaceUser{user, std::move(identifiers), std::move(before)}};
  return {std::move(user), std::move(writes)};
}

ports::Writes Database::revoke_access(const domain::User& user) {
  return {ports::RemoveSessionsOf{user.user_id}, ports::RevokeRefreshTokensOf{user.user_id, {}, {}}};
}

Async<domain::User> Database::commit(domain::TenantId tenant, Change change) {
  CO_ENSURE(co_await services_.committer.commit(tenant, std::move(change.writes)));
  co_return std::move(change.user);
}

}  // namespace durward::connections::database
