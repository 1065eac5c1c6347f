#include "connections/database/foreign_table.h"

#include "base/encoding.h"
#include "base/excerpt.h"
#include "base/log.h"
#include "crypto/hash.h"

namespace durward::connections::database {

namespace {

// Auth0: a database script has about 20 seconds.
constexpr Milliseconds script_time{20'000};
constexpr size_t user_id_max = 128;

const json::Object* scripts_of(const domain::Connection& connection) {
  return json::object(connection.options, "customScripts");
}

std::unexpected<Error> failed(const ports::ScriptError& error) {
  const std::string why = error.kind + ": " + error.name + ": " + excerpt(error.message, 300);
  // The table may answer the next time; the script did not fail by itself.
  if (error.kind == "timeout" || error.kind == "memory" || error.kind == "crashed")
    return fail(ErrorKind::unavailable, "temporarily_unavailable",
                "The server is overloaded. Please try again.", why);
  return fail(ErrorKind::internal, "script_failed", "The user directory could not be asked.", why);
}

domain::ScriptPtr script_of(const domain::Connection& connection, std::string_view key, std::string code) {
  domain::Script script;
  script.id = script.name = key;
  // Two connections with the same text do not share what a script keeps in its closures.
  script.digest = to_hex(crypto::sha256(connection.id + "\n" + script.id + "\n" + code));
  script.code = std::move(code);
  return std::make_shared<const domain::Script>(std::move(script));
}

constexpr std::string_view profile_attributes[] = {"name",    "nickname",      "given_name",  "family_name",
                                                   "picture", "user_metadata", "app_metadata"};

bool has_right_type(std::string_view name, const json::Value& value) {
  return name.ends_with("_metadata") ? value.is_object() : value.is_string();
}

}  // namespace

bool has_foreign_table(const domain::Connection& connection) {
  const auto* scripts = scripts_of(connection);
  return connection.is_database() && scripts && !json::string_or(*scripts, "login").empty() &&
         json::boolean_or(connection.options, "enabledDatabaseCustomization", false);
}

bool imports_users(const domain::Connection& connection) {
  return has_foreign_table(connection) && json::boolean_or(connection.options, "import_mode", false);
}

bool ForeignTable::has(std::string_view script) const {
  const auto* scripts = scripts_of(connection_);
  return scripts && !json::string_or(*scripts, script).empty();
}

Async<ForeignTable::Answer> ForeignTable::call(std::string_view script, json::Array arguments) {
  std::string code = has(script) ? json::string_or(*scripts_of(connection_), script) : std::string();
  if (code.empty())
    co_return fail(ErrorKind::internal, "script_failed", "The user directory could not be asked.",
                   "there is no script " + std::string(script));
  ports::ScriptCall call{.contract = ports::Contract::database,
                         .trigger = std::string(script),
                         .handler = {},
                         .scripts = {script_of(connection_, script, std::move(code))},
                         .input = {{"arguments", std::move(arguments)}},
                         .within = script_time};
  const auto* configuration = json::object(connection_.options, "configuration");
  call.input["configuration"] = configuration ? *configuration : json::Object();
  if (json::boolean_or(connection_.options, "enable_script_context", false))
    call.input["context"] = json::Object();
  CO_TRY(auto outcome, co_await services_.scripts.run(tenant_, std::move(call)));
  Answer answer;
  if (outcome.results.empty())
    answer.error = ports::ScriptError{.kind = "crashed", .name = {}, .message = "The script told nothing."};
  else
    answer.error = std::move(outcome.results.back().error);
  if (const auto* returned = json::array(outcome.output, "arguments"); returned && !returned->empty())
    answer.value = returned->front();
  if (answer.error)
    log::info("a database script failed", {{"tenant", std::to_string(tenant_.value)},
                                           {"connection", connection_.name},
                                           {"script", script},
                                           {"reason", answer.error->kind}});
  co_return answer;
}

Async<ForeignTable::LoginAnswer> ForeignTable::login(std::string identifier, std::string password) {
  CO_TRY(auto answer, co_await call("login", {json::Value(identifier), json::Value(password)}));
  crypto::wipe(password);
  if (answer.error && answer.error->name == "WrongUsernameOrPasswordError") {
    const auto* user = answer.error->members.if_contains("user");
    const bool known = user && !user->is_null() && !(user->is_string() && user->get_string().empty());
    co_return LoginAnswer{std::nullopt, known ? "fp" : "fu"};
  }
  if (answer.error && answer.error->kind == "thrown") co_return LoginAnswer{std::nullopt, "f"};
  if (answer.error) co_return failed(*answer.error);
  const auto* profile = answer.value.if_object();
  if (!profile) co_return LoginAnswer{std::nullopt, "fu"};
  co_return LoginAnswer{*profile, {}};
}

Async<std::optional<json::Object>> ForeignTable::get_user(std::string email) {
  CO_TRY(auto answer, co_await call("get_user", {json::Value(email)}));
  if (answer.error) co_return failed(*answer.error);
  const auto* profile = answer.value.if_object();
  if (!profile) co_return std::nullopt;
  co_return *profile;
}

Async<> ForeignTable::create(json::Object user) {
  CO_TRY(auto answer, co_await call("create", {std::move(user)}));
  if (!answer.error) co_return Result<>();
  if (answer.error->name != "ValidationError") co_return failed(*answer.error);
  if (json::string_or(answer.error->members, "code") == "user_exists")
    co_return fail(ErrorKind::conflict, "user_exists", "The user already exists.", "email");
  co_return fail(ErrorKind::invalid, "invalid_signup", excerpt(answer.error->message, 200));
}

Async<bool> ForeignTable::changes(std::string_view script, json::Array arguments) {
  CO_TRY(auto answer, co_await call(script, std::move(arguments)));
  if (answer.error) co_return failed(*answer.error);
  co_return answer.value.is_object() || (answer.value.is_bool() && answer.value.get_bool());
}

Async<bool> ForeignTable::verify(std::string email) { return changes("verify", {json::Value(email)}); }
Async<bool> ForeignTable::change_password(std::string identifier, std::string password) {
  return changes("change_password", {json::Value(identifier), json::Value(password)});
}
Async<bool> ForeignTable::change_email(std::string email, std::string wanted, bool verified) {
  return changes("change_email", {json::Value(email), json::Value(wanted), json::Value(verified)});
}
Async<bool> ForeignTable::change_username(std::string username, std::string wanted) {
  return changes("change_username", {json::Value(username), json::Value(wanted)});
}
Async<bool> ForeignTable::change_phone_number(std::string number, std::string wanted, bool verified) {
  return changes("change_phone_number", {json::Value(number), json::Value(wanted), json::Value(verified)});
}

Async<> ForeignTable::remove(std::string id) {
  CO_TRY(auto answer, co_await call("delete", {json::Value(id)}));
  if (answer.error) co_return failed(*answer.error);
  co_return Result<>();
}

Result<NewUser> user_of_profile(const json::Object& profile) {
  NewUser user;
  user.user_id = json::string_or(profile, "user_id");
  if (user.user_id.empty() || user.user_id.size() > user_id_max)
    return fail(ErrorKind::invalid, "invalid_profile", "The profile has no user_id.");
  user.email = json::string_or(profile, "email");
  user.username = json::string_or(profile, "username");
  user.phone_number = json::string_or(profile, "phone_number");
  user.email_verified = json::boolean_or(profile, "email_verified", false);
  user.phone_verified = json::boolean(profile, "phone_verified");
  for (const auto name : profile_attributes)
    if (const auto* value = profile.if_contains(name); value && has_right_type(name, *value))
      user.attributes[name] = *value;
  return user;
}

}  // namespace durward::connections::database
