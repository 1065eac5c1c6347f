#pragma once
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "server/certificates.h"
#include "server/flag_office.h"
#include "server/health.h"
#include "server/internal_face.h"
#include "server/limit_log.h"
#include "server/operator_face.h"
#include "server/pipeline.h"
#include "server/provision.h"
#include "server/tenant_office.h"
#include "server/wiring.h"
#include "server/worker.h"

namespace durward::server {

// Core, faces and the operator's tools over them: what commands and the server share.
struct Installation {
  // The signing keys of `new_tenants` are made while the rest opens.
  static Result<std::unique_ptr<Installation>> open(const Settings& settings, size_t new_tenants = 0);
  Installation(std::unique_ptr<KeyMaker> maker, std::unique_ptr<Core> opened, const Settings& settings);

  std::unique_ptr<KeyMaker> keys;
  std::unique_ptr<Core> core;
  Faces faces;
  InternalApi api;
  Provisioner provisioner;
};

// The authority a tenant is reached at: NAME.BASE[:PORT].
std::string tenant_host(const Settings& settings, std::string_view name, uint16_t port);
// --listen, parsed.
Result<std::vector<http::Listen>> listeners(const Settings& settings);
Result<http::Listen> parse_listen(const std::string& text, bool tls);

struct ReadyTenant {
  std::string name, domain, issuer;
  ManagementClient client;
};
struct Ready {
  std::string base_url, ca_file;
  std::string internal_url, operator_url;  // empty without internal-listen, operator-listen
  std::vector<ReadyTenant> tenants;
  double seconds = 0;  // since the process started

  json::Object to_json() const;  // the ready file
};

// One running server. start() serves, seeds and says so; stop() drains.
class Running {
 public:
  // `first_tenant` is called with the authority a single tenant is reached at when neither store nor seeds
  // have one.
  using FirstTenant =
      std::function<Result<Provisioner::Place>(Installation& installation, const std::string& host)>;
  explicit Running(const Settings& settings, FirstTenant first_tenant = nullptr)
      : settings_(settings), first_tenant_(std::move(first_tenant)) {}
  ~Running();

  Result<Ready> start();
  bool stop();  // true when nothing had to be cut
  Installation& installation() { return *installation_; }
  void set_core_only(bool core_only);  // thread-safe
  // The certificates it serves with; null with --plain-http.
  std::shared_ptr<http::TlsContexts> tls() const { return certificates_.tls; }

 private:
  Result<> bind();
  Result<http::ServerOptions> own_listener(const std::string& address);
  Result<> bind_internal();
  Result<> bind_operator();
  Result<> seed_all();
  Result<> create_first_tenant();
  size_t new_tenants() const;
  void complete_keys();
  Result<std::vector<ReadyTenant>> ready_tenants();
  Result<std::string> authority_file();
  std::string host_of(std::string_view tenant, size_t tenants) const;

  const Settings& settings_;
  const FirstTenant first_tenant_;
  std::unique_ptr<Installation> installation_;
  Certificates certificates_;
  Readiness readiness_;
  std::unique_ptr<Limiter> limiter_;
  std::unique_ptr<LimitLog> limit_log_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<InternalFace> internal_;
  std::unique_ptr<http::Server> internal_server_;  // only with internal-listen
  std::unique_ptr<TenantOffice> office_;
  std::unique_ptr<FlagOffice> flag_office_;
  std::unique_ptr<OperatorFace> operator_;
  std::unique_ptr<http::Server> operator_server_;  // only with operator-listen
  std::unique_ptr<Worker> worker_;
  size_t tenant_count_ = 0;
  std::vector<Provisioner::Place> made_;  // tenants of this start whose RSA keys are still to come
  std::thread key_thread_;
};

// Blocks SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 for all threads started later; call first in main. wait()
// returns at the first of the first two; a second one ends the process at once. The other two begin and end
// core-only mode.
class StopSignal {
 public:
  StopSignal();
  void wait(const std::function<void(bool)>& core_only = nullptr);
};

}  // namespace durward::server
