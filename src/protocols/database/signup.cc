#include "protocols/database/signup.h"

#include <algorithm>
#include <memory>

#include "connections/database/breached.h"
#include "domain/password_policy.h"
#include "login/limits.h"
#include "login/protection.h"
#include "login/registration.h"
#include "login/session_cookie.h"
#include "protocols/cors.h"
#include "protocols/database/challenges.h"
#include "protocols/reply.h"
#include "standards/oauth/errors.h"

namespace durward::protocols::database {

namespace {

namespace source = connections::database;
using ClientPtr = std::shared_ptr<const domain::Client>;

// One request to an embedded form's endpoint; lives in the handler's frame.
struct Form {
  Parts parts;
  endpoint::RequestContext context;
  Body body;
  ClientPtr client;
  std::string password_problem;  // the whole error body of a weak password
  ports::Writes scripted;        // what scripts did, also when the account is refused

  const ports::Services& services() const { return parts.services; }
  domain::TenantId tenant() const { return context.tenant->id; }
};

std::unexpected<Error> invalid(std::string code, std::string text) {
  return fail(ErrorKind::invalid, std::move(code), std::move(text));
}

// ---- what both share

Async<> find_client(Form& form) {
  CO_TRY(form.client,
         co_await form.services().configuration.client(form.tenant(), form.body.get("client_id")));
  if (!form.client) co_return invalid("invalid_request", "Unknown client.");
  co_return Result<>();
}

std::unexpected<Error> no_connection() { return invalid("invalid_request", "connection not found"); }

// One of the client's, by the same rule as on the pages: third parties have the domain-level ones.
Async<domain::Connection> find_connection_of_client(Form& form, std::string name) {
  CO_TRY(auto connections,
         co_await form.services().configuration.connections_of(form.tenant(), form.client->client_id));
  if (connections)
    for (const auto& connection : *connections)
      if (connection.is_database() && connection.name == name) co_return connection;
  co_return no_connection();
}

Async<domain::Connection> find_connection(Form& form) {
  const std::string name = form.body.get("connection");
  if (form.client) co_return co_await find_connection_of_client(form, name);
  CO_TRY(auto connection, co_await form.services().configuration.connection_by_name(form.tenant(), name));
  if (!connection || !connection->is_database()) co_return no_connection();
  co_return *connection;
}

source::Scene scene_of(const Form& form) {
  const auto& context = form.context;
  return {*context.tenant,
          context.link_host,
          context.ip,
          context.user_agent,
          form.client ? form.client->client_id : std::string(),
          form.client ? form.client->name : std::string(),
          context.now};
}

void append(ports::Writes& to, ports::Writes from) {
  for (auto& write : from) to.push_back(std::move(write));
}

std::string identifier_of(const Body& body) {
  for (const std::string_view name : {"email", "username", "phone_number"})
    if (auto value = body.get(name); !value.empty()) return value;
  return {};
}

// Who may not go on is recorded, and told so whether there is an account or not.
Async<> admit(Form& form, login::Stage stage, domain::Connection connection, std::string identifier) {
  const auto& database = form.parts.database;
  const login::Protection protection(form.services(), database);
  const auto scene = scene_of(form);
  CO_TRY(auto admission,
         co_await protection.admit({.stage = stage,
                                    .scene = scene,
                                    .connection = std::make_shared<const domain::Connection>(connection),
                                    .identifier = identifier}));
  if (admission) co_return Result<>();
  login::Barred barred = std::move(admission.error());
  auto record = database.log(scene, connection, barred.log_type, barred.error.message, nullptr);
  record.record.user_name = identifier.substr(0, 320);
  barred.writes.push_back(std::move(record));
  const auto committed = co_await form.services().committer.commit(form.tenant(), std::move(barred.writes));
  co_await protection.settle(std::move(barred.permit), committed.has_value());
  co_return std::unexpected(std::move(barred.error));
}

// ---- sign-up

struct TextLimit {
  std::string_view name;
  size_t max;
};
constexpr TextLimit text_limits[] = {
    {"given_name", 150}, {"family_name", 150}, {"name", 300}, {"nickname", 300}, {"picture", 2048}};
constexpr size_t metadata_keys_max = 10, metadata_key_max = 100, metadata_value_max = 500;

size_t characters(std::string_view utf8) {
  return size_t(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (uint8_t(c) & 0xc0) != 0x80; }));
}

