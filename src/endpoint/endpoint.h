#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "domain/rate_limits.h"
#include "domain/tenant.h"
#include "endpoint/fields.h"
#include "http/message.h"

namespace durward::endpoint {

using domain::LimitScope;
using domain::RateClass;

// The limits of one request that only its handler can keep, because it knows who the client, the user or the
// account is. The pipeline keeps the rest, and shows the most constraining bucket of both in the answer.
class RequestLimits {
 public:
  virtual ~RequestLimits() = default;
  // Takes one unit of `who`'s bucket, where domain::limits has such a row. Error: limited /
  // too_many_requests, to be answered with 429 in the form of the face.
  virtual Async<> take(RateClass rate, LimitScope scope, std::string who) = 0;
};

// Who asks which tenant, settled by the pipeline before any handler runs.
struct RequestContext {
  std::shared_ptr<const domain::Tenant> tenant;
  std::string host;    // authority of the request, with the port unless it is the default
  std::string issuer;  // "https://" + host + "/"
  std::string ip, user_agent, request_id;
  TimePoint now;
  // Authority for links in mails: a name that is the tenant's own, also when the request came under another
  // one, since whoever asks for a password mail chooses the Host and must not choose where its link leads.
  std::string link_host;
  RequestLimits* limits = nullptr;  // outlives the handler; null: nothing is limited
};

// Takes from the limits of the request, if it has any (RequestContext::limits).
Async<> limit(RequestLimits* limits, RateClass rate, LimitScope scope, std::string who);

// The owner of the access token of a management request.
struct Principal {
  std::string subject;  // user id, or client_id@clients
  std::string client_id;
  std::vector<std::string> scopes;
  bool has(std::string_view scope) const;
};

using PathParameters = std::vector<std::pair<std::string, std::string>>;  // decoded once

struct Endpoint;

// A valid management request: authenticated, scoped, its query and body checked against the row.
struct Call {
  RequestContext context;
  Principal principal;
  PathParameters path;
  http::Parameters query;
  json::Value body;                    // null when the row has no body
  std::string raw_body, content_type;  // only for rows whose body is not JSON
  const Endpoint* row = nullptr;       // the row being run; for the audit record

  domain::TenantId tenant() const { return context.tenant->id; }
  const std::string& parameter(
      std::string_view name) const;  // of the path; aborts when the row does not have it
  const json::Object& object() const { return body.get_object(); }
};

struct Reply {
  int status = 200;  // 200 means the row's `success`
  json::Value body;  // null: no body at all
  http::Headers headers;
  std::optional<std::string> text = {};  // instead of a JSON body; `headers` say what it is
};

// A management handler returns a value or an Error; it never sees HTTP. Errors become shape B
// {"statusCode","error","message","errorCode"} (Auth0 Management API); status from Error::kind,
// errorCode from Error::code (left out when empty).
using ManagementHandler = std::function<Async<Reply>(Call)>;
// A protocol or page handler does its own parsing and rendering.
using ProtocolHandler = std::function<Task<http::Response>(RequestContext, http::Request, PathParameters)>;

// Which origins may read the answer in a browser.
enum class Cors {
  none,
  any,             // public metadata
  client_origins,  // origins of the request's client: callbacks, allowed_origins, web_origins
};

struct Endpoint {
  std::string id;  // "create_client": route name in log, metrics and OpenAPI
  http::Method method;
  std::string path;  // "/api/v2/clients/{id}"
  std::string tag;   // "clients"
  std::string summary;
  std::vector<std::string> scopes;  // any one is enough; management rows only
  std::string open_because;         // why a row needs no scope; one of both is required
  RateClass rate = RateClass::none;
  int success = 200;
  const Schema* body = nullptr;   // JSON request body; nullptr: none read
  bool body_optional = false;     // no body, or null, means {}
  std::vector<QueryField> query;  // unknown query parameters are ignored, known ones are checked
  const Schema* reply = nullptr;  // for OpenAPI
  Cors cors = Cors::none;
  std::variant<ManagementHandler, ProtocolHandler> handler;
};

// Checks the table at start (throws std::logic_error: a row is wrong): unique ids and routes, scopes or
// open_because.
void check_rows(const std::vector<Endpoint>& rows);

// The OpenAPI 3.1 document of all rows (GET /.well-known/openapi.json).
json::Object openapi(const std::vector<Endpoint>& rows, std::string_view version);

// Shape B of an error, with the reason phrase. Also used for 401 and 403 of the bearer check.
http::Response management_error(const Error& error);
int status_of(ErrorKind kind);

// Verifies the bearer token of a management request: signature, issuer, audience, expiry, scopes. Implemented
// by tokens and handed in by wiring, so that the kit knows no JWT. Error kinds: unauthenticated, forbidden.
using Authenticator = std::function<Async<Principal>(RequestContext, std::string bearer)>;

// Runs a management row: authenticate, scopes (403 "insufficient_scope"), query, body (JSON, strict),
// handler, render.
Task<http::Response> run_management(const Endpoint& row, const Authenticator& authenticate,
                                    RequestContext context, http::Request request, PathParameters path);

}  // namespace durward::endpoint
