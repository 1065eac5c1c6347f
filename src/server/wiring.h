#pragma once
#include <memory>
#include <string>
#include <vector>

#include "adapters/configuration/cached_configuration.h"
#include "adapters/events/event_committer.h"
#include "adapters/fetching/http_fetcher.h"
#include "adapters/flags/configured_flags.h"
#include "adapters/hashing/local_hasher.h"
#include "adapters/mail/mail_catcher.h"
#include "adapters/memory/memory_cache.h"
#include "adapters/vault/local_vault.h"
#include "connections/database/database.h"
#include "endpoint/endpoint.h"
#include "login/machine.h"
#include "ports/services.h"
#include "ports/storage/store.h"
#include "server/deferred_logs.h"
#include "server/degradation.h"
#include "server/extensions.h"
#include "server/keyed_configuration.h"
#include "server/node_lease.h"
#include "server/options.h"
#include "server/peers.h"
#include "server/shared_state.h"
#include "tokens/tokens.h"

// What the program is made of. Core is the doors (ports on adapters), Faces the endpoints on top of them.
// Commands use them without a server; serve.h adds pipeline and sockets.
namespace durward::server {

// The adapters, chosen by the settings, and the doors they stand behind. Lives as long as the process.
class Core {
 public:
  // Opens the store, which makes or migrates it. Errors: those of the store, the master key and the mail
  // settings. `keys` outlives it.
  static Result<std::unique_ptr<Core>> open(const Settings& settings, KeyMaker& keys);
  ~Core();

  ports::Services& services() { return *services_; }
  // As it is stored: unlike services().configuration, asking it makes nothing.
  ports::Configuration& stored_configuration() { return *configuration_; }
  ports::Jobs& jobs() { return *jobs_; }
  ports::Outbox& outbox() { return store_->outbox(); }
  ports::Leases& leases() { return store_->leases(); }
  // Names this process among those that share the store.
  const std::string& process_id() const { return process_id_; }
  metrics::Registry& metrics() { return metrics_; }
  const Clock& clock() const { return *clock_; }
  Random& random() { return *random_; }
  // Where mails go; the catcher is null unless mails are caught.
  ports::Mailer& mailer() { return *mailer_; }
  // The hasher of this process; requests use services().hasher, which may be another role's.
  ports::Hasher& local_hasher() { return *hasher_; }
  SharedState& shared() { return *shared_; }
  Extensions& extensions() { return *extensions_; }
  ports::Fetcher& fetcher() { return *fetcher_; }
  // To public addresses, and those of egress-allow: for what tenants name.
  ports::Fetcher& tenant_fetcher() { return *tenant_fetcher_; }
  std::vector<Probe> probes();  // of what the settings name
  const adapters::MailCatcher* catcher() const { return catcher_; }

 private:
  Core();
  Result<> choose_sources(const Settings& settings);
  Result<> open_store(const Settings& settings);
  Result<> open_sequence(bool is_shared);
  Result<> open_mailer(const Settings& settings);

  metrics::Registry metrics_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<Sequence> sequence_;
  std::unique_ptr<ports::Store> store_;
  std::unique_ptr<NodeLease> node_;
  std::unique_ptr<adapters::EventCommitter> events_;
  std::unique_ptr<DeferredLogs> committer_;
  std::string process_id_;
  std::unique_ptr<adapters::LocalVault> vault_;
  std::unique_ptr<adapters::CachedConfiguration> configuration_;
  std::unique_ptr<KeyedConfiguration> keyed_;
  std::unique_ptr<adapters::LocalHasher> hasher_;
  std::unique_ptr<Peers> peers_;
  std::unique_ptr<SharedState> shared_;
  std::unique_ptr<adapters::MemoryCache> cache_;
  std::unique_ptr<ports::BreachedPasswords> breached_;
  std::unique_ptr<adapters::HttpFetcher> fetcher_, tenant_fetcher_;
  std::unique_ptr<adapters::ConfiguredFlags> flags_;
  std::unique_ptr<ExclusiveSweep> jobs_;
  std::unique_ptr<Extensions> extensions_;
  std::unique_ptr<ports::Mailer> mailer_;
  const adapters::MailCatcher* catcher_ = nullptr;
  std::unique_ptr<ports::Services> services_;
};

// Everything that answers a tenant's host.
class Faces {
 public:
  explicit Faces(Core& core, const Settings& settings);

  // The rows of the roles this process has.
  std::vector<endpoint::Endpoint> rows(const std::vector<std::string>& roles);
  const std::vector<endpoint::Endpoint>& management_rows() const { return management_; }

 private:
  Core& core_;
  connections::database::Database database_;
  tokens::Issuer issuer_;
  std::shared_ptr<login::Machine> machine_;
  std::vector<endpoint::Endpoint> management_;
};

}  // namespace durward::server
