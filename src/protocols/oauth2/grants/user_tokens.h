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
// What a request asks for by `audience` and `scope`.
struct WantedAccess {
  Api api;
  std::vector<std::string> scope;
};
Async<WantedAccess> wanted_access(Exchange& exchange);
// That, as far as API, client grant and client allow.
Async<domain::Authorization> authorization_for(Exchange& exchange, WantedAccess wanted, std::string user_id,
                                               std::string connection);

// The reply's members (Auth0 Authentication API).
Async<json::Object> user_tokens(Exchange& exchange, UserTokens request);

// post-login of a request without a browser (Auth0, Actions): `protocol` as in event.transaction. Changes
// user, scope and `changes` of the request, and adds writes. Errors: what a script refused with, as it is
// told to the application; unavailable.
struct LoginScripts {
  std::string_view protocol;
  std::string connection;  // name
  std::optional<domain::RefreshToken> refresh_token;
  std::string method = "pwd";  // LoginFacts::method
  json::Object transaction;    // further members of event.transaction
};
Async<> run_login_scripts(Exchange& exchange, UserTokens& request, LoginScripts call);

// What scripts are told of the request: every parameter but secrets (Auth0, Actions: event.request.body).
extensions::RequestFacts request_facts(const Exchange& exchange);

// A sign-in by a request alone: it is counted, post-login runs, and a refresh token is made when it may be.
Async<json::Object> sign_in(Exchange& exchange, UserTokens request, LoginScripts call);

// Where an authorization keeps who acts for its user: a member of Authorization::extra, the claim `act` (RFC
// 8693 §4.1).
inline constexpr std::string_view actor_member = "act";

// The user of a grant, who still exists and is not blocked. One read. Fills in the log record.
Async<domain::User> active_user(Exchange& exchange, std::string user_id, std::string_view gone);
// The same of a user who is known. Error: forbidden/unauthorized.
Result<> admit_user(Exchange& exchange, const domain::User& user);
// An attempt that goes no further: fills in the log record and what the refusal costs.
std::unexpected<Error> barred(Exchange& exchange, login::Barred reason);
connections::database::Scene scene_of(const Exchange& exchange);
void log_connection(Exchange& exchange, const domain::Connection& connection);
void append(ports::Writes& to, ports::Writes from);

bool has_scope(const domain::Authorization& authorization, std::string_view scope);
domain::Device device_of(const endpoint::RequestContext& context);
// No token of a grant lives longer: how long a revocation must be remembered.
TimePoint revocation_end(TimePoint now);

}  // namespace durward::protocols::oauth2
