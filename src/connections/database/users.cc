// Creating users: what a profile holds when the caller says little, and what names may look like.
#include <algorithm>

#include "base/encoding.h"
#include "connections/database/foreign_table.h"
#include "crypto/hash.h"

namespace durward::connections::database {

namespace {

constexpr size_t email_max = 254, email_local_max = 64;
constexpr int64_t username_min_default = 1, username_max_default = 15, username_max = 128;
constexpr std::string_view username_specials = "@^$.!`-#+'~_";

std::unexpected<Error> bad_body(std::string message) {
  return fail(ErrorKind::invalid, "invalid_body", "Payload validation error: " + std::move(message));
}

bool is_username_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         username_specials.find(c) != username_specials.npos;
}

// options.validation.username {min,max}, or the newer options.attributes.username.validation.
std::pair<int64_t, int64_t> username_lengths(const json::Object& options) {
  int64_t min = username_min_default, max = username_max_default;
  if (const auto* validation = json::object(options, "validation"))
    if (const auto* username = json::object(*validation, "username")) {
      min = json::integer_or(*username, "min", min);
      max = json::integer_or(*username, "max", max);
    }
  if (const auto* attributes = json::object(options, "attributes"))
    if (const auto* username = json::object(*attributes, "username"))
      if (const auto* validation = json::object(*username, "validation")) {
        min = json::integer_or(*validation, "min_length", min);
        max = json::integer_or(*validation, "max_length", max);
      }
  return {min, std::min(max, username_max)};
}

bool is_phone_number(std::string_view text) {  // ^\+[0-9]{1,15}$
  return text.size() >= 2 && text.size() <= 16 && text[0] == '+' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

const std::string& main_name(const NewUser& request) {
  if (!request.email.empty()) return request.email;
  return request.username.empty() ? request.phone_number : request.username;
}

std::string nickname_of(const NewUser& request) {
  const std::string& name = main_name(request);
  return &name == &request.email ? name.substr(0, name.find('@')) : name;
}

void set_default(json::Object& profile, std::string_view key, std::string value) {
  if (!value.empty() && json::string_or(profile, key).empty()) profile[key] = std::move(value);
}

Result<> check_identifiers(const domain::Connection& connection, const NewUser& request) {
  if (!request.email.empty()) ENSURE(check_email(request.email));
  if (!request.username.empty()) ENSURE(check_username(connection, request.username));
  if (!request.phone_number.empty() && !is_phone_number(request.phone_number))
    return bad_body("'String does not match pattern ^\\+[0-9]{1,15}$' on property phone_number");
  if (main_name(request).empty()) return bad_body("'Missing required property: email'");
  return {};
}

Result<> check_required(const domain::Connection& connection, const NewUser& request) {
  if (request.email.empty() && connection.is_database() && !json::object(connection.options, "attributes"))
    return bad_body("'Missing required property: email'");
  if (connection.requires_username() && request.username.empty())
    return bad_body("'Missing username for " + connection.name +
                    " connection with requires_username enabled'");
  if (connection.is_database() && request.password.empty() && request.password_hash.empty())
    return bad_body("'Missing required property: password'");
  return {};
}

void drop_empty(json::Object& profile, std::string_view key) {
  const auto* value = json::object(profile, key);
  if (value && value->empty()) profile.erase(key);
}

json::Object profile_of(const Database& database, NewUser& request) {
  json::Object profile;
  if (!request.email.empty()) {
    profile["email"] = request.email;
    profile["email_verified"] = request.email_verified;
  }
  if (!request.username.empty()) profile["username"] = request.username;
  if (!request.phone_number.empty()) {
    profile["phone_number"] = request.phone_number;
    profile["phone_verified"] = request.phone_verified.value_or(false);
  }
  for (auto& member : request.attributes) profile[member.key()] = std::move(member.value());
  set_default(profile, "name", main_name(request));
  set_default(profile, "nickname", nickname_of(request));
  set_default(profile, "picture", database.avatar_url(request.email, json::string_or(profile, "name")));
  drop_empty(profile, "user_metadata");
  drop_empty(profile, "app_metadata");
  return profile;
}

}  // namespace

Result<> check_email(std::string_view email) {
  const size_t at = email.rfind('@');
  const bool well_formed =
      at != email.npos && at > 0 && at <= email_local_max && at + 1 < email.size() &&
      email.size() <= email_max && email.find('.', at) != email.npos && email.back() != '.' &&
      email[at + 1] != '.' && is_valid_utf8(email) &&
      std::ranges::none_of(email, [](char c) { return static_cast<unsigned char>(c) <= 32 || c == 127; }) &&
      email.find_first_of("<>,;:\"()[]\\") == email.npos && email.find('@') == at;
  if (!well_formed)
    return bad_body("'Object didn't pass validation for format email: " + std::string(email.substr(0, 64)) +
                    "' on property email");
  return {};
}

Result<> check_username(const domain::Connection& connection, std::string_view username) {
  const auto [min, max] = username_lengths(connection.options);
  if (int64_t(username.size()) < min || int64_t(username.size()) > max)
    return bad_body("'Username must have between " + std::to_string(min) + " and " + std::to_string(max) +
                    " characters' on property username");
  if (!std::ranges::all_of(username, is_username_character))
    return bad_body("'Username can only contain alphanumeric characters or: " +
                    std::string(username_specials) + "' on property username");
  return {};
}

std::string new_user_id(Random& random, TimePoint now) {
  std::string time;
  for (int shift = 24; shift >= 0; shift -= 8) time += char(to_unix_seconds(now) >> shift & 255);
  return to_hex(time) + random.hex(16);
}

std::vector<domain::Identifier> all_identifiers(const domain::User& user) {
  std::vector<domain::Identifier> out;
  for (const auto& identity : user.identities)
    for (auto& identifier : domain::identifiers_of(user, identity)) out.push_back(std::move(identifier));
  return out;
}

std::string Database::avatar_url(std::string_view email, std::string_view name) const {
  std::string initials;
  for (char c : to_lower(name))
    if (initials.size() < 2 && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) initials += c;
  const std::string fallback = options_.initials_base + (initials.empty() ? "user" : initials) + ".png";
  if (email.empty()) return fallback;
  return options_.avatar_base + to_hex(crypto::md5(to_lower(email))) +
         "?s=480&r=pg&d=" + percent_encode(fallback);
}

Result<Change> Database::insert_user(const domain::Connection& connection, NewUser request,
                                     TimePoint now) const {
  request.email = to_lower(trim(request.email));
  request.username = to_lower(trim(request.username));
  ENSURE(check_identifiers(connection, request));
  const std::string id = request.user_id.empty() ? new_user_id(services_.random, now) : request.user_id;
  domain::User user{
      .user_id = connection.strategy + "|" + id,
      .profile = profile_of(*this, request),
      .identities = {{.connection = connection.name, .provider = connection.strategy, .user_id = id}},
      .created_at = now,
      .updated_at = now};
  auto identifiers = all_identifiers(user);
  ports::Writes writes{ports::InsertUser{user, std::move(identifiers), std::move(request.password_hash)}};
  return Change{std::move(user), std::move(writes)};
}

Task<bool> takes_signups(const ports::Services& services, domain::TenantId tenant,
                         domain::Connection connection) {
  if (connection.signup_disabled()) co_return false;
  co_return co_await ports::is_on(services.flags, "signup", {.tenant = tenant, .targeting_key = {}});
}

Async<Change> Database::create_user(domain::TenantId tenant, domain::Connection connection, NewUser request,
                                    TimePoint now) {
  CO_ENSURE(check_required(connection, request));
  const std::string password = std::exchange(request.password, {});
  std::string email = request.email, username = request.username;
  if (!password.empty()) {
    json::Object person = request.attributes;
    person["email"] = std::move(email);
    person["username"] = std::move(username);
    const auto policy = domain::PasswordPolicy::from_options(connection.options);
    CO_ENSURE(domain::check_password(policy, password, person));
    CO_ENSURE(insert_user(connection, request, now));  // refuse bad attributes before the costly hash
    if (has_foreign_table(connection)) {
      CO_ENSURE(co_await check_absent_elsewhere(tenant, connection, request.email));
    }
    if (keeps_passwords_elsewhere(connection))
      co_return co_await create_elsewhere(tenant, std::move(connection), std::move(request), password, now);
    const auto owner = co_await hash_owner(services_, tenant, request.user_id);
    CO_TRY(request.password_hash, co_await services_.hasher.hash(owner, password));
  }
  co_return insert_user(connection, std::move(request), now);
}

}  // namespace durward::connections::database
