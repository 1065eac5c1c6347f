#include "server/pipeline.h"

#include "base/log.h"
#include "base/sequence.h"
#include "server/cors.h"
#include "server/degradation.h"
#include "server/tenant_by_host.h"

namespace durward::server {
namespace {

constexpr std::string_view core_only_message =
    "Only sign-in, tokens and sign-out are served at the moment (core-only mode).";

constexpr std::string_view read_only_message =
    "The management API takes no changes at the moment (feature flag management-writes).";

// Management requests that an I/O thread works on at a time. What reads is a piece of work for the thread;
// what writes mostly waits, for the store or for a password to be hashed.
constexpr int64_t reads_width = 1, writes_width = 4;

bool is_management(std::string_view path) { return path == "/api/v2" || path.starts_with("/api/v2/"); }

endpoint::PathParameters parameters_of(const http::RouteMatch& match) {
  return {match.parameters.begin(), match.parameters.end()};
}

bool is_preflight(const http::Request& request) {
  return request.method == http::Method::options && request.headers.has("origin") &&
         request.headers.has("access-control-request-method");
}

http::Method method_named(std::string_view text) {
  using enum http::Method;
  for (const auto method : {get, head, post, put, patch, delete_, options})
    if (to_string(method) == text) return method;
  return other;
}

http::Response refuse(const http::Request& request, int status, std::string_view code,
                      std::string_view message) {
  return error_at(request.path, status, code, message);
}

http::Response unavailable(std::string_view path, std::string_view message, std::string_view retry_after) {
  auto response = error_at(path, 503, "temporarily_unavailable", message);
  response.headers.set("Retry-After", std::string(retry_after));
  return response;
}

// Of a request that ended by an exception.
http::Response failure(std::string_view path, const std::string& id, const std::exception& e) {
  if (dynamic_cast<const Unavailable*>(&e)) return unavailable(path, "The store cannot be reached.", "1");
  return error_at(path, 500, "server_error", "Internal error; request id " + id);
}

http::Response no_match(const http::Request& request, const http::RouteMatch& match) {
  if (match.kind == http::RouteMatch::Kind::not_found) return refuse(request, 404, "not_found", "Not Found");
  auto response = refuse(request, 405, "method_not_allowed", "Method Not Allowed");
  response.headers.set("Allow", match.allow);
  return response;
}

// draft-ietf-httpapi-ratelimit-headers came later; these are the names Auth0's clients read.
void add_limit_headers(http::Response& response, const Verdict& verdict) {
  if (!verdict.row) return;
  response.headers.set("X-RateLimit-Limit", std::to_string(verdict.limit));
  response.headers.set("X-RateLimit-Remaining", std::to_string(verdict.remaining));
  response.headers.set("X-RateLimit-Reset", std::to_string(verdict.reset));
  if (!verdict.allowed && response.status == 429)
    response.headers.set("Retry-After", std::to_string(verdict.retry_after.count()));
}

bool wants_page(const endpoint::Endpoint& row, const http::Request& request) {
  return row.rate != endpoint::RateClass::token &&
         request.headers.get("accept").find("text/html") != std::string_view::npos;
}

// RFC 6797 §8.1.1 ignores addresses; localhost is shared by everything a developer runs.
bool wants_strict_transport(const http::Request& request) {
  return request.scheme == "https" && !host_without_port(request.host).ends_with("localhost");
}

// RFC 9111 §5.2.1.4: whoever asks so gets no answer from something remembered, unless that was validated.
bool wants_validation(const http::Request& request) {
  return request.headers.get("cache-control").find("no-cache") != std::string_view::npos;
}

void set_unless_there(http::Headers& headers, std::string_view name, std::string_view value) {
  if (!headers.has(name)) headers.set(name, std::string(value));
}

}  // namespace

http::Response error_at(std::string_view path, int status, std::string_view code, std::string_view message) {
  if (!is_management(path))
    return http::json_response(
        status, json::serialize(json::Object{{"error", code}, {"error_description", message}}));
  json::Object body{{"statusCode", status}, {"error", http::reason_phrase(status)}, {"message", message}};
  if (status == 429) body["errorCode"] = code;
  return http::json_response(status, json::serialize(body));
}

void add_security_headers(http::Response& response, bool strict_transport) {
  auto& headers = response.headers;
  set_unless_there(headers, "X-Content-Type-Options", "nosniff");
  set_unless_there(headers, "Referrer-Policy", "no-referrer");
  if (response.status != 304) set_unless_there(headers, "Cache-Control", "no-store");
  if (!headers.get("content-type").starts_with("text/html"))
    set_unless_there(headers, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (strict_transport)
    set_unless_there(headers, "Strict-Transport-Security", "max-age=31536000; includeSubDomains");
}

Pipeline::Face::Face(std::vector<endpoint::Endpoint> all) : rows(std::move(all)) {
  endpoint::check_rows(rows);
  for (size_t i = 0; i < rows.size(); ++i) router.add(rows[i].method, rows[i].path, i);
}

const endpoint::Endpoint* Pipeline::Found::row() const {
  return match.kind == http::RouteMatch::Kind::found ? &face->rows[match.value] : nullptr;
}

Pipeline::Pipeline(std::vector<endpoint::Endpoint> rows, std::vector<endpoint::Endpoint> host_rows,
                   ports::Configuration& configuration, endpoint::Authenticator authenticate,
                   const Clock& clock, PipelineOptions options)
    : tenant_(std::move(rows)),
      host_(std::move(host_rows)),
      configuration_(configuration),
      authenticate_(std::move(authenticate)),
      counted_([this](const endpoint::RequestContext& context, const std::string& bearer) {
        return this->authenticate(context, bearer);
      }),
      clock_(clock),
      options_(std::move(options)),
      slots_(options_.management_in_flight),
      reads_(reads_width),
      writes_(writes_width) {}

Task<http::Response> Pipeline::handle(http::Request request) {
  const std::string id = request.id, path = request.path;
  const bool strict_transport = wants_strict_transport(request);
  http::Response response;
  try {
    response = co_await dispatch(std::move(request));
  } catch (const std::exception& e) {
    log::error("request failed", {{"request_id", id}, {"path", path}, {"reason", e.what()}});
    response = failure(path, id, e);
  }
  add_security_headers(response, strict_transport);
  co_return response;
}

Pipeline::Found Pipeline::find(http::Method method, std::string_view path) const {
  Found found{&host_, host_.router.match(method, path)};
  if (found.match.kind == http::RouteMatch::Kind::not_found)
    found = {&tenant_, tenant_.router.match(method, path)};
  return found;
}

Task<http::Response> Pipeline::dispatch(http::Request request) {
  Found found = find(request.method, request.path);
  if (!found.row() && is_preflight(request)) co_return preflight(request);
  if (found.face == &tenant_) co_return co_await for_tenant(std::move(found), std::move(request));
  const auto* row = found.row();
  if (!row) co_return no_match(request, found.match);
  endpoint::RequestContext context;
  context.host = request.host;
  context.now = clock_.now();
  auto response = co_await run(*row, std::move(context), std::move(request), parameters_of(found.match));
  response.route = row->id;
  co_return response;
}

http::Response Pipeline::preflight(const http::Request& request) const {
  const Found found = find(method_named(request.headers.get("access-control-request-method")), request.path);
  return preflight_response(found.row(), request);
}

Task<http::Response> Pipeline::for_tenant(Found found, http::Request request) {
  auto tenant = co_await tenant_of_host(configuration_, options_.base_domain, request.host);
  if (!tenant) co_return unavailable(request.path, "The store cannot be reached.", "1");
  if (!*tenant) co_return refuse(request, 404, "not_found", "No tenant is served at this host.");
  if (wants_validation(request)) (void)co_await configuration_.catch_up((*tenant)->id);
  http::Response response;
  if (const auto* row = found.row()) {
    const std::string origin(request.headers.get("origin"));
    const std::string client = origin.empty() ? "" : client_of_bearer(request);
    auto context = context_of(*tenant, request);
    if (refuses(*row))
      response = unavailable(request.path, core_only_message, "30");
    else if (co_await is_read_only(*row, (*tenant)->id))
      response = unavailable(request.path, read_only_message, "30");
    else
      response = co_await limited(*row, std::move(context), std::move(request), parameters_of(found.match));
    if (!origin.empty())
      response =
          co_await with_cors(configuration_, (*tenant)->id, row->cors, origin, client, std::move(response));
    response.route = row->id;
  } else {
    response = no_match(request, found.match);
  }
  response.tenant = (*tenant)->name;
  co_return response;
}

bool Pipeline::refuses(const endpoint::Endpoint& row) const {
  return options_.core_only && *options_.core_only && !is_core(row.path);
}

Task<bool> Pipeline::is_read_only(const endpoint::Endpoint& row, domain::TenantId tenant) const {
  if (row.rate != endpoint::RateClass::management_write || !options_.flags) co_return false;
  co_return !co_await ports::is_on(*options_.flags, "management-writes",
                                   {.tenant = tenant, .targeting_key = {}});
}

endpoint::RequestContext Pipeline::context_of(ports::Configuration::Ptr<domain::Tenant> tenant,
                                              const http::Request& request) const {
  auto links = link_host(tenant->name, options_.base_domain, request.host);
  return {std::move(tenant),
          request.host,
          "https://" + request.host + "/",
          request.remote_ip,
          std::string(request.headers.get("user-agent")),
          request.id,
          clock_.now(),
          std::move(links)};
}

Task<http::Response> Pipeline::limited(const endpoint::Endpoint& row, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters path) {
  if (!options_.limiter)
    co_return co_await with_slot(row, std::move(context), std::move(request), std::move(path));
  // A store that is away and was never asked leaves the defaults.
  const auto entitled = co_await configuration_.entitlements(context.tenant->id);
  RequestBuckets buckets(*options_.limiter, context, entitled.value_or(nullptr), options_.on_limit);
  context.limits = &buckets;
  http::Response response;
  if (co_await buckets.enter(row.rate))
    response = co_await with_slot(row, std::move(context), std::move(request), std::move(path));
  else
    response = co_await too_many(row, std::move(context), std::move(request));
  add_limit_headers(response, buckets.shown());
  co_return response;
}

Task<http::Response> Pipeline::too_many(const endpoint::Endpoint& row, endpoint::RequestContext context,
                                        http::Request request) {
  if (!is_management(row.path) && options_.limited_page && wants_page(row, request))
    co_return co_await options_.limited_page(std::move(context), std::move(request.headers));
  co_return error_at(request.path, 429, "too_many_requests", limit_message);
}

Task<http::Response> Pipeline::with_slot(const endpoint::Endpoint& row, endpoint::RequestContext context,
                                         http::Request request, endpoint::PathParameters path) {
  if (!is_management(row.path))
    co_return co_await run(row, std::move(context), std::move(request), std::move(path));
  const auto slot = slots_.enter(context.tenant->id);
  if (!slot) co_return unavailable(request.path, "The management API is busy.", "1");
  const bool reads = row.rate == endpoint::RateClass::management_read;
  const auto turn = co_await (reads ? reads_ : writes_).enter();
  co_return co_await run(row, std::move(context), std::move(request), std::move(path));
}

// The client's own bucket is taken from once its token is proven: nobody can empty it in its name.
Async<endpoint::Principal> Pipeline::authenticate(endpoint::RequestContext context,
                                                  std::string bearer) const {
  CO_TRY(auto principal, co_await authenticate_(context, std::move(bearer)));
  CO_ENSURE(co_await endpoint::limit(context.limits, endpoint::RateClass::management,
                                     endpoint::LimitScope::client, principal.client_id));
  co_return principal;
}

Task<http::Response> Pipeline::run(const endpoint::Endpoint& row, endpoint::RequestContext context,
                                   http::Request request, endpoint::PathParameters path) {
  const std::string id = request.id, request_path = request.path;
  try {
    if (const auto* handler = std::get_if<endpoint::ProtocolHandler>(&row.handler))
      co_return co_await (*handler)(std::move(context), std::move(request), std::move(path));
    co_return co_await endpoint::run_management(row, counted_, std::move(context), std::move(request),
                                                std::move(path));
  } catch (const std::exception& e) {
    log::error("request failed", {{"request_id", id}, {"route", row.id}, {"reason", e.what()}});
    co_return failure(request_path, id, e);
  }
}

}  // namespace durward::server
