#include "domain/password_policy.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace durward::domain {

namespace {

constexpr size_t bcrypt_bytes = 72;
constexpr size_t identical_allowed = 2;
constexpr std::string_view specials = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

// The levels of passwordPolicy (Auth0 Authentication API).
struct Level {
  std::string_view name;
  size_t min_length;
  bool special;  // whether the fourth kind counts
  size_t kinds_needed;
  bool block_identical;
};
constexpr Level levels[] = {
    {"none", 1, false, 0, false}, {"low", 6, false, 0, false},      {"fair", 8, false, 3, false},
    {"good", 8, true, 3, false},  {"excellent", 10, true, 3, true},
};
constexpr const Level& good = levels[3];

// Code points; text that is not UTF-8 counts by bytes.
std::vector<uint32_t> characters(std::string_view text) {
  std::vector<uint32_t> out;
  for (unsigned char c : text) {
    if ((c & 0xc0) != 0x80 || out.empty())
      out.push_back(c);
    else
      out.back() = out.back() << 8 | c;
  }
  return out;
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_number(char c) { return c >= '0' && c <= '9'; }
bool is_special(char c) { return specials.find(c) != specials.npos; }

struct Kind {
  std::string_view code, message;
  bool PasswordPolicy::* counts;
  bool (*test)(char);
};
constexpr Kind kinds[] = {
    {"lowerCase", "lower case letters (a-z)", &PasswordPolicy::lower, is_lower},
    {"upperCase", "upper case letters (A-Z)", &PasswordPolicy::upper, is_upper},
    {"numbers", "digits (0-9)", &PasswordPolicy::number, is_number},
    {"specialCharacters", "special characters (such as !@#$%^&*)", &PasswordPolicy::special, is_special},
};

bool has_identical_run(std::string_view password) {
  const auto text = characters(password);
  for (size_t i = 2; i < text.size(); ++i)
    if (text[i] == text[i - 1] && text[i] == text[i - 2]) return true;
  return false;
}

bool is_alphanumeric(uint32_t c) {
  return c < 128 && (is_lower(char(c)) || is_upper(char(c)) || is_number(char(c)));
}

bool has_sequential_run(std::string_view password) {
  const auto text = characters(to_lower(password));
  for (size_t i = 2; i < text.size(); ++i) {
    if (!is_alphanumeric(text[i]) || !is_alphanumeric(text[i - 1]) || !is_alphanumeric(text[i - 2])) continue;
    const int64_t first = int64_t(text[i - 1]) - text[i - 2], second = int64_t(text[i]) - text[i - 1];
    if (first == second && (first == 1 || first == -1)) return true;
  }
  return false;
}

json::Object rule(std::string_view code, std::string_view message, json::Array format, bool verified) {
  json::Object out{{"code", code}, {"message", message}};
  if (!format.empty()) out["format"] = std::move(format);
  out["verified"] = verified;
  return out;
}

json::Object length_rule(const PasswordPolicy& policy, std::string_view password) {
  const bool verified = characters(password).size() >= policy.min_length;
  if (policy.min_length <= 1) return rule("nonEmpty", "Use at least one character", {}, verified);
  return rule("lengthAtLeast", "Use %d or more characters", {policy.min_length}, verified);
}

json::Object kinds_rule(const PasswordPolicy& policy, std::string_view password) {
  json::Array items;
  size_t present = 0;
  for (const Kind& kind : kinds) {
    if (!(policy.*kind.counts)) continue;
    const bool verified = std::ranges::any_of(password, kind.test);
    present += verified;
    items.push_back(json::Object{{"code", kind.code}, {"message", kind.message}, {"verified", verified}});
  }
  const bool verified = present >= policy.kinds_needed;
  json::Object out = policy.kinds_needed == items.size()
                         ? rule("shouldContain", "Use each of these:", {}, verified)
                         : rule("containsAtLeast",
                                "Mix %d of these %d kinds:", {policy.kinds_needed, items.size()}, verified);
  out["items"] = std::move(items);
  return out;
}

std::vector<json::Object> strength_rules(const PasswordPolicy& policy, std::string_view password) {
  std::vector<json::Object> out{length_rule(policy, password)};
  if (policy.kinds_needed > 0) out.push_back(kinds_rule(policy, password));
  if (policy.block_identical)
    out.push_back(rule("identicalChars", "Use a character at most %d times in a row (not %s)",
                       {identical_allowed, "aaa"}, !has_identical_run(password)));
  if (policy.block_sequential)
    out.push_back(rule("sequentialChars", "Use no more than %d characters in sequence (not %s)",
                       {identical_allowed, "abc"}, !has_sequential_run(password)));
  if (!policy.truncate && password.size() > bcrypt_bytes)
    out.push_back(rule("maxLength", "Use at most %d bytes", {bcrypt_bytes}, false));
  return out;
}

bool is_verified(const json::Object& item) { return json::boolean_or(item, "verified", false); }

std::string formatted(std::string_view message, const json::Array* format) {
  std::string out;
  size_t next = 0;
  for (size_t i = 0; i < message.size(); ++i) {
    const bool place = message[i] == '%' && i + 1 < message.size() && format && next < format->size();
    if (!place) {
      out += message[i];
      continue;
    }
    const json::Value& value = (*format)[next++];
    out += value.is_string() ? std::string(json::view(value.get_string())) : json::serialize(value);
    ++i;
  }
  return out;
}

// --- options

void apply_level(PasswordPolicy& policy, const Level& level) {
  policy.min_length = level.min_length;
  policy.kinds_needed = level.kinds_needed;
  policy.lower = policy.upper = policy.number = level.kinds_needed > 0;
  policy.special = level.special;
  policy.block_identical = level.block_identical;
}

const Level& level_of(const json::Object& options) {
  const std::string name = json::string_or(options, "passwordPolicy");
  for (const Level& level : levels)
    if (level.name == name) return level;
  return name == "None" ? levels[0] : good;  // absent and null: the default of a fresh connection
}

constexpr std::string_view usual_personal_fields[] = {"email",
                                                      "name",
                                                      "username",
                                                      "nickname",
                                                      "user_metadata.name",
                                                      "user_metadata.first",
                                                      "user_metadata.last"};

std::vector<std::string> lower_words(const json::Object& object, std::string_view key) {
  auto words = json::strings(object, key);
  for (auto& word : words) word = to_lower(word);
  return words;
}

void apply_classic(PasswordPolicy& policy, const json::Object& options) {
  if (const auto* complexity = json::object(options, "password_complexity_options"))
    policy.min_length = size_t(json::integer_or(*complexity, "min_length", int64_t(policy.min_length)));
  const auto* history = json::object(options, "password_history");
  if (history && json::boolean_or(*history, "enable", false))
    policy.history = int(json::integer_or(*history, "size", 5));
  const auto* personal = json::object(options, "password_no_personal_info");
  if (personal && json::boolean_or(*personal, "enable", false))
    policy.personal_fields.assign(std::begin(usual_personal_fields), std::end(usual_personal_fields));
  const auto* dictionary = json::object(options, "password_dictionary");
  if (dictionary && json::boolean_or(*dictionary, "enable", false)) {
    policy.dictionary = true;
    policy.custom_words = lower_words(*dictionary, "dictionary");
  }
}

void apply_complexity(PasswordPolicy& policy, const json::Object& complexity) {
  policy.min_length = size_t(json::integer_or(complexity, "min_length", int64_t(policy.min_length)));
  if (json::array(complexity, "character_types")) {
    const auto types = json::strings(complexity, "character_types");
    const auto has = [&](std::string_view type) { return std::ranges::find(types, type) != types.end(); };
    policy.lower = has("lowercase"), policy.upper = has("uppercase");
    policy.number = has("number"), policy.special = has("special");
    policy.kinds_needed = size_t(policy.lower) + policy.upper + policy.number + policy.special;
  }
  if (json::string_or(complexity, "character_type_rule") == "three_of_four") {
    policy.lower = policy.upper = policy.number = policy.special = true;
    policy.kinds_needed = 3;
  }
  if (const auto rule = json::string(complexity, "identical_characters"))
    policy.block_identical = *rule == "block";
  if (const auto rule = json::string(complexity, "sequential_characters"))
    policy.block_sequential = *rule == "block";
  policy.truncate = json::string_or(complexity, "max_length_exceeded") == "truncate";
}

void apply_flexible(PasswordPolicy& policy, const json::Object& options) {
  if (const auto* complexity = json::object(options, "complexity")) apply_complexity(policy, *complexity);
  if (const auto* history = json::object(options, "history"))
    policy.history =
        json::boolean_or(*history, "active", false) ? int(json::integer_or(*history, "size", 5)) : 0;
  if (const auto* dictionary = json::object(options, "dictionary")) {
    policy.dictionary = json::boolean_or(*dictionary, "active", false);
    policy.custom_words = lower_words(*dictionary, "custom");
  }
  if (const auto* profile = json::object(options, "profile_data")) {
    policy.personal_fields = json::strings(*profile, "blocked_fields");
    if (policy.personal_fields.empty())
      policy.personal_fields.assign(std::begin(usual_personal_fields), std::end(usual_personal_fields));
    if (!json::boolean_or(*profile, "active", false)) policy.personal_fields.clear();
  }
}

// --- personal data

std::string profile_text(const json::Object& profile, std::string_view path) {
  const json::Object* at = &profile;
  for (size_t dot; (dot = path.find('.')) != path.npos; path.remove_prefix(dot + 1)) {
    at = json::object(*at, path.substr(0, dot));
    if (!at) return {};
  }
  return json::string_or(*at, path);
}

// A field matters from three characters on, and of an e-mail the part before the @.
bool occurs(std::string_view lower_password, std::string_view path, std::string text) {
  text = to_lower(text);
  if (path == "email") text = text.substr(0, text.find('@'));
  return text.size() >= 3 && lower_password.find(text) != lower_password.npos;
}

bool holds_personal_data(const PasswordPolicy& policy, std::string_view password,
                         const json::Object& profile) {
  const std::string lower = to_lower(password);
  return std::ranges::any_of(policy.personal_fields, [&](const std::string& path) {
    return occurs(lower, path, profile_text(profile, path));
  });
}

bool is_in_dictionary(const PasswordPolicy& policy, std::string_view password) {
  const std::string lower = to_lower(password);
  return std::ranges::find(policy.custom_words, lower) != policy.custom_words.end() ||
         is_common_password(lower);
}

}  // namespace

PasswordPolicy PasswordPolicy::from_options(const json::Object& options) {
  PasswordPolicy policy;
  apply_level(policy, level_of(options));
  apply_classic(policy, options);
  if (const auto* flexible = json::object(options, "password_options")) apply_flexible(policy, *flexible);
  policy.min_length = std::clamp<size_t>(policy.min_length, 1, 128);
  policy.history = std::clamp(policy.history, 0, 24);
  return policy;
}

Result<> check_password(const PasswordPolicy& policy, std::string_view password,
                        const json::Object& profile) {
  // A NUL would end the password for bcrypt: what follows would not count.
  if (password.find('\0') != password.npos)
    return fail(ErrorKind::invalid, "PasswordStrengthError",
                "Password contains a character that cannot be used");
  for (const auto& item : strength_rules(policy, password))
    if (!is_verified(item)) return fail(ErrorKind::invalid, "PasswordStrengthError", "Password is too weak");
  if (policy.dictionary && is_in_dictionary(policy, password))
    return fail(ErrorKind::invalid, "PasswordDictionaryError", "Password is too common");
  if (holds_personal_data(policy, password, profile))
    return fail(ErrorKind::invalid, "PasswordNoUserInfoError", "Password contains user information");
  return {};
}

json::Object password_rules(const PasswordPolicy& policy, std::string_view password) {
  json::Array rules;
  bool verified = true;
  for (auto& item : strength_rules(policy, password)) {
    verified = verified && is_verified(item);
    rules.push_back(std::move(item));
  }
  return {{"verified", verified}, {"rules", std::move(rules)}};
}

std::string password_policy_text(const PasswordPolicy& policy) {
  std::string out;
  for (const auto& item : strength_rules(policy, {})) {
    out += (out.empty() ? "* " : "\n* ") +
           formatted(json::string_or(item, "message"), json::array(item, "format"));
    const auto* items = json::array(item, "items");
    for (size_t i = 0; items && i < items->size(); ++i)
      out += "\n  * " + json::string_or((*items)[i].get_object(), "message");
  }
  return out;
}

json::Object password_strength_body(const PasswordPolicy& policy, std::string_view password) {
  return {{"name", "PasswordStrengthError"},
          {"code", "invalid_password"},
          {"description", password_rules(policy, password)},
          {"message", "Password is too weak"},
          {"policy", password_policy_text(policy)},
          {"statusCode", 400}};
}

}  // namespace durward::domain
