#include "management/users/import_export.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "crypto/password_hash.h"
#include "crypto/passwords/schemes.h"
#include "endpoint/fields.h"
#include "management/users/fields.h"
#include "management/users/import_hash.h"

namespace durward::management::users {

namespace {

using endpoint::Field;
using endpoint::Type;

constexpr std::string_view user_id_prefix = "auth0|";

constexpr Field import_fields[] = {
    {.path = "email", .max = 254, .format = "email"},
    {.path = "email_verified", .type = Type::boolean},
    {.path = "phone_number", .format = "/^\\+[0-9]{1,15}$/"},
    {.path = "phone_verified", .type = Type::boolean},
    {.path = "user_id", .min = 1, .max = 255, .format = "/^\\S*$/"},
    {.path = "username", .min = 1, .max = 128},
    {.path = "given_name", .max = 150},
    {.path = "family_name", .max = 150},
    {.path = "name", .max = 300},
    {.path = "nickname", .max = 350},
    {.path = "picture", .max = 2048},
    {.path = "blocked", .type = Type::boolean},
    {.path = "password_hash", .flags = endpoint::secret, .min = 1, .max = 4096},
    {.path = "custom_password_hash", .type = Type::object},
    {.path = "custom_password_hash.algorithm",
     .flags = endpoint::required,
     .values = "argon2 bcrypt hmac ldap md4 md5 sha1 sha256 sha512 pbkdf2 scrypt"},
    {.path = "custom_password_hash.hash", .type = Type::object, .flags = endpoint::required},
    {.path = "custom_password_hash.hash.value", .flags = endpoint::required | endpoint::secret, .max = 2048},
    {.path = "custom_password_hash.hash.encoding", .values = "base64 hex utf8"},
    {.path = "custom_password_hash.hash.digest", .max = 32},
    {.path = "custom_password_hash.hash.key", .type = Type::object},
    {.path = "custom_password_hash.hash.key.value",
     .flags = endpoint::required | endpoint::secret,
     .min = 1,
     .max = 1024},
    {.path = "custom_password_hash.hash.key.encoding", .values = "base64 hex utf8"},
    {.path = "custom_password_hash.salt", .type = Type::object},
    {.path = "custom_password_hash.salt.value", .flags = endpoint::required | endpoint::secret, .max = 1024},
    {.path = "custom_password_hash.salt.encoding", .values = "base64 hex utf8"},
    {.path = "custom_password_hash.salt.position", .values = "prefix suffix"},
    {.path = "custom_password_hash.password", .type = Type::object},
    {.path = "custom_password_hash.password.encoding", .values = "ascii utf8 utf16le ucs2 latin1 binary"},
    {.path = "custom_password_hash.keylen", .type = Type::integer, .min = 1, .max = 1024},
    {.path = "custom_password_hash.cost", .type = Type::integer, .min = 2, .max = 1 << 24},
    {.path = "custom_password_hash.blockSize", .type = Type::integer, .min = 1, .max = 1024},
    {.path = "custom_password_hash.parallelization", .type = Type::integer, .min = 1, .max = 1024},
    {.path = "custom_password_hash.firebase", .type = Type::object},
    {.path = "custom_password_hash.firebase.signer_key",
     .flags = endpoint::required | endpoint::secret,
     .max = 512},
    {.path = "custom_password_hash.firebase.salt_separator", .max = 64},
    {.path = "custom_password_hash.firebase.rounds", .type = Type::integer, .min = 1, .max = 120},
    {.path = "custom_password_hash.firebase.mem_cost", .type = Type::integer, .min = 1, .max = 24},
    {.path = "app_metadata", .type = Type::map},
    {.path = "user_metadata", .type = Type::map},
    {.path = "mfa_factors", .type = Type::array, .min = 1, .max = 10, .items = Type::any},
    {.path = "password", .flags = endpoint::secret, .min = 1, .max = 4096},
    {.path = "connection", .min = 1, .max = 128},
    // Of an export, so that what this program wrote it also reads.
    {.path = "identities", .type = Type::array, .flags = endpoint::read_only, .items = Type::any},
    {.path = "created_at", .flags = endpoint::read_only},
    {.path = "updated_at", .flags = endpoint::read_only},
    {.path = "last_login", .flags = endpoint::read_only},
    {.path = "last_ip", .flags = endpoint::read_only},
    {.path = "logins_count", .type = Type::integer, .flags = endpoint::read_only},
    {.path = "last_password_reset", .flags = endpoint::read_only},
};

const endpoint::Schema& import_schema() {
  static const endpoint::Schema schema("ImportUser", import_fields);
  return schema;
}

constexpr std::string_view seed_only[] = {"password",   "connection",   "identities",
                                          "created_at", "updated_at",   "last_login",
                                          "last_ip",    "logins_count", "last_password_reset"};
constexpr std::string_view plain_attributes[] = {
    "given_name", "family_name", "name", "nickname", "picture", "blocked", "app_metadata", "user_metadata"};
// What an upsert may change of a user that is there (Auth0 user search).
constexpr std::string_view upsert_attributes[] = {"email_verified", "given_name",   "family_name",
                                                  "name",           "nickname",     "picture",
                                                  "app_metadata",   "user_metadata"};

std::unexpected<Error> refuse(std::string code, std::string message) {
  return fail(ErrorKind::invalid, std::move(code), std::move(message));
}

Result<> check_bcrypt(std::string_view hash, std::string_view path) {
  if (!crypto::is_bcrypt(hash)) return refuse("PATTERN", std::string(path) + " is no bcrypt hash");
  if (crypto::bcrypt_cost(hash) > crypto::passwords::limits::bcrypt_cost)
    return refuse("MAXIMUM", std::string(path) + " has a cost above " +
                                 std::to_string(crypto::passwords::limits::bcrypt_cost));
  return {};
}

// An export of this program has hashes of any scheme, in the form in which they are kept.
Result<> check_hash(std::string_view hash, bool seed) {
  const auto stored = seed ? crypto::passwords::parse_stored_hash(hash) : std::nullopt;
  if (!stored) return check_bcrypt(hash, "password_hash");
  if (auto checked = crypto::passwords::check(*stored); !checked)
    return refuse(checked.error().code, "password_hash: " + checked.error().message);
  return {};
}

// At most one way to say the password.
Result<std::string> hash_of(const json::Object& object, bool seed) {
  const auto* custom = json::object(object, "custom_password_hash");
  const auto hash = json::string(object, "password_hash");
  if (int(custom != nullptr) + int(hash.has_value()) + int(object.contains("password")) > 1)
    return refuse("NOT_PASSED", "password_hash, custom_password_hash and password exclude each other");
  if (custom) return imported_hash(*custom);
  if (!hash) return std::string();
  ENSURE(check_hash(*hash, seed));
  return *hash;
}

Result<> check_object(json::Object& object, bool seed) {
  for (std::string_view member : seed_only)
    if (!seed && object.contains(member))
      return refuse("NOT_PASSED", "Additional properties not allowed: " + std::string(member));
  if (auto checked = import_schema().check_create(object); !checked)
    return refuse("FORMAT", checked.error().message);
  if (auto checked = check_metadata(object); !checked) return refuse("FORMAT", checked.error().message);
  if (object.contains("mfa_factors"))
    return refuse("MFA_FACTORS_FAILED", "mfa_factors are not supported by this version");
  for (std::string_view member : {"email", "username", "phone_number"})
    if (object.contains(member)) return {};
  return refuse("ANY_OF_MISSING", "email, username or phone_number is needed");
}

// --- upsert

void apply_upsert(domain::User& user, ImportUser& import) {
  if (import.user.email_verified) import.user.attributes["email_verified"] = true;
  for (std::string_view name : upsert_attributes)
    if (auto* value = import.user.attributes.if_contains(name)) user.profile[name] = std::move(*value);
}

ImportChange upserted(ports::UserWithPassword stored, ImportUser import, TimePoint now) {
  ImportChange change{ImportOutcome::updated, std::move(stored.user), {}};
  const domain::User before = change.user;
  apply_upsert(change.user, import);
  change.user.updated_at = now;
  change.writes.push_back(
      ports::ReplaceUser{change.user, connections::database::all_identifiers(change.user), before});
  // A hash is taken only as long as nobody signed in with the one that is here.
  if (!import.user.password_hash.empty() && change.user.logins_count == 0)
    change.writes.push_back(ports::SetPassword{change.user.user_id, import.user.password_hash, now, 0});
  return change;
}

// --- export

std::optional<size_t> index_of(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// "identities[0].connection" of a value; null when there is no such thing.
const json::Value* at_path(const json::Value& root, std::string_view path) {
  const json::Value* at = &root;
  while (!path.empty() && at) {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    if (end > 0) at = at->is_object() ? at->get_object().if_contains(path.substr(0, end)) : nullptr;
    path.remove_prefix(end);
    if (path.starts_with('[') && at) {
      const size_t close = path.find(']');
      const auto index = close == path.npos ? std::nullopt : index_of(path.substr(1, close - 1));
      if (!index) return nullptr;
      at = at->is_array() && *index < at->get_array().size() ? &at->get_array()[*index] : nullptr;
      path.remove_prefix(close + 1);
    }
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  return at;
}

}  // namespace

Result<std::vector<json::Object>> parse_import_file(std::string_view text) {
  std::vector<json::Object> out;
  text = trim(text);
  if (text.starts_with('[')) {
    auto parsed = json::parse(text);
    if (!parsed) return refuse("FORMAT", "The file is no JSON array of users: " + parsed.error().message);
    for (auto& item : parsed->get_array()) {
      if (!item.is_object())
        return refuse("OBJECT_REQUIRED", "Item " + std::to_string(out.size() + 1) + " is no object");
      out.push_back(std::move(item.get_object()));
    }
    return out;
  }
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.empty()) continue;
    auto parsed = json::parse_object(row);
    if (!parsed) return refuse("FORMAT", "Line " + std::to_string(line) + " is no JSON object");
    out.push_back(std::move(*parsed));
  }
  return out;
}

Result<ImportUser> parse_import_user(const json::Object& source, bool seed) {
  json::Object object = source;
  ENSURE(check_object(object, seed));
  TRY(auto hash, hash_of(object, seed));
  ImportUser out{.user = {.user_id = json::string_or(object, "user_id"),
                          .email = json::string_or(object, "email"),
                          .username = json::string_or(object, "username"),
                          .phone_number = json::string_or(object, "phone_number"),
                          .password = json::string_or(object, "password"),
                          .password_hash = std::move(hash),
                          .email_verified = json::boolean_or(object, "email_verified", false),
                          .phone_verified = json::boolean(object, "phone_verified"),
                          .attributes = {}},
                 .connection = json::string_or(object, "connection")};
  // The prefix is added on import, so an exported id comes back as the same id.
  if (out.user.user_id.starts_with(user_id_prefix)) out.user.user_id.erase(0, user_id_prefix.size());
  for (std::string_view name : plain_attributes)
    if (auto* value = object.if_contains(name)) out.user.attributes[name] = std::move(*value);
  return out;
}

Async<ImportChange> import_change(const ports::Services& services, domain::TenantId tenant,
                                  domain::Connection connection, ImportUser import, bool upsert,
                                  TimePoint now) {
  if (upsert && !import.user.email.empty()) {
    CO_TRY(auto stored,
           co_await services.users.find_by_identifier(
               tenant, connection.name, domain::normalise_identifier("email", import.user.email)));
    if (stored) co_return upserted(std::move(*stored), std::move(import), now);
  }
  const std::string password = std::exchange(import.user.password, {});
  if (!password.empty()) {
    const auto owner = co_await connections::database::hash_owner(services, tenant, import.user.user_id);
    CO_TRY(import.user.password_hash, co_await services.hasher.hash(owner, password));
  }
  const connections::database::Database database(services);
  auto change = database.insert_user(connection, std::move(import.user), now);
  if (!change) co_return refuse("FORMAT", std::move(change).error().message);
  co_return ImportChange{ImportOutcome::inserted, std::move(change->user), std::move(change->writes)};
}

Async<ImportOutcome> import_user(const ports::Services& services, domain::TenantId tenant,
                                 domain::Connection connection, ImportUser import, bool upsert,
                                 TimePoint now) {
  CO_TRY(auto change,
         co_await import_change(services, tenant, std::move(connection), std::move(import), upsert, now));
  auto done = co_await services.committer.commit(tenant, std::move(change.writes));
  if (!done && done.error().code == "user_exists")
    co_return fail(ErrorKind::conflict, "DUPLICATED_USER",
                   "A user with this id, e-mail or username exists already.");
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return change.outcome;
}

json::Object export_user(const domain::User& user, std::span<const ExportField> fields,
                         std::string_view password_hash) {
  json::Object all = user.to_json();
  if (!password_hash.empty()) all["password_hash"] = password_hash;
  if (fields.empty()) return all;
  const json::Value root(std::move(all));
  json::Object out;
  for (const auto& field : fields)
    if (const auto* value = at_path(root, field.name))
      out[field.export_as.empty() ? field.name : field.export_as] = *value;
  return out;
}

}  // namespace durward::management::users
