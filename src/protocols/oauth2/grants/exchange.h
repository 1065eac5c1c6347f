#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/log_record.h"
#include "endpoint/endpoint.h"
#include "login/protection.h"
#include "ports/storage/commit.h"
#include "protocols/api.h"
#include "protocols/body.h"
#include "protocols/parts.h"

namespace durward::protocols::oauth2 {

// One request on its way through the token endpoint; lives in the handler's frame. A grant reads the body,
// collects what is to be written and fills in the log record; the endpoint commits it all at once.
struct Exchange {
  Parts parts;
  endpoint::RequestContext context;
  Body body;
  std::shared_ptr<const domain::Client> client;
  bool client_proven = false;  // by a secret
  domain::LogRecord log;

  ports::Writes writes;   // of success
  ports::Writes penalty;  // of refusal: what a stolen code or token costs, what a wrong password does
  std::optional<login::Permit> permit;  // of a wrong password; settled after the commit of the refusal

  const ports::Services& services() const { return parts.services; }
  domain::TenantId tenant() const { return context.tenant->id; }
};

// A grant: what it needs, how it is redeemed, how it is logged. redeem checks in the order of the clauses and
// returns the reply's members.
struct Grant {
  std::string_view type;
  std::initializer_list<std::string_view> required;
  Async<json::Object> (*redeem)(Exchange&);
  std::string_view succeeded, failed;  // log codes
  std::string_view description;        // of success, for the log
};

Async<json::Object> redeem_authorization_code(Exchange& exchange);
Async<json::Object> redeem_client_credentials(Exchange& exchange);
Async<json::Object> redeem_refresh_token(Exchange& exchange);
Async<json::Object> redeem_password(Exchange& exchange);
Async<json::Object> redeem_password_realm(Exchange& exchange);
Async<json::Object> redeem_token_exchange(Exchange& exchange);

// The audience of a grant that does not bring its own.
Async<std::string> audience_of(Exchange& exchange);
// Organizations have no grants here yet: better refused than ignored, as the token would lack its org_id.
Result<> check_organization(const Exchange& exchange);

// Null for an unknown type.
const Grant* find_grant(std::string_view type);

}  // namespace durward::protocols::oauth2