Result<> check_metadata(const json::Object& metadata) {
  if (metadata.size() > metadata_keys_max)
    return invalid("invalid_request", "user_metadata may have 10 properties at most.");
  for (const auto& member : metadata) {
    const auto* text = member.value().if_string();
    if (characters(member.key()) > metadata_key_max || !text || characters(*text) > metadata_value_max)
      return invalid("invalid_request", "user_metadata must be strings of 500 characters at most.");
  }
  return {};
}

source::NewUser new_user_of(const Body& body, json::Object attributes) {
  source::NewUser user;
  user.email = body.get("email");
  user.username = body.get("username");
  user.phone_number = body.get("phone_number");
  user.password = body.get("password");
  user.attributes = std::move(attributes);
  return user;
}

// A weak password is answered with the rules it breaks.
Error explain(Form& form, const domain::Connection& connection, Error error) {
  if (error.code == "PasswordStrengthError")
    form.password_problem = json::serialize(domain::password_strength_body(
        domain::PasswordPolicy::from_options(connection.options), form.body.get("password")));
  return error;
}

// Whether a taken address or name is told is the tenant's choice: by default the answer stays vague.
Async<Error> taken(Form& form, std::string what) {
  CO_TRY(auto settings, co_await form.services().configuration.settings(form.tenant()));
  if (!settings || !settings->public_signup_user_exists_error)
    co_return Error{ErrorKind::invalid, "invalid_signup", "Invalid sign up", {}};
  if (what == "username")
    co_return Error{ErrorKind::invalid, "username_exists", "The username already exists.", {}};
  co_return Error{ErrorKind::invalid, "user_exists", "The user already exists.", {}};
}

json::Object created_reply(const Form& form, const domain::User& user) {
  const size_t bar = user.user_id.find('|');
  json::Object reply{{"_id", user.user_id.substr(bar == std::string::npos ? 0 : bar + 1)},
                     {"email_verified", user.email_verified()}};
  for (const std::string_view name : {"email", "username", "phone_number"})
    if (auto value = json::string(user.profile, name)) reply[name] = *value;
  for (const auto& [name, max] : text_limits)
    if (const auto* value = form.body.members().if_contains(name)) reply[name] = *value;
  if (const auto* metadata = json::object(form.body.members(), "user_metadata"))
    reply["user_metadata"] = *metadata;
  return reply;
}

login::RegistrationScene registration_of(const Form& form, const domain::Connection& connection) {
  extensions::RequestFacts request{.method = "POST", .language = {}, .query = {}, .body = {}};
  for (const std::string_view name :
       {"client_id", "connection", "email", "username", "phone_number", "user_metadata"})
    if (const auto* value = form.body.members().if_contains(name)) request.body[name] = *value;
  return {.context = form.context,
          .request = std::move(request),
          .client = form.client,
          .connection = connection,
          .transaction = {}};
}

Async<domain::User> create(Form& form, const domain::Connection& connection, json::Object attributes) {
  auto& database = form.parts.database;
  const auto now = form.context.now;
  ports::Writes leak;
  CO_ENSURE(co_await source::admit_password(
      form.services(), database, scene_of(form), connection, source::LeakStage::sign_up,
      form.services().breached_passwords.contains(form.body.get("password")), {}, leak));
  auto wanted = new_user_of(form.body, std::move(attributes));
  const auto registration = registration_of(form, connection);
  CO_ENSURE(co_await login::before_registration(form.services(), registration, wanted, form.scripted));
  auto change = co_await database.create_user(form.context.tenant->id, connection, std::move(wanted), now);
  if (!change) co_return std::unexpected(explain(form, connection, std::move(change).error()));
  append(change->writes, std::move(leak));
  append(change->writes, std::exchange(form.scripted, {}));
  const auto scene = scene_of(form);
  change->writes.push_back(database.log(scene, connection, "ss", "Signed up", &change->user));
  if (!change->user.email().empty()) {
    CO_TRY(auto settings, co_await form.services().configuration.settings(form.tenant()));
    if (settings)
      append(change->writes, database.send_verification(scene, *settings, connection, change->user,
                                                        {.client_id = form.client->client_id}));
  }
  CO_TRY(auto user, co_await database.commit(form.tenant(), std::move(*change)));
  login::after_registration(form.services(), registration, user);
  co_return user;
}

