#pragma once
#include <functional>
#include <string>

#include "ports/storage/blocks.h"
#include "ports/storage/commit.h"
#include "ports/storage/documents.h"
#include "ports/storage/event_deliveries.h"
#include "ports/storage/executions.h"
#include "ports/storage/jobs.h"
#include "ports/storage/logs.h"
#include "ports/storage/nodes.h"
#include "ports/storage/outbox.h"
#include "ports/storage/sessions.h"
#include "ports/storage/tenants.h"
#include "ports/storage/users.h"

namespace durward::ports {

// One engine with every storage port on it. Thread-safe. Errors: those of the ports; `unavailable` for a full
// queue or an engine that is away (whether a commit that failed so is stored may then be unknown). Must
// outlive every coroutine that uses it; the destructor finishes what is queued.
class Store {
 public:
  virtual ~Store() = default;

  virtual Tenants& tenants() = 0;
  virtual Documents& documents() = 0;
  virtual Users& users() = 0;
  virtual Assignments& assignments() = 0;
  virtual Sessions& sessions() = 0;
  virtual Codes& codes() = 0;
  virtual RefreshTokens& refresh_tokens() = 0;
  virtual Grants& grants() = 0;
  virtual Tickets& tickets() = 0;
  virtual Blocks& blocks() = 0;
  virtual Logs& logs() = 0;
  virtual Executions& executions() = 0;
  virtual EventDeliveries& event_deliveries() = 0;
  virtual Jobs& jobs() = 0;
  virtual Outbox& outbox() = 0;
  virtual Leases& leases() = 0;
  virtual Nodes& nodes() = 0;
  virtual Committer& committer() = 0;

  // Called after a commit of this process that changed configuration documents and before its waiter goes on;
  // with TenantId{0} after a tenant was created or removed. An engine that several processes share also calls
  // it for what the others changed. Called on a thread of the store or of the waiter; it must not commit or
  // block. Once it is replaced or the store is being destroyed, it is not called any more.
  virtual void on_configuration_change(std::function<void(domain::TenantId)> listener) = 0;

  // False while an engine elsewhere is known to be away; its ports then fail at once.
  virtual bool is_reachable() const { return true; }
};

// A numbered change of a store's schema.
struct MigrationStep {
  int number = 0;
  std::string name;
  bool applied = false;
};

}  // namespace durward::ports
