#pragma once
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/sequence.h"
#include "ports/breached_passwords.h"
#include "ports/configuration.h"
#include "ports/flags.h"
#include "ports/hasher.h"
#include "ports/limiter.h"
#include "ports/mailer.h"
#include "ports/scripts.h"
#include "ports/short_cache.h"
#include "ports/storage/blocks.h"
#include "ports/storage/commit.h"
#include "ports/storage/documents.h"
#include "ports/storage/event_deliveries.h"
#include "ports/storage/executions.h"
#include "ports/storage/jobs.h"
#include "ports/storage/logs.h"
#include "ports/storage/sessions.h"
#include "ports/storage/tenants.h"
#include "ports/storage/users.h"
#include "ports/vault.h"

namespace durward::ports {

// The doors of the program, made once in server/wiring.cc; every reference outlives every request.
struct Services {
  const Clock& clock;
  Random& random;
  Sequence& sequence;
  Configuration& configuration;
  Tenants& tenants;
  Documents& documents;
  Users& users;
  Assignments& assignments;
  Sessions& sessions;
  Codes& codes;
  RefreshTokens& refresh_tokens;
  Grants& grants;
  Tickets& tickets;
  Logs& logs;
  Committer& committer;
  Vault& vault;
  Hasher& hasher;
  metrics::Registry& metrics;
  Limiter& limiter;   // exact, of the fleet when it shares one; in this process otherwise
  ShortCache& cache;  // likewise
  const BreachedPasswords& breached_passwords;
  Flags& flags;
  Blocks& blocks;
  Scripts& scripts;
  ModuleBuilder& modules;
  Executions& executions;
  EventDeliveries& event_deliveries;
};

}  // namespace durward::ports
