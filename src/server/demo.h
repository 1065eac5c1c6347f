#pragma once
#include <string>
#include <string_view>

#include "server/serve.h"

// The tenant that `durward dev` starts with.
namespace durward::server {

inline constexpr std::string_view demo_tenant = "demo", demo_client = "Sample application",
                                  demo_email = "demo@example.com", demo_password = "Durward-demo-1";

// Makes the demo tenant.
Result<Provisioner::Place> make_demo_tenant(Installation& installation, const std::string& host);

struct DemoClient {
  std::string client_id, domain;
};
// Lets the sample application come back to `origin` (its port may differ from run to run). Nothing when the
// demo tenant or its client is gone.
Result<std::optional<DemoClient>> open_demo_client(Installation& installation, const std::string& host,
                                                   const std::string& origin);

}  // namespace durward::server
