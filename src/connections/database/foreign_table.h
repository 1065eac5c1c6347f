#pragma once
#include <optional>
#include <string>
#include <vector>

#include "connections/database/database.h"

// A user table of somebody else behind a database connection, reached by the connection's scripts
// (`options.customScripts`, Auth0 custom databases). Either the scripts are asked for ever, or, with
// `options.import_mode`, until a person has signed in once and is kept here.
namespace durward::connections::database {

bool has_foreign_table(const domain::Connection& connection);
// Users move here with their first sign-in: only `login` and `get_user` are asked.
bool imports_users(const domain::Connection& connection);
// Passwords stay with the foreign table.
inline bool keeps_passwords_elsewhere(const domain::Connection& connection) {
  return has_foreign_table(connection) && !imports_users(connection);
}

// One connection's scripts. Errors of every method: unavailable when scripts cannot be run or one does not
// come to an end, internal/"script_failed" when one fails otherwise; what it said is in `debug`. Refers to
// its arguments.
class ForeignTable {
 public:
  ForeignTable(const ports::Services& services, domain::TenantId tenant, const domain::Connection& connection)
      : services_(services), tenant_(tenant), connection_(connection) {}

  bool has(std::string_view script) const;
  // The profile, or why not: WrongUsernameOrPasswordError with and without a user.
  struct LoginAnswer {
    std::optional<json::Object> profile;
    std::string log_type;  // "fp", "fu", "f"
  };
  Async<LoginAnswer> login(std::string identifier, std::string password);
  Async<std::optional<json::Object>> get_user(std::string email);
  // Also conflict/"user_exists" for ValidationError('user_exists'), invalid/"invalid_signup" for others of
  // it.
  Async<> create(json::Object user);
  // False: no such user, by the script's own word.
  Async<bool> verify(std::string email);
  Async<bool> change_password(std::string identifier, std::string password);
  Async<bool> change_email(std::string email, std::string wanted, bool verified);
  Async<bool> change_username(std::string username, std::string wanted);
  Async<bool> change_phone_number(std::string number, std::string wanted, bool verified);
  Async<> remove(std::string id);

 private:
  struct Answer {
    std::optional<ports::ScriptError> error;
    json::Value value;  // the callback's second argument
  };
  Async<Answer> call(std::string_view script, json::Array arguments);
  Async<bool> changes(std::string_view script, json::Array arguments);

  const ports::Services& services_;
  const domain::TenantId tenant_;
  const domain::Connection& connection_;
};

// A new user as the profile of a script describes it. Error: invalid/"invalid_profile" without a user_id that
// is a text.
Result<NewUser> user_of_profile(const json::Object& profile);

}  // namespace durward::connections::database
