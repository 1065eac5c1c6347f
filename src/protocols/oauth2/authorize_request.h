#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "standards/oauth/pkce.h"
#include "standards/oauth/response_types.h"

namespace durward::protocols::oauth2 {

// A validated authorization request: what the answer needs once the person is known. Travels inside of the
// sealed login transaction.
struct AuthorizationRequest {
  std::string client_id, redirect_uri;
  bool redirect_uri_given = true;  // RFC 6749 §4.1.3: then the token request must repeat it
  oauth::ResponseType response_type;
  oauth::ResponseMode response_mode = oauth::ResponseMode::query;
  std::vector<std::string> scope;  // as asked for, within what may be granted
  std::string audience;            // identifier of the API; empty: userinfo only
  std::string state, nonce;
  std::optional<oauth::CodeChallenge> challenge;
  bool max_age_requested = false;
  json::Object extensions;  // ext-* parameters

  json::Object to_json() const;
  static Result<AuthorizationRequest> from_json(const json::Object& object);
};

}  // namespace durward::protocols::oauth2
