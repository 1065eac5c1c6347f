#include "management/users/import_hash.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/passwords/digests.h"
#include "crypto/passwords/schemes.h"

namespace durward::management::users {

namespace {

namespace passwords = crypto::passwords;
using passwords::StoredHash;

std::unexpected<Error> refuse(std::string code, const std::string& member, const std::string& message) {
  return fail(ErrorKind::invalid, std::move(code), "custom_password_hash." + member + ": " + message);
}

const json::Object& part(const json::Object& custom, std::string_view name) {
  static const json::Object none;
  const auto* found = json::object(custom, name);
  return found ? *found : none;
}

// base64 in either alphabet, hex in either case, or the text itself.
std::optional<std::string> decoded(std::string_view value, std::string_view encoding) {
  if (encoding == "hex") return from_hex(value);
  if (encoding == "base64") return passwords::from_any_base64(value);
  return std::string(value);
}

Result<std::string> decoded_member(const json::Object& object, const std::string& member) {
  const std::string encoding = json::string_or(object, "encoding", "utf8");
  auto bytes = decoded(json::string_or(object, "value"), encoding);
  if (!bytes) return refuse("PATTERN", member + ".value", "this is no " + encoding);
  return std::move(*bytes);
}

// Members of hash that are bytes and not text need an encoding that says which bytes.
Result<std::string> hash_bytes(const json::Object& custom) {
  const auto& hash = part(custom, "hash");
  const std::string encoding = json::string_or(hash, "encoding");
  if (encoding != "hex" && encoding != "base64")
    return refuse("ENUM_MISMATCH", "hash.encoding", "hex or base64 for this algorithm");
  return decoded_member(hash, "hash");
}

Result<std::string> hash_text(const json::Object& custom) {
  const auto& hash = part(custom, "hash");
  if (json::string_or(hash, "encoding", "utf8") != "utf8")
    return refuse("ENUM_MISMATCH", "hash.encoding", "utf8 for this algorithm");
  return json::string_or(hash, "value");
}

Result<> add_salt(StoredHash& stored, const json::Object& custom) {
  if (!custom.contains("salt")) return {};
  const auto& salt = part(custom, "salt");
  TRY(stored.salt, decoded_member(salt, "salt"));
  if (json::string_or(salt, "position") == "suffix") stored.parameters.emplace_back("pos", "suffix");
  return {};
}

std::string base64_text(std::string_view bytes) {
  std::string out = to_base64(bytes);
  out.erase(std::min(out.find('='), out.size()));
  return out;
}

// --- one function an algorithm

Result<StoredHash> from_digest(const json::Object& custom) {
  StoredHash stored{.scheme = json::string_or(custom, "algorithm"), .parameters = {}, .salt = {}, .hash = {}};
  TRY(stored.hash, hash_bytes(custom));
  ENSURE(add_salt(stored, custom));
  return stored;
}

Result<StoredHash> from_hmac(const json::Object& custom) {
  const auto& hash = part(custom, "hash");
  const auto digest = passwords::digest_name(json::string_or(hash, "digest"));
  if (!digest) return refuse("ENUM_MISMATCH", "hash.digest", "hmac needs the name of a digest that is here");
  if (!hash.contains("key")) return refuse("OBJECT_REQUIRED", "hash.key", "hmac needs a key");
  TRY(const std::string key, decoded_member(part(hash, "key"), "hash.key"));
  TRY(StoredHash stored, from_digest(custom));
  stored.scheme = "hmac-" + *digest;
  stored.parameters.insert(stored.parameters.begin(), {"k", base64_text(key)});
  return stored;
}

Result<StoredHash> from_phc(const json::Object& custom, std::string_view family) {
  TRY(const std::string text, hash_text(custom));
  auto stored = passwords::parse_stored_hash(text);
  if (!stored || !stored->scheme.starts_with(family))
    return refuse("PATTERN", "hash.value",
                  "this is no " + std::string(family) + " hash in the PHC string format");
  return std::move(*stored);
}

Result<StoredHash> from_argon2(const json::Object& custom) { return from_phc(custom, "argon2"); }

// Digests have many names; ours is one.
Result<StoredHash> from_pbkdf2(const json::Object& custom) {
  TRY(std::string text, hash_text(custom));
  text = to_lower(text.substr(0, text.find('$', 1))) + text.substr(std::min(text.find('$', 1), text.size()));
  auto stored = passwords::parse_stored_hash(text);
  if (!stored || !stored->scheme.starts_with("pbkdf2-"))
    return refuse("PATTERN", "hash.value", "this is no pbkdf2 hash in the PHC string format");
  const auto digest = passwords::digest_name(stored->scheme.substr(7));
  if (!digest) return refuse("ENUM_MISMATCH", "hash.value", "there is no such digest for pbkdf2");
  stored->scheme = "pbkdf2-" + *digest;
  return std::move(*stored);
}

// Without salt and with the password as it is typed this is a hash like our own (imported_hash).
Result<StoredHash> from_bcrypt(const json::Object& custom) {
  StoredHash stored{.scheme = "bcrypt", .parameters = {}, .salt = {}, .hash = {}};
  TRY(stored.hash, hash_text(custom));
  ENSURE(add_salt(stored, custom));
  return stored;
}

// Firebase's export: {"signer_key", "salt_separator", "rounds", "mem_cost"} of the project, an addition of
// ours.
Result<> make_firebase(StoredHash& stored, const json::Object& firebase) {
  const auto key = passwords::from_any_base64(json::string_or(firebase, "signer_key")),
             separator = passwords::from_any_base64(json::string_or(firebase, "salt_separator"));
  if (!key || !separator) return refuse("PATTERN", "firebase", "signer_key and salt_separator are base64");
  stored.scheme = "firebase-scrypt";
  stored.parameters = {{"mem", std::to_string(json::integer_or(firebase, "mem_cost", 14))},
                       {"rounds", std::to_string(json::integer_or(firebase, "rounds", 8))},
                       {"sep", base64_text(*separator)},
                       {"k", base64_text(*key)}};
  return {};
}

Result<StoredHash> from_scrypt(const json::Object& custom) {
  StoredHash stored{.scheme = "scrypt", .parameters = {}, .salt = {}, .hash = {}};
  TRY(stored.hash, hash_bytes(custom));
  ENSURE(add_salt(stored, custom));
  if (!stored.parameters.empty())
    return refuse("ENUM_MISMATCH", "salt.position", "the salt of scrypt has no position");
  if (const auto* firebase = json::object(custom, "firebase")) {
    ENSURE(make_firebase(stored, *firebase));
    return stored;
  }
  if (!custom.contains("salt")) return refuse("OBJECT_REQUIRED", "salt", "scrypt needs a salt");
  if (uint64_t(json::integer_or(custom, "keylen", 0)) != stored.hash.size())
    return refuse("PATTERN", "keylen",
                  "the length of the hash, which has " + std::to_string(stored.hash.size()) + " bytes");
  stored.parameters = {{"n", std::to_string(json::integer_or(custom, "cost", 16384))},
                       {"r", std::to_string(json::integer_or(custom, "blockSize", 8))},
                       {"p", std::to_string(json::integer_or(custom, "parallelization", 1))}};
  return stored;
}

// RFC 2307 and what grew from it: the digest of the password, with the salt behind it in both.
struct LdapScheme {
  std::string_view name, digest;
  bool is_salted;
};
constexpr LdapScheme ldap_schemes[] = {
    {"md5", "md5", false},       {"smd5", "md5", true},       {"sha", "sha1", false},
    {"ssha", "sha1", true},      {"sha224", "sha224", false}, {"ssha224", "sha224", true},
    {"sha256", "sha256", false}, {"ssha256", "sha256", true}, {"sha384", "sha384", false},
    {"ssha384", "sha384", true}, {"sha512", "sha512", false}, {"ssha512", "sha512", true},
};

Result<StoredHash> from_ldap(const json::Object& custom) {
  TRY(const std::string text, hash_text(custom));
  const size_t close = text.find('}');
  if (!text.starts_with('{') || close == text.npos)
    return refuse("PATTERN", "hash.value", "an ldap hash begins with its scheme in braces");
  const std::string name = to_lower(text.substr(1, close - 1));
  const auto* scheme = std::find_if(std::begin(ldap_schemes), std::end(ldap_schemes),
                                    [&](const LdapScheme& each) { return each.name == name; });
  if (scheme == std::end(ldap_schemes))
    return refuse("ENUM_MISMATCH", "hash.value", "ldap hashes are md5, smd5, sha, ssha and their longer kin");
  const auto bytes = passwords::from_any_base64(text.substr(close + 1));
  const size_t size = passwords::digest_size(scheme->digest);
  if (!bytes || bytes->size() < size || (bytes->size() > size) != scheme->is_salted)
    return refuse("PATTERN", "hash.value", "this is no base64 of digest and salt");
  StoredHash stored{.scheme = std::string(scheme->digest),
                    .parameters = {},
                    .salt = bytes->substr(size),
                    .hash = bytes->substr(0, size)};
  if (scheme->is_salted) stored.parameters.emplace_back("pos", "suffix");
  return stored;
}

struct Algorithm {
  std::string_view name;
  bool takes_salt;
  Result<StoredHash> (*read)(const json::Object& custom);
};
constexpr Algorithm algorithms[] = {
    {"argon2", false, from_argon2}, {"bcrypt", true, from_bcrypt}, {"hmac", true, from_hmac},
    {"ldap", false, from_ldap},     {"md4", true, from_digest},    {"md5", true, from_digest},
    {"sha1", true, from_digest},    {"sha256", true, from_digest}, {"sha512", true, from_digest},
    {"pbkdf2", false, from_pbkdf2}, {"scrypt", true, from_scrypt},
};

// Node.js has six names for three encodings.
std::string_view recoding(std::string_view encoding) {
  if (encoding == "utf16le" || encoding == "ucs2") return "utf16le";
  return encoding == "utf8" ? "" : "latin1";
}

}  // namespace

Result<std::string> imported_hash(const json::Object& custom) {
  const std::string name = json::string_or(custom, "algorithm");
  const auto* algorithm = std::find_if(std::begin(algorithms), std::end(algorithms),
                                       [&](const Algorithm& each) { return each.name == name; });
  if (algorithm == std::end(algorithms))
    return refuse("ENUM_MISMATCH", "algorithm", "there is no such algorithm");
  if (!algorithm->takes_salt && custom.contains("salt"))
    return refuse("NOT_PASSED", "salt", "the hash of " + name + " brings its own");
  TRY(StoredHash stored, algorithm->read(custom));
  const auto encoding = recoding(json::string_or(part(custom, "password"), "encoding", "utf8"));
  if (!encoding.empty()) stored.parameters.emplace_back("enc", encoding);
  if (auto checked = passwords::check(stored); !checked)
    return refuse(checked.error().code, "hash", checked.error().message);
  // An ordinary bcrypt hash needs no wrapping.
  if (name == "bcrypt" && stored.salt.empty() && encoding.empty()) return stored.hash;
  return passwords::to_text(stored);
}

}  // namespace durward::management::users
