#pragma once
#include <atomic>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "endpoint/endpoint.h"
#include "http/address.h"
#include "server/degradation.h"

namespace durward::server {

// What the process can take; set by serve, read by every probe.
struct Readiness {
  std::atomic<bool> ready{false};
  std::atomic<bool> draining{false};
  std::atomic<bool> core_only{false};
  std::vector<Probe> probes;  // filled before the first request
};

// GET /healthz (alive), /readyz (may take traffic; false first when draining) and /metrics, on any host. What
// is away makes no process unready, because neither a restart nor another process would mend it: /readyz
// names it in "degraded", with what happens meanwhile. Metrics tell strangers how the installation is used,
// so only `metrics_readers` get them.
std::vector<endpoint::Endpoint> health_rows(const Readiness& readiness, const metrics::Registry& metrics,
                                            http::Networks metrics_readers);

// GET /.well-known/openapi.json that describes `rows`; rendered once.
endpoint::Endpoint openapi_row(const std::vector<endpoint::Endpoint>& rows, std::string_view version);

}  // namespace durward::server
