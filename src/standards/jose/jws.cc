#include "standards/jose/jws.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace durward::jose {

namespace {

constexpr size_t algorithm_count = 13;
constexpr std::array<std::string_view, algorithm_count> names = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                                                 "PS512", "ES256", "ES384", "ES512", "EdDSA",
                                                                 "HS256", "HS384", "HS512"};

// Both enumerations begin with the asymmetric algorithms in the same order.
static_assert(size_t(Algorithm::HS256) == crypto::signature_algorithm_count);
static_assert(size_t(Algorithm::EdDSA) == size_t(crypto::SignatureAlgorithm::EdDSA));

crypto::SignatureAlgorithm to_signature_algorithm(Algorithm alg) { return crypto::SignatureAlgorithm(alg); }

std::string mac(Algorithm alg, std::string_view secret, std::string_view data) {
  if (alg == Algorithm::HS256) return crypto::hmac_sha256(secret, data);
  if (alg == Algorithm::HS384) return crypto::hmac_sha384(secret, data);
  return crypto::hmac_sha512(secret, data);
}

std::string encode_header(const json::Object& header) { return to_base64url(json::serialize(header)) + '.'; }

std::string with_signature(std::string input, std::string_view signature) {
  const std::string encoded = to_base64url(signature);
  input.reserve(input.size() + 1 + encoded.size());
  input += '.';
  input += encoded;
  return input;
}

Result<std::string> sign_input(std::string input, const SigningKeyRef& key) {
  TRY(const auto signature, key.key.sign(key.alg, input));
  return with_signature(std::move(input), signature);
}

json::Object signer_header(const SigningKeyRef& key, json::Object header) {
  header["alg"] = to_string(key.alg);
  if (!key.kid.empty()) header["kid"] = key.kid;
  return header;
}

}  // namespace

std::string_view to_string(Algorithm alg) { return names[size_t(alg)]; }

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return Algorithm(i);
  return {};
}

bool is_symmetric(Algorithm alg) { return alg >= Algorithm::HS256; }
Algorithm from_signature_algorithm(crypto::SignatureAlgorithm alg) { return Algorithm(alg); }

// ---- signing

Result<std::string> sign_compact(json::Object header, const json::Object& payload, const SigningKeyRef& key) {
  return sign_input(
      encode_header(signer_header(key, std::move(header))) + to_base64url(json::serialize(payload)), key);
}

Result<std::string> sign_compact(json::Object header, const json::Object& payload, Algorithm hmac,
                                 std::string_view secret) {
  if (!is_symmetric(hmac) || secret.empty())
    return fail(ErrorKind::invalid, "invalid_algorithm", "HMAC algorithms need a secret");
  header["alg"] = to_string(hmac);
  std::string input = encode_header(header) + to_base64url(json::serialize(payload));
  const std::string tag = mac(hmac, secret, input);
  return with_signature(std::move(input), tag);
}

Signer::Signer(SigningKeyRef key, std::string_view typ) : key_(std::move(key)) {
  json::Object header;
  header["alg"] = to_string(key_.alg);
  if (!typ.empty()) header["typ"] = typ;
  prefix_ = encode_header(signer_header(key_, std::move(header)));
}

Result<std::string> Signer::sign_serialized(std::string_view payload_json) const {
  return sign_input(prefix_ + to_base64url(payload_json), key_);
}

// ---- verifying

