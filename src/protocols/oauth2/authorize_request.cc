#include "protocols/oauth2/authorize_request.h"

namespace durward::protocols::oauth2 {
namespace {

struct TextMember {
  std::string_view key;
  std::string AuthorizationRequest::* member;
};
constexpr TextMember text_members[] = {
    {"c", &AuthorizationRequest::client_id}, {"u", &AuthorizationRequest::redirect_uri},
    {"a", &AuthorizationRequest::audience},  {"s", &AuthorizationRequest::state},
    {"n", &AuthorizationRequest::nonce},
};

}  // namespace

json::Object AuthorizationRequest::to_json() const {
  json::Object out;
  for (const auto& [key, member] : text_members)
    if (!(this->*member).empty()) out[key] = this->*member;
  out["t"] = oauth::to_string(response_type);
  out["m"] = oauth::to_string(response_mode);
  out["sc"] = json::array_of(scope);
  if (!redirect_uri_given) out["ui"] = true;
  if (max_age_requested) out["ma"] = true;
  if (challenge) {
    out["cc"] = challenge->value;
    out["cm"] = oauth::to_string(challenge->method);
  }
  if (!extensions.empty()) out["x"] = extensions;
  return out;
}

Result<AuthorizationRequest> AuthorizationRequest::from_json(const json::Object& object) {
  AuthorizationRequest out;
  for (const auto& [key, member] : text_members) out.*member = json::string_or(object, key);
  TRY(out.response_type, oauth::parse_response_type(json::string_or(object, "t")));
  TRY(out.response_mode, oauth::parse_response_mode(json::string_or(object, "m"), out.response_type));
  TRY(out.challenge, oauth::parse_challenge(json::string_or(object, "cc"), json::string_or(object, "cm")));
  out.scope = json::strings(object, "sc");
  out.redirect_uri_given = !json::boolean_or(object, "ui", false);
  out.max_age_requested = json::boolean_or(object, "ma", false);
  if (const auto* extensions = json::object(object, "x")) out.extensions = *extensions;
  return out;
}

}  // namespace durward::protocols::oauth2
