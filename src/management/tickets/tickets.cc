#include "management/tickets/tickets.h"

#include <algorithm>

#include "management/support/audit.h"
#include "management/support/replies.h"
#include "management/users/handlers.h"

namespace durward::management::tickets {

namespace {

using connections::database::Database;
using connections::database::TicketRequest;
using endpoint::Field;
using endpoint::RateClass;
using endpoint::Type;

constexpr Seconds default_ttl{432000}, ttl_max{30 * 86400};

#define DURWARD_TICKET_FIELDS                                                                                \
  {.path = "result_url", .max = 2048, .format = "url"}, {.path = "client_id", .min = 1, .max = 64},          \
      {.path = "organization_id", .min = 1, .max = 64},                                                      \
      {.path = "ttl_sec", .type = Type::integer, .min = 0, .max = 2147483647},                               \
      {.path = "includeEmailInRedirect", .type = Type::boolean}, {.path = "identity", .type = Type::object}, \
      {.path = "identity.user_id", .flags = endpoint::required, .min = 1, .max = 300},                       \
      {.path = "identity.provider", .flags = endpoint::required, .min = 1, .max = 128},                      \
      {.path = "identity.connection_id", .format = "/^con_[A-Za-z0-9]{16}$/"}

constexpr Field verification_fields[] = {
    {.path = "user_id", .flags = endpoint::required, .min = 1, .max = 300},
    DURWARD_TICKET_FIELDS,
};
constexpr Field change_fields[] = {
    {.path = "user_id", .min = 1, .max = 300},
    {.path = "email", .format = "email"},
    {.path = "connection_id", .format = "/^con_[A-Za-z0-9]{16}$/"},
    {.path = "mark_email_as_verified", .type = Type::boolean},
    {.path = "new_password", .flags = endpoint::secret, .min = 1, .max = 4096},
    DURWARD_TICKET_FIELDS,
};
#undef DURWARD_TICKET_FIELDS
constexpr Field job_fields[] = {
    {.path = "user_id", .flags = endpoint::required, .min = 1, .max = 300},
    {.path = "client_id", .min = 1, .max = 64},
    {.path = "organization_id", .min = 1, .max = 64},
    {.path = "identity", .type = Type::object},
    {.path = "identity.user_id", .flags = endpoint::required, .min = 1, .max = 300},
    {.path = "identity.provider", .flags = endpoint::required, .min = 1, .max = 128},
    {.path = "identity.connection_id", .format = "/^con_[A-Za-z0-9]{16}$/"},
};
constexpr Field ticket_fields[] = {{.path = "ticket", .format = "url"}};

const endpoint::Schema& verification_schema() {
  static const endpoint::Schema schema("VerificationTicketRequest", verification_fields);
  return schema;
}
const endpoint::Schema& change_schema() {
  static const endpoint::Schema schema("PasswordTicketRequest", change_fields);
  return schema;
}
const endpoint::Schema& job_schema() {
  static const endpoint::Schema schema("VerificationMailRequest", job_fields);
  return schema;
}
const endpoint::Schema& ticket_schema() {
  static const endpoint::Schema schema("Ticket", ticket_fields);
  return schema;
}

std::unexpected<Error> refuse(std::string what) {
  return invalid_body("Payload validation error: '" + std::move(what) + "'.");
}

TicketRequest request_of(const json::Object& body) {
  TicketRequest out{.client_id = json::string_or(body, "client_id"),
                    .result_url = json::string_or(body, "result_url"),
                    .include_email_in_redirect = json::boolean_or(body, "includeEmailInRedirect", false),
                    .mark_email_as_verified = json::boolean_or(body, "mark_email_as_verified", false)};
  const Seconds ttl{json::integer_or(body, "ttl_sec", 0)};
  out.ttl = ttl.count() == 0 ? default_ttl : std::min(ttl, ttl_max);
  if (const auto organization = json::string(body, "organization_id"))
    out.extra["organization_id"] = *organization;
  return out;
}

// The identity the ticket is about: the one that is named, else the primary one.
Result<domain::Identity> identity_of(const domain::User& user, const json::Object& body) {
  if (user.identities.empty()) return refuse("The user has no identity");
  const auto* named = json::object(body, "identity");
  if (!named) return user.identities.front();
  for (const auto& identity : user.identities)
    if (identity.provider == json::string_or(*named, "provider") &&
        identity.user_id == json::string_or(*named, "user_id"))
      return identity;
  return refuse("The user has no such identity");
}

Result<> check_email(const domain::User& user) {
  if (user.email().empty()) return refuse("The user has no e-mail address");
  return {};
}

// A client that is named must exist: the ticket sends people back to it.
Async<> check_client(const ports::Services& services, domain::TenantId tenant, std::string client_id) {
  if (client_id.empty()) co_return Result<>();
  CO_TRY(auto client, co_await services.configuration.client(tenant, std::move(client_id)));
  if (!client) co_return fail(ErrorKind::not_found, "inexistent_client", "The client does not exist.");
  co_return Result<>();
}

struct Subject {
  domain::User user;
  domain::Connection connection;
};

Async<Subject> subject_of(const ports::Services& services, const Call& call, domain::User user) {
  CO_TRY(auto identity, identity_of(user, call.object()));
  CO_TRY(auto connection, co_await users::connection_of(services, call.tenant(), std::move(identity)));
  CO_ENSURE(check_email(user));
  CO_ENSURE(co_await check_client(services, call.tenant(), json::string_or(call.object(), "client_id")));
  co_return Subject{std::move(user), std::move(connection)};
}

// user_id, or email with connection_id.
Async<domain::User> user_of(const ports::Services& services, const Call& call) {
  const json::Object& body = call.object();
  const auto user_id = json::string(body, "user_id"), email = json::string(body, "email");
  if (user_id.has_value() == email.has_value()) co_return refuse("Give either user_id or email");
  if (user_id) co_return co_await users::load_user(services, call.tenant(), *user_id);
  const std::string connection_id = json::string_or(body, "connection_id");
  if (connection_id.empty()) co_return refuse("Missing required property: connection_id");
  CO_TRY(auto document,
         co_await services.documents.find(call.tenant(), ports::Collection::connections, connection_id));
  if (!document)
    co_return fail(ErrorKind::not_found, "inexistent_connection", "The connection does not exist.");
  CO_TRY(auto found,
         co_await services.users.find_by_email(call.tenant(), domain::normalise_identifier("email", *email)));
  const std::string name = json::string_or(document->body, "name");
  for (auto& user : found)
    if (user.identity_in(name)) co_return std::move(user);
  co_return std::unexpected(users::no_such_user());
}

Async<Reply> issued(const ports::Services& services, Call call, connections::database::IssuedTicket ticket) {
  ticket.writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(ticket.writes)));
  co_return ok(json::Object{{"ticket", ticket.url}});
}