Async<json::Object> sign_up(Form& form, domain::Connection connection) {
  if (!co_await source::takes_signups(form.services(), form.tenant(), connection))
    co_return invalid("invalid_signup", "public signup is disabled");
  CO_TRY(auto attributes, signup_attributes(form.body));
  CO_ENSURE(co_await admit(form, login::Stage::sign_up, connection, identifier_of(form.body)));
  auto user = co_await create(form, connection, std::move(attributes));
  if (user) co_return created_reply(form, *user);
  Error error = std::move(user).error();
  if (error.code == "user_exists") {
    CO_TRY(error, co_await taken(form, error.debug));
  }
  ports::Writes record = std::move(form.scripted);
  record.push_back(form.parts.database.log(scene_of(form), connection, "fs", error.message, nullptr));
  CO_ENSURE(co_await form.services().committer.commit(form.tenant(), std::move(record)));
  co_return std::unexpected(std::move(error));
}

Async<json::Object> answer_signup(Form& form) {
  CO_ENSURE(require(form.body, {"client_id", "connection", "password"}));
  CO_ENSURE(co_await find_client(form));
  CO_TRY(auto connection, co_await find_connection(form));
  CO_ENSURE(co_await pass_challenge(form.parts, form.context, login::GuardedForm::sign_up, form.body));
  co_return co_await sign_up(form, std::move(connection));
}

Task<http::Response> signup(Parts parts, endpoint::RequestContext context, http::Request request) {
  Form form{.parts = parts, .context = std::move(context)};
  auto body = Body::parse(request);
  Result<json::Object> reply = body ? json::Object() : Result<json::Object>(std::unexpected(body.error()));
  if (body) {
    form.body = std::move(*body);
    reply = co_await answer_signup(form);
  }
  auto response = reply ? uncached_json(200, *reply) : database_error(reply.error());
  if (!reply && !form.password_problem.empty()) response.body = form.password_problem;
  allow_client_origin(response, request.headers.get("Origin"), form.client.get());
  co_return response;
}

// ---- password change by mail

// One sentence for everybody, whether there is an account or not.
constexpr std::string_view reset_sent =
    "If that address belongs to an account, a message with a link to change its password is on its way.";

Async<ports::Writes> reset_writes(Form& form, const domain::Connection& connection, std::string identifier) {
  auto& database = form.parts.database;
  const auto scene = scene_of(form);
  CO_TRY(auto found, co_await database.find_person(form.tenant(), connection, identifier, form.context.now));
  if (!found || found->user.email().empty())
    co_return ports::Writes{
        database.log(scene, connection, "fcpr", "Password change requested for an unknown user", nullptr)};
  CO_TRY(auto settings, co_await form.services().configuration.settings(form.tenant()));
  static const domain::TenantSettings defaults;
  auto writes = std::move(found->writes);
  append(writes, database.send_reset(scene, settings ? *settings : defaults, connection, found->user,
                                     {.client_id = form.client ? form.client->client_id : std::string()}));
  co_return writes;
}

Async<> answer_change(Form& form) {
  CO_ENSURE(require(form.body, {"connection"}));
  if (form.body.has("password"))
    co_return invalid("password_not_allowed", "The password is chosen on the page that the mail leads to.");
  const std::string identifier = identifier_of(form.body);
  if (identifier.empty()) co_return invalid("invalid_request", "Missing required parameter: email");
  CO_ENSURE(co_await login::limit_mail(form.context, identifier));
  if (form.body.has("client_id")) {
    CO_ENSURE(co_await find_client(form));
  }
  CO_TRY(auto connection, co_await find_connection(form));
  CO_ENSURE(co_await pass_challenge(form.parts, form.context, login::GuardedForm::password_reset, form.body));
  CO_ENSURE(co_await admit(form, login::Stage::reset, connection, identifier));
  CO_TRY(auto writes, co_await reset_writes(form, connection, identifier));
  co_return co_await form.services().committer.commit(form.tenant(), std::move(writes));
}

