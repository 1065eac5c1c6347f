#pragma once
#include "extensions/post_login.h"
#include "protocols/oauth2/grants/exchange.h"

namespace durward::protocols::oauth2 {

// What a grant that acts for a user has found out.
struct UserTokens {
  domain::Authorization authorization;  // scope: what this reply grants
  domain::User user;
  std::string_view gty;                // empty: left out
  std::string nonce;                   // of the ID token
  std::optional<TimePoint> auth_time;  // of the ID token
  int64_t grant_id = 0;
  std::string refresh_token;  // text; empty: none
  extensions::TokenChanges
      changes;  // what scripts of this request, or of the login before, want in the tokens
};
// The reply's members (Auth0 Authentication API).
Async<json::Object> user_tokens(Exchange& exchange, UserTokens request);

// post-login of a request without a browser (Auth0, Actions): `protocol` as in event.transaction. Changes
// user, scope and `changes` of the request, and adds writes. Errors: what a script refused with, as it is
// told to the application; unavailable.
struct LoginScripts {
  std::string_view protocol;
  std::string connection;  // name
  std::optional<domain::RefreshToken> refresh_token;
};
Async<> run_login_scripts(Exchange& exchange, UserTokens& request, LoginScripts call);

// The user of a grant, who still exists and is not blocked. One read. Fills in the log record.
Async<domain::User> active_user(Exchange& exchange, std::string user_id, std::string_view gone);

bool has_scope(const domain::Authorization& authorization, std::string_view scope);
domain::Device device_of(const endpoint::RequestContext& context);
// No token of a grant lives longer: how long a revocation must be remembered.
TimePoint revocation_end(TimePoint now);

}  // namespace durward::protocols::oauth2
