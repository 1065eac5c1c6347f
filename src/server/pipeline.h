#pragma once
#include <memory>
#include <string>
#include <vector>

#include "endpoint/endpoint.h"
#include "http/message.h"
#include "http/router.h"
#include "ports/configuration.h"
#include "ports/flags.h"
#include "server/limiter.h"
#include "server/slots.h"

// What happens to every request before and after its row: tenant by host, limits, dispatch, errors in the
// shape of the face, CORS, security headers, and the one place where exceptions end.
namespace durward::server {

// What a browser is shown instead of a page that is limited.
using LimitedPage = std::function<Task<http::Response>(endpoint::RequestContext, http::Headers)>;

struct PipelineOptions {
  std::string base_domain;
  Limiter* limiter = nullptr;  // outlives the pipeline; null: nothing is limited
  int64_t management_in_flight = 64;
  OnLimit on_limit = nullptr;
  LimitedPage limited_page = nullptr;            // null: JSON for everybody
  const std::atomic<bool>* core_only = nullptr;  // outlives the pipeline; null: never
  ports::Flags* flags = nullptr;                 // likewise; null: every flag has its default
};

class Pipeline {
 public:
  // `rows` belong to tenants. `host_rows` answer on any host and without a tenant (health, metrics); they get
  // a context whose tenant is null. Everything outlives the pipeline.
  Pipeline(std::vector<endpoint::Endpoint> rows, std::vector<endpoint::Endpoint> host_rows,
           ports::Configuration& configuration, endpoint::Authenticator authenticate, const Clock& clock,
           PipelineOptions options);

  // Thread-safe. Never throws and never fails: the worst answer is a 500 that shows the request id.
  Task<http::Response> handle(http::Request request);

  const std::vector<endpoint::Endpoint>& rows() const { return tenant_.rows; }

 private:
  struct Face {
    std::vector<endpoint::Endpoint> rows;
    http::Router router;
    explicit Face(std::vector<endpoint::Endpoint> all);
  };
  struct Found {
    const Face* face = nullptr;
    http::RouteMatch match;
    const endpoint::Endpoint* row() const;
  };

  Found find(http::Method method, std::string_view path) const;
  Task<http::Response> dispatch(http::Request request);
  Task<http::Response> for_tenant(Found found, http::Request request);
  endpoint::RequestContext context_of(ports::Configuration::Ptr<domain::Tenant> tenant,
                                      const http::Request& request) const;
  Task<http::Response> limited(const endpoint::Endpoint& row, endpoint::RequestContext context,
                               http::Request request, endpoint::PathParameters path);
  Task<http::Response> with_slot(const endpoint::Endpoint& row, endpoint::RequestContext context,
                                 http::Request request, endpoint::PathParameters path);
  Task<http::Response> too_many(const endpoint::Endpoint& row, endpoint::RequestContext context,
                                http::Request request);
  Async<endpoint::Principal> authenticate(endpoint::RequestContext context, std::string bearer) const;
  Task<http::Response> run(const endpoint::Endpoint& row, endpoint::RequestContext context,
                           http::Request request, endpoint::PathParameters path);
  http::Response preflight(const http::Request& request) const;
  bool refuses(const endpoint::Endpoint& row) const;
  Task<bool> is_read_only(const endpoint::Endpoint& row, domain::TenantId tenant) const;

  Face tenant_, host_;
  ports::Configuration& configuration_;
  const endpoint::Authenticator authenticate_, counted_;  // the second keeps the limits of clients too
  const Clock& clock_;
  PipelineOptions options_;
  Slots slots_;
  Turnstile reads_, writes_;  // of the management API
};

// An error before any row ran, in the shape its face speaks: {"statusCode","error","message","errorCode"?}
// under /api/v2, {"error","error_description"} elsewhere.
http::Response error_at(std::string_view path, int status, std::string_view code, std::string_view message);
// Headers that every answer has unless its row said otherwise; HSTS (RFC 6797) where it means something.
void add_security_headers(http::Response& response, bool strict_transport);

}  // namespace durward::server
