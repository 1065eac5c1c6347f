// Single-use links for verification and password change, their mails and their log records.
#include "base/encoding.h"
#include "connections/database/foreign_table.h"
#include "connections/database/mails.h"
#include "crypto/hash.h"

namespace durward::connections::database {

namespace {

constexpr size_t secret_bytes = 32;

std::unexpected<Error> bad_ticket() {
  return fail(ErrorKind::invalid, "invalid_ticket",
              "This link is not valid: it was used, replaced or is too old.");
}

std::string user_name(const domain::User& user) {
  for (std::string_view key : {"email", "username", "phone_number"})
    if (auto value = json::string(user.profile, key)) return *value;
  return {};
}

std::string_view strategy_type(const domain::Connection& connection) {
  if (connection.is_database()) return "database";
  if (connection.strategy == "email" || connection.strategy == "sms") return "passwordless";
  return "social";
}

json::Object ticket_data(const domain::User& user, TicketRequest request) {
  json::Object data = std::move(request.extra);
  data["email"] = user.email();
  data["result_url"] = request.result_url;
  data["includeEmailInRedirect"] = request.include_email_in_redirect;
  data["mark_email_as_verified"] = request.mark_email_as_verified;
  if (!request.new_password_hash.empty()) data["new_password_hash"] = request.new_password_hash;
  return data;
}

MailFacts mail_facts(const Scene& scene, const domain::TenantSettings& settings, const Options& options,
                     const domain::Connection& connection, const domain::User& user, Seconds valid,
                     std::string url) {
  return {.to = user.email(),
          .from = options.mail_from,
          .url = std::move(url),
          .tenant_name = scene.tenant.name,
          .product = settings.friendly_name.empty() ? scene.tenant.name : settings.friendly_name,
          .support_email = settings.support_email,
          .valid = valid,
          .about = about(scene, connection, user)};
}

void append(ports::Writes& to, ports::Writes from) {
  for (auto& write : from) to.push_back(std::move(write));
}

}  // namespace

IssuedTicket Database::issue(const Scene& scene, std::string kind, std::string path,
                             const domain::Connection& connection, const domain::User& user,
                             TicketRequest request) const {
  const domain::Handle handle{services_.sequence.next(), services_.random.bytes(secret_bytes)};
  domain::Ticket ticket{.id = handle.id,
                        .secret_sha256 = crypto::sha256(handle.secret),
                        .kind = std::move(kind),
                        .user_id = user.user_id,
                        .client_id = request.client_id,
                        .connection = connection.name,
                        .created_at = scene.now,
                        .expires_at = scene.now + request.ttl};
  ticket.data = ticket_data(user, std::move(request));
  std::string text = handle.to_string();
  std::string url = "https://" + scene.host + path + "?ticket=" + text;
  return {std::move(text), std::move(url), {ports::InsertTicket{std::move(ticket)}}};
}

IssuedTicket Database::verification_ticket(const Scene& scene, const domain::Connection& connection,
                                           const domain::User& user, TicketRequest request) const {
  return issue(scene, "verify_email", "/u/email-verification", connection, user, std::move(request));
}

IssuedTicket Database::reset_ticket(const Scene& scene, const domain::Connection& connection,
                                    const domain::User& user, TicketRequest request) const {
  return issue(scene, "change_password", "/u/reset-verify", connection, user, std::move(request));
}

Async<domain::Ticket> Database::find_ticket(domain::TenantId tenant, std::string text, std::string kind,
                                            TimePoint now) {
  const auto handle = domain::Handle::parse(text, secret_bytes);
  if (!handle) co_return bad_ticket();
  CO_TRY(auto ticket, co_await services_.tickets.find(tenant, handle->id));
  if (!ticket || ticket->kind != kind || ticket->expires_at <= now) co_return bad_ticket();
  if (!crypto::equal_constant_time(ticket->secret_sha256, crypto::sha256(handle->secret)))
    co_return bad_ticket();
  co_return std::move(*ticket);
}

namespace {
// A table of somebody else is told first that the address was proved.
Async<> verify_elsewhere_by_link(const ports::Services& services, domain::TenantId tenant, std::string name,
                                 std::string email) {
  CO_TRY(const auto connection, co_await services.configuration.connection_by_name(tenant, std::move(name)));
  if (!connection || !keeps_passwords_elsewhere(*connection)) co_return Result<>();
  ForeignTable table(services, tenant, *connection);
  if (!table.has("verify")) co_return Result<>();
  CO_TRY(const bool known, co_await table.verify(std::move(email)));
  if (!known) co_return bad_ticket();
  co_return Result<>();
}
}  // namespace

Async<Change> Database::redeem_verification(Scene scene, domain::Ticket ticket) {
  CO_TRY(auto user, co_await services_.users.find(scene.tenant.id, ticket.user_id));
  // The link proves the address it was sent to, not one that was set meanwhile.
  if (!user || user->email() != json::string_or(ticket.data, "email")) co_return bad_ticket();
  CO_ENSURE(co_await verify_elsewhere_by_link(services_, scene.tenant.id, ticket.connection, user->email()));
  Change change = mark_email_verified(std::move(*user), scene.now);
  change.writes.insert(change.writes.begin(), ports::ConsumeTicket{ticket.id});
  domain::Connection connection{.name = ticket.connection, .strategy = "auth0"};
  if (const auto* identity = change.user.identity_in(ticket.connection))
    connection.strategy = identity->provider;
  change.writes.push_back(log(scene, connection, "sv",
                              "Your email was verified. You can continue using the application.",
                              &change.user, {{"email", change.user.email()}}));
  co_return change;
}

Async<Change> Database::redeem_reset(Scene scene, domain::Connection connection, domain::Ticket ticket,
                                     std::string password) {
  CO_TRY(auto user, co_await services_.users.find(scene.tenant.id, ticket.user_id));
  if (!user || user->email() != json::string_or(ticket.data, "email")) co_return bad_ticket();
  Change change{*user, {}};
  if (const auto hash = json::string(ticket.data, "new_password_hash"); hash && password.empty()) {
    if (keeps_passwords_elsewhere(connection))
      co_return fail(ErrorKind::invalid, "invalid_ticket", "The password has to be chosen on this page.");
    const auto policy = domain::PasswordPolicy::from_options(connection.options);
    change.writes.push_back(
        ports::SetPassword{user->user_id, *hash, scene.now, std::max(0, policy.history - 1)});
    append(change.writes, lift_blocks(*user));
    change.user.last_password_reset = scene.now;
  } else {
    CO_TRY(change,
           co_await change_password(scene.tenant.id, connection, *user, std::move(password), scene.now));
  }
  change.writes.insert(change.writes.begin(), ports::ConsumeTicket{ticket.id});
  if (json::boolean_or(ticket.data, "mark_email_as_verified", false)) {
    Change marked = mark_email_verified(change.user, scene.now);
    change.user = std::move(marked.user);
    append(change.writes, std::move(marked.writes));
  }
  append(change.writes, revoke_access(change.user));
  change.writes.push_back(log(scene, connection, "scp",
                              "You can now login to the application with the new password.", &change.user));
  co_return change;
}

ports::Writes Database::send_verification(const Scene& scene, const domain::TenantSettings& settings,
                                          const domain::Connection& connection, const domain::User& user,
                                          TicketRequest request) const {
  const Seconds valid = request.ttl;
  IssuedTicket ticket = verification_ticket(scene, connection, user, std::move(request));
  auto mail =
      render_mail("verify_email", mail_facts(scene, settings, options_, connection, user, valid, ticket.url));
  ticket.writes.push_back(mail_job(services_.sequence.next(), std::move(mail), scene.now));
  ticket.writes.push_back(
      log(scene, connection, "svr", "Verification email sent.", &user, {{"to", user.email()}}));
  return std::move(ticket.writes);
}

ports::Writes Database::send_reset(const Scene& scene, const domain::TenantSettings& settings,
                                   const domain::Connection& connection, const domain::User& user,
                                   TicketRequest request) const {
  const Seconds valid = request.ttl;
  IssuedTicket ticket = reset_ticket(scene, connection, user, std::move(request));
  auto mail =
      render_mail("reset_email", mail_facts(scene, settings, options_, connection, user, valid, ticket.url));
  ticket.writes.push_back(mail_job(services_.sequence.next(), std::move(mail), scene.now));
  ticket.writes.push_back(
      log(scene, connection, "scpr", "Change password request.", &user, {{"to", user.email()}}));
  return std::move(ticket.writes);
}

ports::Writes Database::send_unblock(const Scene& scene, const domain::TenantSettings& settings,
                                     const domain::Connection& connection, const domain::User& user,
                                     BlockedSignIn blocked) const {
  TicketRequest request{.client_id = scene.client_id,
                        .extra = {{"identifier", blocked.identifier}, {"ip", blocked.ip}}};
  const Seconds valid = request.ttl;
  IssuedTicket ticket = issue(scene, "unblock_account", "/u/brute-force-protection-unblock", connection, user,
                              std::move(request));
  auto facts = mail_facts(scene, settings, options_, connection, user, valid, ticket.url);
  facts.address = scene.ip;
  ticket.writes.push_back(
      mail_job(services_.sequence.next(), render_mail("blocked_account", facts), scene.now));
  return std::move(ticket.writes);
}

BlockedSignIn blocked_sign_in(const domain::Ticket& ticket) {
  return {json::string_or(ticket.data, "identifier"), json::string_or(ticket.data, "ip")};
}

Change Database::redeem_unblock(const Scene& scene, const domain::Connection& connection, domain::User user,
                                const domain::Ticket& ticket) const {
  const auto blocked = blocked_sign_in(ticket);
  ports::Writes writes{ports::ConsumeTicket{ticket.id},
                       ports::RemoveBlocks{blocked.identifier, ticket.connection, blocked.ip}};
  writes.push_back(log(scene, connection, "ublkdu", "User login block released", &user));
  return {std::move(user), std::move(writes)};
}

ports::Writes Database::warn_of_address(const Scene& scene, const domain::TenantSettings& settings,
                                        std::string ip) const {
  MailFacts facts =
      mail_facts(scene, settings, options_, domain::Connection(), domain::User(), Seconds(0), "");
  facts.to = settings.support_email;
  facts.support_email.clear();
  facts.address = std::move(ip);
  return {mail_job(services_.sequence.next(), render_mail("blocked_address", facts), scene.now)};
}

ports::AppendLog Database::log(const Scene& scene, const domain::Connection& connection, std::string type,
                               std::string description, const domain::User* user,
                               json::Object details) const {
  domain::LogRecord record{.id = services_.sequence.next(),
                           .date = scene.now,
                           .type = std::move(type),
                           .description = std::move(description),
                           .connection = connection.name,
                           .connection_id = connection.id,
                           .strategy = connection.strategy,
                           .strategy_type = std::string(strategy_type(connection)),
                           .client_id = scene.client_id,
                           .client_name = scene.client_name,
                           .ip = scene.ip,
                           .user_agent = scene.user_agent,
                           .hostname = scene.host,
                           .details = std::move(details)};
  if (user) {
    record.user_id = user->user_id;
    record.user_name = user_name(*user);
  }
  return {std::move(record)};
}

}  // namespace durward::connections::database
