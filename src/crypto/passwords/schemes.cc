#include "crypto/passwords/schemes.h"

#include <argon2.h>

#include <algorithm>
#include <limits>

#include "crypto/hash.h"
#include "crypto/openssl.h"
#include "crypto/password_hash.h"
#include "crypto/passwords/digests.h"
#include "crypto/passwords/recode.h"

namespace durward::crypto::passwords {

namespace {

constexpr size_t hash_min = 10, salt_max = 1024;

std::unexpected<Error> refuse(std::string code, std::string message) {
  return fail(ErrorKind::invalid, std::move(code), std::move(message));
}

// What follows the family: "sha512" of "pbkdf2-sha512".
std::string digest_of(const StoredHash& stored) {
  const size_t dash = stored.scheme.find('-');
  const bool is_family = stored.scheme.starts_with("hmac-") || stored.scheme.starts_with("pbkdf2-");
  return is_family ? stored.scheme.substr(dash + 1) : stored.scheme;
}

// The password as it was hashed, with the salt where it stood.
std::string salted(const StoredHash& stored, std::string_view password) {
  return stored.parameter("pos") == "suffix" ? std::string(password) + stored.salt
                                             : stored.salt + std::string(password);
}

// --- plain digests and HMAC

Result<> check_digest(const StoredHash& stored) {
  const std::string digest = digest_of(stored);
  if (digest_name(digest) != digest) return refuse("ENUM_MISMATCH", "there is no digest " + digest);
  if (stored.hash.size() != digest_size(digest))
    return refuse("PATTERN", "a hash of " + digest + " has " + std::to_string(digest_size(digest)) +
                                 " bytes, not " + std::to_string(stored.hash.size()));
  return {};
}

std::string by_digest(const StoredHash& stored, std::string_view password) {
  std::string input = salted(stored, password);
  std::string out = digest(stored.scheme, input);
  wipe(input);
  return out;
}

Result<> check_hmac(const StoredHash& stored) {
  const auto key = from_any_base64(stored.parameter("k"));
  if (!key || key->empty()) return refuse("PATTERN", "hmac needs a key");
  return check_digest(stored);
}

std::string by_hmac(const StoredHash& stored, std::string_view password) {
  std::string input = salted(stored, password);
  std::string out = hmac(digest_of(stored), *from_any_base64(stored.parameter("k")), input);
  wipe(input);
  return out;
}

// --- pbkdf2

constexpr uint32_t pbkdf2_iterations = 100000, pbkdf2_length = 64;  // of a text that does not say

Result<> check_pbkdf2(const StoredHash& stored) {
  const std::string digest = digest_of(stored);
  if (digest_name(digest) != digest) return refuse("ENUM_MISMATCH", "there is no digest " + digest);
  const auto iterations = stored.number("i", pbkdf2_iterations), length = stored.number("l", pbkdf2_length);
  if (!iterations || *iterations == 0) return refuse("PATTERN", "i of pbkdf2 is a number of iterations");
  if (!length || *length != stored.hash.size())
    return refuse("PATTERN", "l of pbkdf2 is the length of the hash, which has " +
                                 std::to_string(stored.hash.size()) + " bytes");
  const size_t size = digest_size(digest), blocks = (*length + size - 1) / size;
  if (uint64_t(*iterations) * blocks > limits::pbkdf2_digests)
    return refuse("MAXIMUM", "pbkdf2 of more than " + std::to_string(limits::pbkdf2_digests) +
                                 " iterations times blocks is too costly");
  return {};
}

std::string by_pbkdf2(const StoredHash& stored, std::string_view password) {
  return pbkdf2(digest_of(stored), password, stored.salt, *stored.number("i", pbkdf2_iterations),
                stored.hash.size());
}

// --- scrypt (RFC 7914), and what Firebase makes of it: the key encrypts a key of the project

struct ScryptCost {
  uint64_t n, r, p;
};

Result<> check_scrypt_cost(ScryptCost cost) {
  if (cost.n < 2 || (cost.n & (cost.n - 1)) != 0)
    return refuse("PATTERN", "the cost of scrypt is a power of two");
  if (cost.r == 0 || cost.p == 0)
    return refuse("PATTERN", "block size and parallelization of scrypt are at least 1");
  if (128 * cost.n * cost.r > limits::memory || 128 * cost.n * cost.r * cost.p > limits::scrypt_bytes)
    return refuse("MAXIMUM", "scrypt of these parameters is too costly");
  return {};
}

std::string scrypt(std::string_view password, std::string_view salt, ScryptCost cost, size_t size) {
  std::string out(size, '\0');
  must(EVP_PBE_scrypt(password.data(), password.size(), bytes_of(salt), salt.size(), cost.n, cost.r, cost.p,
                      2 * limits::memory, bytes_of(out), out.size()) == 1,
       "scrypt");
  return out;
}

// Numbers are 32 bits wide, so a product of two cannot overflow and one of three stays below the check of
// two.
std::optional<ScryptCost> scrypt_cost(const StoredHash& stored) {
  const auto n = stored.number("n", 16384), r = stored.number("r", 8), p = stored.number("p", 1);
  if (!n || !r || !p || *n > (1u << 24) || *r > 1024 || *p > 1024) return std::nullopt;
  return ScryptCost{*n, *r, *p};
}

Result<> check_scrypt(const StoredHash& stored) {
  const auto cost = scrypt_cost(stored);
  if (!cost) return refuse("MAXIMUM", "scrypt of these parameters is too costly");
  if (stored.hash.size() < hash_min) return refuse("PATTERN", "the hash of scrypt is too short");
  return check_scrypt_cost(*cost);
}

std::string by_scrypt(const StoredHash& stored, std::string_view password) {
  return scrypt(password, stored.salt, *scrypt_cost(stored), stored.hash.size());
}

ScryptCost firebase_cost(const StoredHash& stored) {
  const uint32_t bits = stored.number("mem", 14).value_or(99),
                 rounds = stored.number("rounds", 8).value_or(0);
  return {bits > 24 ? 0 : uint64_t(1) << bits, std::min<uint64_t>(rounds, 1024), 1};
}

Result<> check_firebase(const StoredHash& stored) {
  const auto key = from_any_base64(stored.parameter("k")),
             separator = from_any_base64(stored.parameter("sep"));
  if (!key || !separator) return refuse("PATTERN", "signer key and salt separator are base64");
  if (key->size() < hash_min || key->size() != stored.hash.size())
    return refuse("PATTERN", "the hash is as long as the signer key");
  return check_scrypt_cost(firebase_cost(stored));
}

std::string by_firebase(const StoredHash& stored, std::string_view password) {
  const std::string key = *from_any_base64(stored.parameter("k"));
  std::string derived =
      scrypt(password, stored.salt + *from_any_base64(stored.parameter("sep")), firebase_cost(stored), 64);
  const OwnedCipherContext context(EVP_CIPHER_CTX_new());
  const unsigned char counter[16] = {};
  std::string out(key.size(), '\0');
  int size = 0;
  must(context &&
           EVP_EncryptInit_ex(context.get(), EVP_aes_256_ctr(), nullptr, bytes_of(derived), counter) == 1 &&
           EVP_EncryptUpdate(context.get(), bytes_of(out), &size, bytes_of(key), int(key.size())) == 1,
       "AES-CTR");
  wipe(derived);
  return out;
}

// --- argon2 (RFC 9106)

argon2_type argon2_type_of(const StoredHash& stored) {
  return stored.scheme == "argon2i" ? Argon2_i : stored.scheme == "argon2d" ? Argon2_d : Argon2_id;
}

Result<> check_argon2(const StoredHash& stored) {
  const auto version = stored.number("v", 16), memory = stored.number("m", 0), passes = stored.number("t", 0),
             lanes = stored.number("p", 0);
  if (!version || (*version != 16 && *version != 19))
    return refuse("PATTERN", "argon2 has versions 16 and 19");
  if (!memory || !passes || !lanes || *passes == 0 || *lanes == 0 || *lanes > 64 || *memory < 8 * *lanes)
    return refuse("PATTERN", "argon2 needs m (at least 8 p), t and p (1 to 64)");
  if (stored.salt.size() < 8) return refuse("PATTERN", "the salt of argon2 has at least 8 bytes");
  if (stored.hash.size() < hash_min) return refuse("PATTERN", "the hash of argon2 is too short");
  if (*memory > limits::memory / 1024 || uint64_t(*memory) * *passes > limits::argon2_kib_passes)
    return refuse("MAXIMUM", "argon2 of these parameters is too costly");
  return {};
}

// Lanes of one hash are computed by this thread one after the other: the result is the same, and how many
// threads hash is not the file's to say.
std::string by_argon2(const StoredHash& stored, std::string_view password) {
  std::string out(stored.hash.size(), '\0'), input(password), salt = stored.salt;
  argon2_context context{};
  context.out = bytes_of(out), context.outlen = uint32_t(out.size());
  context.pwd = bytes_of(input), context.pwdlen = uint32_t(input.size());
  context.salt = bytes_of(salt), context.saltlen = uint32_t(salt.size());
  context.t_cost = *stored.number("t", 0), context.m_cost = *stored.number("m", 0);
  context.lanes = *stored.number("p", 0), context.threads = 1;
  context.version = *stored.number("v", 16);
  const int result = argon2_ctx(&context, argon2_type_of(stored));
  wipe(input);
  if (result != ARGON2_OK) throw std::runtime_error(std::string("argon2: ") + argon2_error_message(result));
  return out;
}

// --- bcrypt with a salt or another encoding

Result<> check_bcrypt(const StoredHash& stored) {
  if (!is_bcrypt(stored.hash)) return refuse("PATTERN", "this is no bcrypt hash");
  if (bcrypt_cost(stored.hash) > limits::bcrypt_cost)
    return refuse("MAXIMUM",
                  "bcrypt of a cost above " + std::to_string(limits::bcrypt_cost) + " is too costly");
  if (stored.parameter("enc") == "utf16le" || stored.salt.contains('\0'))
    return refuse("NOT_PASSED", "bcrypt ends at a NUL byte, which this encoding or salt has");
  return {};
}

std::string by_lanes(const StoredHash&, std::string_view) { return {}; }

struct Scheme {
  std::string_view name;        // a name that ends with "-" is a family, a digest follows
  std::string_view parameters;  // that it may have, beside "enc"
  Result<> (*check)(const StoredHash&);
  std::string (*derive)(const StoredHash&, std::string_view password);
};
constexpr Scheme schemes[] = {
    {"argon2i", "v m t p", check_argon2, by_argon2},
    {"argon2d", "v m t p", check_argon2, by_argon2},
    {"argon2id", "v m t p", check_argon2, by_argon2},
    {"bcrypt", "pos", check_bcrypt, by_lanes},
    {"scrypt", "n r p", check_scrypt, by_scrypt},
    {"firebase-scrypt", "k sep rounds mem", check_firebase, by_firebase},
    {"pbkdf2-", "i l", check_pbkdf2, by_pbkdf2},
    {"hmac-", "k pos", check_hmac, by_hmac},
    {"md4", "pos", check_digest, by_digest},
    {"md5", "pos", check_digest, by_digest},
    {"sha1", "pos", check_digest, by_digest},
    {"sha224", "pos", check_digest, by_digest},
    {"sha256", "pos", check_digest, by_digest},
    {"sha384", "pos", check_digest, by_digest},
    {"sha512", "pos", check_digest, by_digest},
};

const Scheme* find(std::string_view name) {
  for (const auto& scheme : schemes)
    if (scheme.name.ends_with('-') ? name.starts_with(scheme.name) : name == scheme.name) return &scheme;
  return nullptr;
}

bool has_word(std::string_view list, std::string_view word) {
  return (" " + std::string(list) + " ").contains(" " + std::string(word) + " ");
}

Result<> check_common(const Scheme& scheme, const StoredHash& stored) {
  for (const auto& [name, value] : stored.parameters)
    if (name != "enc" && !has_word(scheme.parameters, name))
      return refuse("PATTERN", std::string(stored.scheme) + " has no parameter " + name);
  const auto position = stored.parameter("pos"), encoding = stored.parameter("enc");
  if (!position.empty() && position != "suffix") return refuse("PATTERN", "pos is suffix or not there");
  if (!encoding.empty() && !is_recoding(encoding))
    return refuse("PATTERN", "enc is utf16le, latin1 or not there");
  if (stored.salt.size() > salt_max) return refuse("MAXIMUM", "the salt is too long");
  return {};
}

}  // namespace

Result<> check(const StoredHash& stored) {
  const Scheme* scheme = find(stored.scheme);
  if (!scheme) return refuse("ENUM_MISMATCH", "there is no scheme of this name");
  ENSURE(check_common(*scheme, stored));
  return scheme->check(stored);
}

bool verify(const StoredHash& stored, std::string_view password) {
  if (stored.scheme == "bcrypt" || !check(stored)) return false;
  auto input = recoded(password, stored.parameter("enc"));
  if (!input) return false;
  const std::string computed = find(stored.scheme)->derive(stored, *input);
  wipe(*input);
  return equal_constant_time(computed, stored.hash);
}

std::optional<AsBcrypt> as_bcrypt(const StoredHash& stored, std::string_view password) {
  if (stored.scheme != "bcrypt" || !check(stored)) return std::nullopt;
  auto input = recoded(password, stored.parameter("enc"));
  if (!input) return std::nullopt;
  AsBcrypt out{salted(stored, *input), stored.hash};
  wipe(*input);
  return out;
}

std::string argon2id(std::string_view password, Argon2Cost cost, std::string_view salt) {
  StoredHash stored{.scheme = "argon2id",
                    .parameters = {{"v", "19"},
                                   {"m", std::to_string(cost.memory_kib)},
                                   {"t", std::to_string(cost.passes)},
                                   {"p", "1"}},
                    .salt = std::string(salt),
                    .hash = std::string(32, '\0')};
  stored.hash = by_argon2(stored, password);
  return to_text(stored);
}

std::optional<Argon2Cost> argon2id_cost(std::string_view text) {
  const auto stored = parse_stored_hash(text);
  if (!stored || stored->scheme != "argon2id" || !check(*stored)) return std::nullopt;
  if (stored->number("v", 16) != 19u || stored->number("p", 0) != 1u || stored->hash.size() != 32 ||
      !stored->parameter("enc").empty())
    return std::nullopt;
  return Argon2Cost{*stored->number("m", 0), *stored->number("t", 0)};
}

}  // namespace durward::crypto::passwords
