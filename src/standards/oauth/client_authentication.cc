#include "standards/oauth/client_authentication.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/encoding.h"
#include "standards/jose/jws.h"
#include "standards/oauth/errors.h"

namespace durward::oauth {

namespace {

constexpr std::array<std::string_view, 4> method_names = {"none", "client_secret_basic", "client_secret_post",
                                                          "private_key_jwt"};
constexpr size_t credentials_size_max = 8 * 1024;

struct BasicCredentials {
  std::string id, secret;
};

// RFC 9110 §11.1: the scheme is compared without case.
std::optional<std::string_view> basic_payload(std::string_view authorization) {
  constexpr std::string_view scheme = "basic ";
  if (to_lower(authorization.substr(0, scheme.size())) != scheme) return {};
  return trim(authorization.substr(scheme.size()));
}

// RFC 6749 §2.3.1: both halves are form-encoded before Basic. Many clients forget it, so a half that does not
// decode is taken as it stands.
std::string decode_half(std::string_view text) {
  return percent_decode(text, true).value_or(std::string(text));
}

bool is_plain_text(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

Result<BasicCredentials> read_basic(std::string_view payload) {
  const auto unreadable = [] { return refuse("invalid_client", "The Authorization header is malformed"); };
  if (payload.size() > credentials_size_max) return unreadable();
  const auto text = from_base64(payload);
  const size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos || colon == 0) return unreadable();
  BasicCredentials out{decode_half(std::string_view(*text).substr(0, colon)),
                       decode_half(std::string_view(*text).substr(colon + 1))};
  if (!is_plain_text(out.id) || !is_plain_text(out.secret)) return unreadable();
  return out;
}

// The client that a client assertion speaks for, unverified (RFC 7523 §3: `sub` is the client_id).
Result<std::string> assertion_subject(const ClientAuthenticationInput& input) {
  // RFC 7521 §4.2: type and assertion come together.
  if (input.client_assertion.empty())
    return refuse("invalid_request", "Missing required parameter: client_assertion");
  if (input.client_assertion_type != jwt_bearer_assertion)
    return refuse("invalid_request", "Parameter 'client_assertion_type' is missing or not supported");
  const auto jwt = jose::decode_unverified(input.client_assertion);
  if (!jwt) return refuse("invalid_request", "The client assertion is malformed");
  auto subject = json::string_or(jwt->payload, "sub");
  if (subject.empty()) return refuse("invalid_request", "The client assertion names no client");
  return subject;
}

// RFC 6749 §2.3: a client uses one method a request.
Result<> check_one_method(bool basic, bool post, bool assertion) {
  if (int(basic) + int(post) + int(assertion) > 1)
    return refuse("invalid_request", "More than one client authentication method was used");
  return {};
}

Result<PresentedClient> named(PresentedClient client, std::string_view body_id) {
  if (client.client_id.empty()) client.client_id = body_id;
  if (client.client_id.empty()) return refuse("invalid_request", "Missing required parameter: client_id");
  if (!body_id.empty() && client.client_id != body_id)
    return refuse("invalid_request", "The client_id does not match the client authentication");
  return client;
}

}  // namespace

std::string_view to_string(ClientAuthenticationMethod method) { return method_names[size_t(method)]; }

Result<PresentedClient> parse_client_authentication(const ClientAuthenticationInput& input) {
  using enum ClientAuthenticationMethod;
  const auto basic = basic_payload(input.authorization);
  const bool post = !input.client_secret.empty();
  const bool assertion = !input.client_assertion.empty() || !input.client_assertion_type.empty();
  ENSURE(check_one_method(basic.has_value(), post, assertion));
  PresentedClient out;
  if (basic) {
    TRY(auto credentials, read_basic(*basic));
    // RFC 6749 §2.3.1: an empty secret may be left out, so it proves nothing.
    out.method = credentials.secret.empty() ? none : client_secret_basic;
    out.client_id = std::move(credentials.id);
    out.secret = std::move(credentials.secret);
  } else if (post) {
    out.method = client_secret_post;
    out.secret = input.client_secret;
  } else if (assertion) {
    TRY(out.client_id, assertion_subject(input));
    out.method = private_key_jwt;
    out.assertion = input.client_assertion;
  }
  return named(std::move(out), input.client_id);
}

}  // namespace durward::oauth
