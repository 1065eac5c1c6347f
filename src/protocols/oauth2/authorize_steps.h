#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/client.h"
#include "domain/connection.h"
#include "domain/signing_key.h"
#include "domain/tenant.h"
#include "http/message.h"
#include "login/login.h"
#include "protocols/oauth2/authorize_request.h"

// The checks of an authorization request as a table, in the order they are made. Pure: whatever they look at
// was loaded before.
namespace durward::protocols::oauth2 {

// What a request is checked against and what the checks find out. Null pointers: there is none.
struct Attempt {
  http::Parameters parameters;
  std::string issuer;
  TimePoint now;
  std::shared_ptr<const domain::Client> client;
  std::shared_ptr<const domain::TenantSettings> settings;
  std::shared_ptr<const domain::ResourceServer> api;  // of `audience`
  std::shared_ptr<const domain::ClientGrant> grant;   // the client's for users of that API
  std::shared_ptr<const std::vector<domain::Connection>> connections;
  std::shared_ptr<const domain::KeySet> keys;  // loaded when there is an id_token_hint
  std::string audience;                        // asked for, or the tenant's default; empty: none

  AuthorizationRequest request;    // filled in step by step
  login::Transaction transaction;  // likewise
  bool may_redirect = false;       // errors go to the application from here on

  std::string get(std::string_view name) const { return parameters.get_or(name); }
};

struct Step {
  std::string_view name, clause;
  Result<> (*check)(Attempt&);
};

// Steps before the redirect URI is known to be the client's: their errors stay on an error page.
std::span<const Step> entry_steps();
// Steps whose errors go to the application.
std::span<const Step> request_steps();

Result<> run(std::span<const Step> steps, Attempt& attempt);

// The audience that counts: `audience`, `resource` where the tenant reads it, else the tenant's default. The
// userinfo endpoint of the tenant is no API.
std::string effective_audience(const http::Parameters& parameters, const domain::TenantSettings& settings,
                               std::string_view issuer);

// Consent is asked of users of third-party clients, and of first-party ones where the API wants it or the
// callback could be anybody's: localhost and custom schemes (Auth0 Authentication API).
bool needs_consent(const domain::Client& client, const domain::ResourceServer* api,
                   std::string_view redirect_uri, const domain::TenantSettings& settings);

// The source for form-action in the CSP of the pages: an origin, or the scheme of a private-use URI.
std::string callback_source(std::string_view redirect_uri);

}  // namespace durward::protocols::oauth2
