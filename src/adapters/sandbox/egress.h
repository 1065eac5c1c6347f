#pragma once
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "adapters/sandbox/egress_policy.h"
#include "adapters/sandbox/worker.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/random.h"

namespace durward::adapters::sandbox {

struct EgressOptions {
  size_t tenant_max = 64, connections_max = 1024;  // open or asked for
  int64_t bytes_max = 256 << 20;                   // of one connection, both ways together
  Milliseconds connect{10'000}, collect{10'000};   // to reach an address; to come for it with the ticket
  Milliseconds life{900'000};
  size_t resolver_threads = 8, resolving_max = 2;  // names looked up; of one tenant at once
};

// The only way out of the sandbox. A worker has no network: it asks for a connection, which is made here, to
// an address that was resolved once and checked (EgressPolicy), and then collects it at a Unix socket with a
// ticket that counts once, for that process alone. Who connected where, and how much was sent, is logged;
// what was sent is not looked at. Belongs to a reactor's thread.
class Egress {
 public:
  // Error: unavailable/"no_egress" when the socket cannot be made.
  static Result<std::unique_ptr<Egress>> open(Reactor& reactor, Random& random, EgressPolicy policy,
                                              EgressOptions options, metrics::Registry& registry);
  ~Egress();

  const std::string& socket_path() const { return path_; }
  // connect {host, port} and lookup {host} of engine/README.md; answers the worker, also with refusals.
  void question(domain::TenantId tenant, Worker& worker, const Message& message);
  void gone(const Worker& worker);  // its connections end with it

 private:
  struct Client;
  struct Question;
  struct Link;
  struct Visitor;
  struct Tenant;
  Egress(Reactor& reactor, Random& random, EgressPolicy policy, EgressOptions options,
         metrics::Registry& registry);
  Result<> listen();
  Client& client_of(domain::TenantId tenant, Worker& worker);
  void refuse(uint64_t client, int64_t call, const char* code, const std::string& message);
  void reply(uint64_t client, std::string text);
  void resolve_more(domain::TenantId tenant);
  void judge(Question question, std::vector<http::IpAddress> addresses);
  void forget_if_quiet(domain::TenantId tenant);
  void give_addresses(const Question& question, const std::vector<http::IpAddress>& addresses);
  void connect(Question question, std::vector<http::IpAddress> addresses);
  void try_next(Link& link);
  void connected(Link& link);
  void accept();
  void pause_accepting();
  void read_ticket(Visitor& visitor);
  void collect(Visitor& visitor, const std::string& ticket, std::string rest);
  void forget(Visitor& visitor);
  void serve(Link& link, bool is_near, uint32_t events);
  bool move(Link& link, bool from_near);
  void interest(Link& link);
  void close(Link& link, const char* how);

  Reactor& reactor_;
  Random& random_;
  const EgressPolicy policy_;
  const EgressOptions options_;
  metrics::Registry& registry_;
  metrics::Counter &bytes_out_, &bytes_in_;
  metrics::Gauge& open_;

  std::string folder_, path_;
  Descriptor listener_;
  uint64_t last_client_ = 0;
  std::map<uint64_t, Client> clients_;
  std::map<domain::TenantId, Tenant> tenants_;
  std::list<Link> links_;
  std::list<Visitor> visitors_;
  std::unique_ptr<ThreadPool> resolver_;
};

}  // namespace durward::adapters::sandbox
