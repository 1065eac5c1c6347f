#include "server/health.h"

#include "base/json.h"

namespace durward::server {
namespace {

using endpoint::Endpoint;

Task<http::Response> answer(http::Response response) { co_return response; }

Endpoint open_row(std::string id, std::string path, std::string summary, std::string because,
                  endpoint::ProtocolHandler handler) {
  Endpoint row;
  row.id = std::move(id);
  row.method = http::Method::get;
  row.path = std::move(path);
  row.tag = "operations";
  row.summary = std::move(summary);
  row.open_because = std::move(because);
  row.handler = std::move(handler);
  return row;
}

json::Array degraded(const Readiness& readiness) {
  json::Array out;
  for (const auto& probe : readiness.probes) {
    if (probe.is_reachable()) continue;
    json::Array effects;
    for (const auto& row : degradations)
      if (row.away == probe.dependency) effects.push_back(json::Object{{"use", row.use}, {"then", row.then}});
    out.push_back(json::Object{{"away", to_string(probe.dependency)}, {"effects", std::move(effects)}});
  }
  return out;
}

http::Response ready_response(const Readiness& readiness) {
  if (readiness.draining) return http::json_response(503, R"({"status":"draining"})");
  if (!readiness.ready) return http::json_response(503, R"({"status":"starting"})");
  json::Object body{{"status", "ready"}};
  if (auto away = degraded(readiness); !away.empty()) body["degraded"] = std::move(away);
  if (readiness.core_only) body["core_only"] = true;
  return http::json_response(200, json::serialize(body));
}

http::Response metrics_response(const metrics::Registry& metrics, const http::Networks& readers,
                                const http::Request& request) {
  if (!readers.contains(std::string_view(request.remote_ip)))
    return http::text_response(403, "Your address may not read metrics; see the setting metrics-from.\n");
  auto response = http::text_response(200, metrics.text());
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace

std::vector<Endpoint> health_rows(const Readiness& readiness, const metrics::Registry& metrics,
                                  http::Networks metrics_readers) {
  const auto* ready = &readiness;
  const auto* registry = &metrics;
  return {
      open_row("healthz", "/healthz", "Whether the process is alive", "asked by load balancers",
               [](auto, auto, auto) { return answer(http::json_response(200, R"({"status":"ok"})")); }),
      open_row("readyz", "/readyz", "Whether the process may take traffic", "asked by load balancers",
               [ready](auto, auto, auto) { return answer(ready_response(*ready)); }),
      open_row("metrics", "/metrics", "Counters in the Prometheus text format",
               "asked by monitoring from the networks of metrics-from; names no user",
               [registry, readers = std::move(metrics_readers)](auto, http::Request request, auto) {
                 return answer(metrics_response(*registry, readers, request));
               }),
  };
}

Endpoint openapi_row(const std::vector<Endpoint>& rows, std::string_view version) {
  auto body = std::make_shared<const std::string>(json::serialize(endpoint::openapi(rows, version)));
  auto row = open_row("openapi", "/.well-known/openapi.json", "This interface as OpenAPI 3.1",
                      "public metadata", [body](auto, auto, auto) {
                        auto response = http::json_response(200, *body);
                        response.headers.set("Cache-Control", "public, max-age=60");
                        return answer(std::move(response));
                      });
  row.rate = endpoint::RateClass::well_known;
  row.cors = endpoint::Cors::any;
  return row;
}

}  // namespace durward::server