Async<Reply> verification(const ports::Services& services, Options options, Call call) {
  CO_TRY(auto user,
         co_await users::load_user(services, call.tenant(), json::string_or(call.object(), "user_id")));
  CO_TRY(auto subject, co_await subject_of(services, call, std::move(user)));
  const Database database(services, std::move(options));
  auto ticket = database.verification_ticket(users::scene_of(call), subject.connection, subject.user,
                                             request_of(call.object()));
  co_return co_await issued(services, std::move(call), std::move(ticket));
}

// A password that was chosen beforehand keeps the same rules and is stored hashed only.
Async<std::string> chosen_hash(const ports::Services& services, domain::TenantId tenant,
                               domain::Connection connection, domain::User user, std::string password) {
  const auto policy = domain::PasswordPolicy::from_options(connection.options);
  auto checked = domain::check_password(policy, password, user.profile);
  if (!checked) co_return std::unexpected(users::translate_password(std::move(checked).error()));
  const auto owner = co_await connections::database::hash_owner(services, tenant, user.user_id);
  co_return co_await services.hasher.hash(owner, std::move(password));
}

Async<Reply> password_change(const ports::Services& services, Options options, Call call) {
  CO_TRY(auto user, co_await user_of(services, call));
  CO_TRY(auto subject, co_await subject_of(services, call, std::move(user)));
  if (!subject.connection.is_database())
    co_return fail(ErrorKind::invalid, "operation_not_supported",
                   "Only users of database connections have a password here.");
  TicketRequest request = request_of(call.object());
  if (const auto password = json::string(call.object(), "new_password")) {
    CO_TRY(request.new_password_hash,
           co_await chosen_hash(services, call.tenant(), subject.connection, subject.user, *password));
  }
  const Database database(services, std::move(options));
  auto ticket =
      database.reset_ticket(users::scene_of(call), subject.connection, subject.user, std::move(request));
  co_return co_await issued(services, std::move(call), std::move(ticket));
}

// The mail is sent by a job of the worker; the job object of the reply cannot be read back later.
Async<Reply> verification_mail(const ports::Services& services, Options options, Call call) {
  CO_TRY(auto user,
         co_await users::load_user(services, call.tenant(), json::string_or(call.object(), "user_id")));
  CO_TRY(auto subject, co_await subject_of(services, call, std::move(user)));
  CO_TRY(auto settings, co_await services.configuration.settings(call.tenant()));
  const domain::TenantSettings none;
  const Database database(services, std::move(options));
  TicketRequest request = request_of(call.object());
  const std::string client_id = request.client_id;
  auto writes = database.send_verification(users::scene_of(call, client_id), settings ? *settings : none,
                                           subject.connection, subject.user, std::move(request));
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return ok(json::Object{{"type", "verification_email"},
                            {"status", "pending"},
                            {"created_at", to_iso8601(call.context.now)},
                            {"id", "job_" + services.random.base62(16)}});
}

template <auto Function>
endpoint::ManagementHandler with_options(const ports::Services& services, Options options) {
  return [&services, options = std::move(options)](Call call) {
    return Function(services, options, std::move(call));
  };
}

}  // namespace

std::vector<endpoint::Endpoint> rows(const ports::Services& services) { return rows(services, Options()); }

std::vector<endpoint::Endpoint> rows(const ports::Services& services, Options options) {
  return {
      {.id = "create_verification_ticket",
       .method = http::Method::post,
       .path = "/api/v2/tickets/email-verification",
       .tag = "tickets",
       .summary = "Create an email verification ticket",
       .scopes = {"create:user_tickets"},
       .rate = RateClass::management_write,
       .success = 201,
       .body = &verification_schema(),
       .reply = &ticket_schema(),
       .handler = with_options<verification>(services, options)},
      {.id = "create_password_ticket",
       .method = http::Method::post,
       .path = "/api/v2/tickets/password-change",
       .tag = "tickets",
       .summary = "Create a password change ticket",
       .scopes = {"create:user_tickets"},
       .rate = RateClass::management_write,
       .success = 201,
       .body = &change_schema(),
       .reply = &ticket_schema(),
       .handler = with_options<password_change>(services, options)},
      {.id = "send_verification_mail",
       .method = http::Method::post,
       .path = "/api/v2/jobs/verification-email",
       .tag = "jobs",
       .summary = "Send an email verification message",
       .scopes = {"update:users"},
       .rate = RateClass::management_write,
       .success = 201,
       .body = &job_schema(),
       .handler = with_options<verification_mail>(services, options)},
  };
}

}  // namespace durward::management::tickets
