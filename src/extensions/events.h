#pragma once
#include "domain/client.h"
#include "domain/connection.h"
#include "domain/session.h"
#include "domain/tenant.h"
#include "domain/user.h"
#include "endpoint/endpoint.h"
#include "http/message.h"
#include "ports/services.h"

// Members of `event`, spelled as Auth0's reference spells them. Pure but for `roles_of_user`.
namespace durward::extensions {

json::Object tenant_event(const domain::Tenant& tenant);
json::Object client_event(const domain::Client& client);
json::Object connection_event(const domain::Connection& connection);
// Without `blocked`, counters and addresses; user_metadata and app_metadata are always there.
json::Object user_event(const domain::User& user);
json::Object session_event(const domain::Session& session);
json::Object refresh_token_event(const domain::RefreshToken& token);

// What a request says of itself. Passwords and secrets are never among query and body.
struct RequestFacts {
  std::string method, language;  // Accept-Language
  json::Object query, body;
};
RequestFacts facts_of(const http::Request& request);
// event.request.body of a request whose parameters were parsed already.
json::Object body_event(const json::Object& members);
json::Object request_event(const endpoint::RequestContext& context, const RequestFacts& facts);
// {methods: [{name, timestamp}]} of a session, with those that scripts recorded.
json::Object authentication_event(const domain::Session& session);
// The same of one method; none for an empty one.
json::Object authentication_event(std::string_view method, TimePoint at);

// [{id, name, description}], in the order they were made. One read, and one a role that is not in the cache.
Async<json::Array> roles_of_user(const ports::Services& services, domain::TenantId tenant,
                                 std::string user_id);
json::Array names_of(const json::Array& roles);

}  // namespace durward::extensions