Task<http::Response> change_password(Parts parts, endpoint::RequestContext context, http::Request request) {
  Form form{.parts = parts, .context = std::move(context)};
  auto body = Body::parse(request);
  Result<> done;
  if (!body) done = std::unexpected(body.error());
  if (body) {
    form.body = std::move(*body);
    done = co_await answer_change(form);
  }
  auto response = done ? http::html_response(200, std::string(reset_sent)) : database_error(done.error());
  set_no_store(response);
  allow_client_origin(response, request.headers.get("Origin"), form.client.get());
  co_return response;
}

// ---- what embedded forms ask first

Task<http::Response> ssodata(Parts parts, endpoint::RequestContext context, http::Request request) {
  auto session = co_await login::session_of(parts.services, context, request.headers);
  if (!session) co_return oauth_error(session.error());
  co_return uncached_json(200, {{"sso", session->has_value()}});
}

// ---- rows

using Handle = Task<http::Response> (*)(Parts, endpoint::RequestContext, http::Request);

// What sends mails or makes accounts has limits of its own.
endpoint::RateClass rate_of(std::string_view id) {
  if (id == "signup") return endpoint::RateClass::signup;
  return id == "change_password" ? endpoint::RateClass::change_password : endpoint::RateClass::login;
}

endpoint::Endpoint row_of(Parts parts, Handle handle, http::Method method, std::string id, std::string path,
                          std::string summary) {
  endpoint::Endpoint row;
  row.id = std::move(id);
  row.method = method;
  row.path = std::move(path);
  row.tag = "database";
  row.summary = std::move(summary);
  row.open_because = "called by anybody who is not signed in yet";
  row.rate = rate_of(row.id);
  row.cors = method == http::Method::post ? endpoint::Cors::client_origins : endpoint::Cors::none;
  row.handler = endpoint::ProtocolHandler(
      [parts, handle](endpoint::RequestContext context, http::Request request, endpoint::PathParameters) {
        return handle(parts, std::move(context), std::move(request));
      });
  return row;
}

std::string_view error_name(const Error& error) {
  if (error.code.starts_with("Password")) return error.code;
  if (error.kind == ErrorKind::limited) return "AnomalyDetected";
  return error.code == "unauthorized" ? "UnauthorizedError" : "BadRequestError";
}

}  // namespace

Result<json::Object> signup_attributes(const Body& body) {
  json::Object out;
  for (const auto& [name, max] : text_limits) {
    const auto* value = body.members().if_contains(name);
    if (!value || value->is_null()) continue;
    const auto* text = value->if_string();
    if (!text || text->empty() || characters(*text) > max)
      return invalid("invalid_request", "Invalid value of " + std::string(name) + ".");
    out[name] = *value;
  }
  const auto* metadata = body.members().if_contains("user_metadata");
  if (!metadata || metadata->is_null()) return out;
  if (!metadata->is_object()) return invalid("invalid_request", "user_metadata must be an object.");
  ENSURE(check_metadata(metadata->get_object()));
  out["user_metadata"] = *metadata;
  return out;
}

http::Response database_error(const Error& error) {
  if (error.kind == ErrorKind::internal || error.kind == ErrorKind::unavailable) return oauth_error(error);
  if (error.code == "too_many_requests") return oauth_error(error);
  const bool about_password = error.code.starts_with("Password");
  const int status = error.kind == ErrorKind::limited ? 429 : 400;
  return uncached_json(status, {{"name", error_name(error)},
                                {"code", about_password ? std::string("invalid_password") : error.code},
                                {"description", error.message},
                                {"message", error.message},
                                {"statusCode", status}});
}

std::vector<endpoint::Endpoint> signup_rows(Parts parts) {
  using http::Method;
  return {
      row_of(parts, signup, Method::post, "signup", "/dbconnections/signup", "Sign up with a password"),
      row_of(parts, change_password, Method::post, "change_password", "/dbconnections/change_password",
             "Ask for a mail with a link to change the password"),
      row_of(parts, ssodata, Method::get, "ssodata", "/user/ssodata", "Whether the browser is signed in")};
}

}  // namespace durward::protocols::database
