#include "standards/jose/jwk.h"

#include <array>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace durward::jose {

namespace {

using crypto::KeyType;
using crypto::PublicComponents;
using crypto::SignatureAlgorithm;

constexpr size_t keys_max = 100;

// RFC 7518 §6.2.1.1, RFC 8037 §2.
struct CurveRow {
  KeyType type;
  std::string_view kty, crv;
};
constexpr CurveRow curve_rows[] = {{KeyType::ec_p256, "EC", "P-256"},
                                   {KeyType::ec_p384, "EC", "P-384"},
                                   {KeyType::ec_p521, "EC", "P-521"},
                                   {KeyType::ed25519, "OKP", "Ed25519"}};

const CurveRow* find_curve(KeyType type) {
  for (const auto& row : curve_rows)
    if (row.type == type) return &row;
  return nullptr;
}
const CurveRow* find_curve(std::string_view kty, std::string_view crv) {
  for (const auto& row : curve_rows)
    if (row.kty == kty && row.crv == crv) return &row;
  return nullptr;
}

std::unexpected<Error> invalid_jwk(std::string message) {
  return fail(ErrorKind::invalid, "invalid_jwk", std::move(message));
}

Result<std::string> read_bytes(const json::Object& jwk, std::string_view name) {
  const auto text = json::string(jwk, name);
  const auto bytes = text && !text->empty() ? from_base64url(*text) : std::nullopt;
  if (!bytes)
    return invalid_jwk("The member '" + std::string(name) + "' of the key is missing or not base64url");
  return *bytes;
}

Result<PublicComponents> read_rsa(const json::Object& jwk) {
  PublicComponents out{.type = KeyType::rsa};
  TRY(out.n, read_bytes(jwk, "n"));
  TRY(out.e, read_bytes(jwk, "e"));
  return out;
}

Result<PublicComponents> read_components(const json::Object& jwk) {
  const auto kty = json::string_or(jwk, "kty");
  if (kty == "RSA") return read_rsa(jwk);
  const CurveRow* curve = find_curve(kty, json::string_or(jwk, "crv"));
  if (!curve) return invalid_jwk("The type or curve of the key is not supported");
  PublicComponents out{.type = curve->type};
  TRY(out.x, read_bytes(jwk, "x"));
  if (kty == "EC") {
    TRY(out.y, read_bytes(jwk, "y"));
  }
  return out;
}

// RFC 7518 §6.2.2, §6.3.2, §6.4.1 and RFC 8037 §2: the members that only private and symmetric keys have.
constexpr std::array<std::string_view, 8> private_members = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

Result<> check_public(const json::Object& jwk) {
  for (auto name : private_members)
    if (jwk.contains(name)) return invalid_jwk("The key is not a public key");
  return {};
}

// RFC 7517 §4.4: `alg` limits the key; one that cannot work with it is a mistake or an attack.
Result<> read_algorithm(const json::Object& jwk, PublicJwk& out) {
  const auto name = json::string(jwk, "alg");
  if (!name) return {};
  out.alg = crypto::parse_signature_algorithm(*name);
  if (out.alg && !out.key.fits(*out.alg)) return invalid_jwk("The key does not fit its algorithm");
  if (!out.alg && out.use != "enc") return invalid_jwk("The algorithm of the key is not supported");
  return {};
}

json::Object key_members(const crypto::PublicKey& key) {
  const auto parts = key.components();
  const CurveRow* curve = find_curve(parts.type);
  json::Object out;
  out["kty"] = curve ? curve->kty : "RSA";
  if (!curve) {
    out["n"] = to_base64url(parts.n);
    out["e"] = to_base64url(parts.e);
    return out;
  }
  out["crv"] = curve->crv;
  out["x"] = to_base64url(parts.x);
  if (!parts.y.empty()) out["y"] = to_base64url(parts.y);
  return out;
}

}  // namespace

json::Object to_jwk(const crypto::PublicKey& key, const JwkOptions& options) {
  json::Object out = key_members(key);
  if (!options.use.empty()) out["use"] = options.use;
  if (!options.kid.empty()) out["kid"] = options.kid;
  if (!options.certificate_der.empty()) {
    out["x5t"] = to_base64url(crypto::sha1(options.certificate_der));
    out["x5c"] =
        json::Array{json::Value(to_base64(options.certificate_der))};  // RFC 7517 §4.7: not base64url
  }
  if (options.alg) out["alg"] = to_string(*options.alg);
  return out;
}

Result<PublicJwk> parse_jwk(const json::Object& jwk) {
  ENSURE(check_public(jwk));
  TRY(const auto components, read_components(jwk));
  auto key = crypto::PublicKey::from_components(components);
  if (!key) return invalid_jwk(key.error().message);
  PublicJwk out{
      .key = *std::move(key), .kid = json::string_or(jwk, "kid"), .use = json::string_or(jwk, "use")};
  ENSURE(read_algorithm(jwk, out));
  return out;
}

Result<std::vector<PublicJwk>> parse_jwks(const json::Object& jwks) {
  const json::Array* keys = json::array(jwks, "keys");
  if (!keys) return invalid_jwk("The key set has no array 'keys'");
  if (keys->size() > keys_max) return invalid_jwk("The key set has more than 100 keys");
  std::vector<PublicJwk> out;
  for (const auto& item : *keys) {
    const json::Object* jwk = item.if_object();
    if (!jwk) continue;
    if (auto parsed = parse_jwk(*jwk)) out.push_back(*std::move(parsed));
  }
  return out;
}

std::string thumbprint(const crypto::PublicKey& key) {
  // RFC 7638 §3.2: the required members only, in lexicographic order, without white space.
  const json::Object members = key_members(key);
  std::string text = "{";
  for (std::string_view name : {"crv", "e", "kty", "n", "x", "y"}) {
    if (!members.contains(name)) continue;
    if (text.size() > 1) text += ',';
    text += '"';
    text += name;
    text += "\":\"" + json::string_or(members, name) + '"';
  }
  return to_base64url(crypto::sha256(text + '}'));
}

}  // namespace durward::jose