namespace {

std::unexpected<Error> invalid_token(std::string message) {
  return fail(ErrorKind::invalid, "invalid_token", std::move(message));
}

struct Parts {
  std::string_view header, payload, signature, signed_text;
};

Result<Parts> split(std::string_view token, size_t size_max) {
  if (token.size() > size_max) return invalid_token("The token is too large");
  // RFC 7515 §7.1: exactly three parts; five would be encryption (RFC 7516).
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos)
    return invalid_token("The token is not a signed JWT");
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

Result<json::Object> read_object(std::string_view part) {
  // RFC 7515 §2: base64url without padding, line breaks or stray bits. §4: member names are unique.
  const auto text = from_base64url(part);
  if (!text || text->empty()) return invalid_token("The token is not base64url");
  auto object = json::parse_object(*text);
  if (!object) return invalid_token("The token does not hold valid JSON objects");
  return object;
}

Result<> check_header(const json::Object& header) {
  // RFC 7515 §4.1.11: extensions that are not understood must be refused; none is. RFC 7797's `b64` is one.
  if (header.contains("crit") || header.contains("b64"))
    return invalid_token("The token uses an extension that is not supported");
  for (std::string_view name : {"typ", "kid", "cty"})
    if (const auto* value = header.if_contains(name); value && !value->is_string())
      return invalid_token("The header of the token is malformed");
  return {};
}

Result<UnverifiedJwt> read_parts(const Parts& parts) {
  UnverifiedJwt out;
  TRY(out.header, read_object(parts.header));
  ENSURE(check_header(out.header));
  const auto alg = parse_algorithm(json::string_or(out.header, "alg"));
  // RFC 8725 §3.2: "none" is not in the table, in no spelling.
  if (!alg) return invalid_token("The algorithm of the token is not supported");
  out.alg = *alg;
  out.kid = json::string_or(out.header, "kid");
  TRY(out.payload, read_object(parts.payload));
  return out;
}

bool is_signed_by(const VerificationKey& key, const UnverifiedJwt& jwt, std::string_view text,
                  std::string_view signature) {
  if (key.alg && *key.alg != jwt.alg) return false;
  if (const auto* open = std::get_if<crypto::PublicKey>(&key.material))
    // RFC 8725 §2.1, §3.1: a public key is never a secret for HMAC.
    return !is_symmetric(jwt.alg) && open->verify(to_signature_algorithm(jwt.alg), text, signature);
  const auto& secret = std::get<std::string>(key.material);
  return is_symmetric(jwt.alg) && !secret.empty() &&
         crypto::equal_constant_time(mac(jwt.alg, secret, text), signature);
}

// A key without kid, or a token without one, is tried; otherwise the names must agree.
bool may_serve(const VerificationKey& key, const UnverifiedJwt& jwt) {
  return key.kid.empty() || jwt.kid.empty() || key.kid == jwt.kid;
}

struct Candidate {
  Parts parts;
  UnverifiedJwt jwt;
  std::string signature;
};

Result<Candidate> read_candidate(std::string_view token, const VerifyOptions& options) {
  Candidate out;
  TRY(out.parts, split(token, options.size_max));
  TRY(out.jwt, read_parts(out.parts));
  if (std::ranges::find(options.allowed, out.jwt.alg) == options.allowed.end())
    return invalid_token("The algorithm of the token is not allowed");
  auto signature = from_base64url(out.parts.signature);
  if (!signature || signature->empty()) return invalid_token("The token is not base64url");
  out.signature = *std::move(signature);
  return out;
}

VerifiedJwt verified(UnverifiedJwt jwt) {
  return {std::move(jwt.header), std::move(jwt.payload), jwt.alg, std::move(jwt.kid)};
}

}  // namespace

Result<VerifiedJwt> verify_compact(std::string_view token, std::span<const VerificationKey> keys,
                                   const VerifyOptions& options) {
  TRY(auto candidate, read_candidate(token, options));
  for (const auto& key : keys)
    if (may_serve(key, candidate.jwt) &&
        is_signed_by(key, candidate.jwt, candidate.parts.signed_text, candidate.signature))
      return verified(std::move(candidate.jwt));
  return invalid_token("The signature of the token is not valid");
}

Result<VerifiedJwt> verify_compact(std::string_view token, const KeyResolver& resolver,
                                   const VerifyOptions& options) {
  TRY(auto candidate, read_candidate(token, options));
  TRY(const auto key, resolver(candidate.jwt));
  if (!is_signed_by(key, candidate.jwt, candidate.parts.signed_text, candidate.signature))
    return invalid_token("The signature of the token is not valid");
  return verified(std::move(candidate.jwt));
}

Result<UnverifiedJwt> decode_unverified(std::string_view token, size_t size_max) {
  TRY(const auto parts, split(token, size_max));
  return read_parts(parts);
}

}  // namespace durward::jose
