#pragma once
#include <expected>
#include <optional>
#include <string>

#include "base/task.h"
#include "domain/connection.h"
#include "domain/log_record.h"
#include "domain/password_policy.h"
#include "domain/user.h"
#include "ports/services.h"

// Users whose passwords this installation keeps: connections of strategy "auth0".
namespace durward::connections::database {

// Who asks, for log records, links and mails.
struct Scene {
  domain::Tenant tenant;
  std::string host;  // of links, with the port unless it is the default
  std::string ip, user_agent;
  std::string client_id, client_name;  // the application, when there is one
  TimePoint now;
};

// A right password of a user who is not blocked, and nothing else.
struct Verified {
  domain::User user;
  ports::Writes writes;  // a stronger hash, for the commit of the login; usually empty
};

// Why not. `error` is unauthenticated/"invalid_user_password" ("Wrong email or password.", the same for
// unknown users) or forbidden/"unauthorized" ("user is blocked"); faces translate the code. The rest is for
// the log and for counters, never for the answer.
struct Refused {
  Error error;
  std::string log_type;              // "fu" unknown user, "fp" wrong password, "f" blocked
  std::optional<domain::User> user;  // absent for unknown users
};
using PasswordOutcome = std::expected<Verified, Refused>;

// A changed user and the writes that make it so: the caller appends them to the one commit of its request.
struct Change {
  domain::User user;
  ports::Writes writes;
};

struct NewUser {
  std::string user_id;  // without provider; empty: made
  std::string email, username, phone_number;
  std::string password;       // empty: none (imports, tickets)
  std::string password_hash;  // instead of a password, taken as it is
  bool email_verified = false;
  std::optional<bool> phone_verified;
  json::Object attributes;        // name, nickname, given_name, family_name, picture, blocked, metadata
  std::string tenant, client_id;  // where and by whose application, for a create script; empty: not told
};

// Somebody whom the tenant's own code vouches for: `profile` has a user_id and no password.
struct VouchedUser {
  NewUser profile;
  bool may_create = false, replaces = false;  // the root attributes of somebody who is known
};
// The user, and what has to be written: InsertUser or ReplaceUser (`write_of`), or nothing.
struct KnownUser {
  domain::User user;
  bool is_new = false, is_changed = false;
};

struct Options {
  // Pictures of users that bring none: avatar_base + md5(e-mail) + "?s=480&r=pg&d=" + initials_base +
  // "ab.png".
  std::string avatar_base = "https://s.gravatar.com/avatar/";
  std::string initials_base = "https://cdn.auth0.com/avatars/";
  std::string mail_from = "Durward <no-reply@localhost>";
};

struct TicketRequest {
  std::string client_id, result_url;
  Seconds ttl{432000};
  bool include_email_in_redirect = false;
  bool mark_email_as_verified = false;  // of a password change
  std::string new_password_hash;        // of a password change that was chosen beforehand
  json::Object extra;                   // further members of Ticket::data
};

// What somebody may unblock by mail: as in domain::Block.
struct BlockedSignIn {
  std::string identifier, ip;
};
BlockedSignIn blocked_sign_in(const domain::Ticket& ticket);

struct IssuedTicket {
  std::string text;  // the secret value of the link: never logged
  std::string url;
  ports::Writes writes;
};

// Thread-safe; keeps references to services, which outlive every request. Methods that return writes write
// nothing themselves.
class Database {
 public:
  explicit Database(const ports::Services& services, Options options = {});

  // One user read and one verification, for unknown users too. `identifier` is what the person typed: an
  // e-mail, a username or a phone number. Outer error: unavailable only.
  Async<PasswordOutcome> verify_password(domain::TenantId tenant,
                                         std::shared_ptr<const domain::Connection> connection,
                                         std::string identifier, std::string password);

  // Profile defaults, username and e-mail rules, password policy, hash. Errors: invalid/"invalid_body" for
  // attributes, the codes of domain/password_policy.h, unavailable. A taken identifier shows at the commit:
  // conflict/"user_exists".
  Async<Change> create_user(domain::TenantId tenant, domain::Connection connection, NewUser request,
                            TimePoint now);
  // The same without password policy, hash and username rule: imports and seeds bring their hash in
  // `password_hash`.
  Result<Change> insert_user(const domain::Connection& connection, NewUser request, TimePoint now) const;

  // The user with this id at the connection, also as a linked identity; a new one when that may be. Two or
  // three reads. Errors: not_found/"inexistent_user"; invalid/"invalid_body" for attributes;
  // invalid/"invalid_profile" for an id of another connection; invalid/"operation_not_supported" where
  // somebody else makes the users: a provider, or a table that is being imported.
  Async<KnownUser> vouched_user(domain::TenantId tenant, domain::Connection connection, VouchedUser vouched,
                                TimePoint now) const;

  // Policy with history, hash, SetPassword. The caller decides about sessions (see revoke_access).
  // Errors: the codes of domain/password_policy.h and invalid/"PasswordHistoryError"; not_found.
  Async<Change> change_password(domain::TenantId tenant, domain::Connection connection, domain::User user,
                                std::string password, TimePoint now);

  // `user` with email_verified, as ReplaceUser; no writes when it is already so.
  Change mark_email_verified(domain::User user, TimePoint now) const;
  // Ends sessions and refresh tokens of the user: after a password change or a reset.
  static ports::Writes revoke_access(const domain::User& user);

