#include <algorithm>
#include <cmath>

#include "base/encoding.h"
#include "standards/jose/jws.h"

namespace durward::jose {

namespace {

std::unexpected<Error> refused(std::string message) {
  return fail(ErrorKind::invalid, "invalid_token", std::move(message));
}

// RFC 7519 §2 NumericDate: seconds since the epoch, possibly with a fraction. Years beyond 9999 are nonsense
// that would overflow the arithmetic.
Result<std::optional<TimePoint>> read_time(const json::Object& payload, std::string_view name) {
  const json::Value* value = payload.if_contains(name);
  if (!value) return std::nullopt;
  const double seconds = value->is_int64()    ? double(value->get_int64())
                         : value->is_uint64() ? double(value->get_uint64())
                         : value->is_double() ? value->get_double()
                                              : NAN;
  if (!(std::abs(seconds) <= 253402300799.0))
    return refused("The claim '" + std::string(name) + "' of the token is not a time");
  return from_unix_ms(int64_t(std::floor(seconds * 1000)));
}

Result<> check_times(const json::Object& payload, const ClaimRules& rules) {
  TRY(const auto exp, read_time(payload, "exp"));
  TRY(const auto nbf, read_time(payload, "nbf"));
  TRY(const auto iat, read_time(payload, "iat"));
  // RFC 7519 §4.1.4: on or after `exp` the token must not be accepted.
  if (!exp && rules.require_exp) return refused("The token has no expiry");
  if (exp && rules.check_exp && rules.now >= *exp + rules.leeway) return refused("The token is expired");
  // RFC 7519 §4.1.5.
  if (nbf && rules.now + rules.leeway < *nbf) return refused("The token is not valid yet");
  if (iat && rules.now + rules.leeway < *iat) return refused("The token was issued in the future");
  if (!rules.age_max) return {};
  if (!iat) return refused("The token has no time of issue");
  if (rules.now - *iat > *rules.age_max + rules.leeway) return refused("The token is too old");
  return {};
}

// RFC 7519 §4.1.3: a string or an array of strings.
bool names_audience(const json::Object& payload, const std::vector<std::string>& accepted) {
  const auto is_accepted = [&](std::string_view name) {
    return std::ranges::find(accepted, name) != accepted.end();
  };
  if (const auto one = json::string(payload, "aud")) return is_accepted(*one);
  return std::ranges::any_of(json::strings(payload, "aud"), is_accepted);
}

// RFC 7515 §4.1.9: a media type, compared without case; "application/" may be left out.
std::string media_type(std::string_view typ) {
  std::string out = to_lower(typ);
  if (out.starts_with("application/")) out.erase(0, 12);
  return out;
}

}  // namespace

Result<> check_claims(const VerifiedJwt& jwt, const ClaimRules& rules) {
  // RFC 8725 §3.11: one kind of token must not pass for another.
  if (!rules.typ.empty() && media_type(json::string_or(jwt.header, "typ")) != media_type(rules.typ))
    return refused("The token is of another type");
  // RFC 8725 §3.8.
  if (!rules.issuer.empty() && json::string_or(jwt.payload, "iss") != rules.issuer)
    return refused("The token is from another issuer");
  // RFC 8725 §3.9.
  if (!rules.audiences.empty() && !names_audience(jwt.payload, rules.audiences))
    return refused("The token is for another audience");
  return check_times(jwt.payload, rules);
}

}  // namespace durward::jose
