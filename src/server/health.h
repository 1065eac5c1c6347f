#pragma once
#include <atomic>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "endpoint/endpoint.h"

namespace durward::server {

// What the process can take; set by serve, read by every probe.
struct Readiness {
  std::atomic<bool> ready{false};
  std::atomic<bool> draining{false};
};

// GET /healthz (alive), /readyz (may take traffic; false first when draining) and /metrics, on any host.
std::vector<endpoint::Endpoint> health_rows(const Readiness& readiness, const metrics::Registry& metrics);

// GET /.well-known/openapi.json for `rows`; rendered once.
endpoint::Endpoint openapi_row(const std::vector<endpoint::Endpoint>& rows, std::string_view version);

}  // namespace durward::server