  // https://{host}/u/email-verification?ticket=… and https://{host}/u/reset-verify?ticket=….
  IssuedTicket verification_ticket(const Scene& scene, const domain::Connection& connection,
                                   const domain::User& user, TicketRequest request) const;
  IssuedTicket reset_ticket(const Scene& scene, const domain::Connection& connection,
                            const domain::User& user, TicketRequest request) const;
  // A live ticket of this kind ("verify_email", "change_password") for the text of a link.
  // Error: invalid/"invalid_ticket", whatever is wrong with it.
  Async<domain::Ticket> find_ticket(domain::TenantId tenant, std::string text, std::string kind,
                                    TimePoint now);
  // Consumes a verification ticket: the address is verified unless it changed since the ticket was made.
  // Writes end with the log record "sv". Errors: invalid/"invalid_ticket".
  Async<Change> redeem_verification(Scene scene, domain::Ticket ticket);
  // Consumes a reset ticket: new password, verified address when the ticket says so, sessions and refresh
  // tokens revoked. Writes end with the log record "scp". An empty `password` takes the one chosen when the
  // ticket was made. Errors: as change_password, invalid/"invalid_ticket".
  Async<Change> redeem_reset(Scene scene, domain::Connection connection, domain::Ticket ticket,
                             std::string password);

  // The ticket, the mail job and the log record "svr" or "scpr", ready to be committed.
  ports::Writes send_verification(const Scene& scene, const domain::TenantSettings& settings,
                                  const domain::Connection& connection, const domain::User& user,
                                  TicketRequest request) const;
  ports::Writes send_reset(const Scene& scene, const domain::TenantSettings& settings,
                           const domain::Connection& connection, const domain::User& user,
                           TicketRequest request) const;

  // Ticket and mail for somebody whose sign-in is blocked after too many wrong passwords:
  // https://{host}/u/brute-force-protection-unblock?ticket=….
  ports::Writes send_unblock(const Scene& scene, const domain::TenantSettings& settings,
                             const domain::Connection& connection, const domain::User& user,
                             BlockedSignIn blocked) const;
  // Consumes such a ticket ("unblock_account"): the block ends. Writes end with the log record "ublkdu".
  Change redeem_unblock(const Scene& scene, const domain::Connection& connection, domain::User user,
                        const domain::Ticket& ticket) const;
  // Ends every block of the user's identifiers: after a password change.
  static ports::Writes lift_blocks(const domain::User& user);
  // A mail to the tenant's support address about an address that is refused.
  ports::Writes warn_of_address(const Scene& scene, const domain::TenantSettings& settings,
                                std::string ip) const;

  // A record of the tenant log about a user of this connection: "ss", "fs", "sv", "scp", "fcp" ...
  ports::AppendLog log(const Scene& scene, const domain::Connection& connection, std::string type,
                       std::string description, const domain::User* user, json::Object details = {}) const;

  // Commits what a change needs and returns its user.
  Async<domain::User> commit(domain::TenantId tenant, Change change);

  // --- connections whose users are in somebody else's table (foreign_table.h)

  // Who has this address, here or there; somebody who is only there comes with the writes that keep them
  // here, without a password. Errors: of the scripts.
  Async<std::optional<Change>> find_person(domain::TenantId tenant, domain::Connection connection,
                                           std::string email, TimePoint now);
  // Before a user is removed here, and before identifiers change here. Nothing for other connections.
  Async<> remove_elsewhere(domain::TenantId tenant, domain::User user);
  Async<> change_identifiers_elsewhere(domain::TenantId tenant, domain::Connection connection,
                                       json::Object before, json::Object after);

  std::string avatar_url(std::string_view email, std::string_view name) const;
  const Options& options() const { return options_; }

 private:
  Async<> check_history(domain::TenantId tenant, domain::PasswordPolicy policy, std::string user_id,
                        std::string password);
  IssuedTicket issue(const Scene& scene, std::string kind, std::string path,
                     const domain::Connection& connection, const domain::User& user,
                     TicketRequest request) const;
  Async<std::optional<domain::User>> find_identity(domain::TenantId tenant, domain::Connection connection,
                                                   NewUser told) const;
  Async<Change> known_user(domain::TenantId tenant, domain::Connection connection, NewUser told,
                           TimePoint now);
  Async<PasswordOutcome> verify_elsewhere(domain::TenantId tenant,
                                          std::shared_ptr<const domain::Connection> connection,
                                          std::string identifier, std::string password, TimePoint now);
  Async<Change> create_elsewhere(domain::TenantId tenant, domain::Connection connection, NewUser request,
                                 std::string password, TimePoint now);
  Async<> check_absent_elsewhere(domain::TenantId tenant, domain::Connection connection, std::string email);

  ports::Services services_;
  Options options_;
};

// How passwords of this user are hashed: what the tenant is entitled to, unless a flag says otherwise. An
// empty `user_id` is a user to come.
Task<ports::HashOwner> hash_owner(const ports::Services& services, domain::TenantId tenant,
                                  std::string user_id);
// Whether people may make accounts by themselves: the connection allows it and the flag `signup` is on.
Task<bool> takes_signups(const ports::Services& services, domain::TenantId tenant,
                         domain::Connection connection);
// E-mail and username as the connection wants them. Errors: invalid/"invalid_body".
Result<> check_email(std::string_view email);
Result<> check_username(const domain::Connection& connection, std::string_view username);
// 24 hex characters, the first eight from the clock: the ids Auth0's own database gives.
std::string new_user_id(Random& random, TimePoint now);
ports::Write write_of(const KnownUser& known);
// Every identifier the user occupies, over all identities.
std::vector<domain::Identifier> all_identifiers(const domain::User& user);

}  // namespace durward::connections::database
