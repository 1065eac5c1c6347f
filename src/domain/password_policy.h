#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace durward::domain {

// What a database connection demands of a new password: passwordPolicy, password_complexity_options,
// password_history, password_no_personal_info, password_dictionary and the newer password_options, which wins
// where both are given.
struct PasswordPolicy {
  size_t min_length = 8;                                               // characters
  bool lower = false, upper = false, number = false, special = false;  // the kinds that count
  size_t kinds_needed = 0;                                             // of those that count; 0: no rule
  bool block_identical = false;   // the same character three times in a row
  bool block_sequential = false;  // "abc", "321"
  bool truncate = false;          // accept more than 72 bytes, although bcrypt ignores the rest
  int history = 0;                // how many last passwords, the current one included, may not come back
  std::vector<std::string> personal_fields;  // dotted profile paths that may not occur; empty: no rule
  bool dictionary = false;
  std::vector<std::string> custom_words;  // of the dictionary, in lower case

  static PasswordPolicy from_options(const json::Object& options);
};

// Checks strength, dictionary and personal data, in this order; the history needs the hasher and is checked
// by connections/database. Error: invalid, `code` is "PasswordStrengthError", "PasswordDictionaryError" or
// "PasswordNoUserInfoError", `message` is a sentence without that prefix (Auth0 Authentication API
// §18.4).
Result<> check_password(const PasswordPolicy& policy, std::string_view password, const json::Object& profile);

// {"verified","rules":[...]}: every rule of strength with whether this password keeps it; each message has as
// many %d and %s as `format` has items.
json::Object password_rules(const PasswordPolicy& policy, std::string_view password);
// The rules as text, one bullet each.
std::string password_policy_text(const PasswordPolicy& policy);
// The whole error body of sign-up and password change for a weak password: name, code, description, policy,
// message, statusCode.
json::Object password_strength_body(const PasswordPolicy& policy, std::string_view password);

// Whether the word, in lower case, is in the built-in list of common passwords.
bool is_common_password(std::string_view lower_case_word);
size_t common_password_count();

}  // namespace durward::domain
