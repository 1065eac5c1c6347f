#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "ports/storage/store.h"

namespace durward::adapters {

struct SqliteOptions {
  std::string path;                 // empty: in memory, nothing touches the disk
  size_t reader_threads = 2;        // each with a connection of its own
  size_t read_queue_max = 4096;     // reads waiting beyond it fail with unavailable
  bool inline_reads = false;        // point reads on the calling thread while a spare connection is free
  size_t commit_queue_max = 8192;   // commits waiting beyond it fail with unavailable
  size_t commit_group_max = 512;    // lists that share one flush
  Milliseconds busy_timeout{5000};  // another process (a command) holds the file's write lock
  int64_t cache_kib = 65536, mmap_bytes = 256 << 20;
  int checkpoint_pages = 4000;
  bool migrate_at_open = true;  // false: an older schema is refused with conflict/"migration_needed"
  Seconds log_retention{30 * 86400};
  Seconds event_retention{7 * 86400};           // of published events, and of dead letters
  Seconds rotated_token_retention{14 * 86400};  // how long reuse of a rotated refresh token is noticed
};

using ports::MigrationStep;

// The embedded store: every storage port on one SQLite database. One writer thread applies all waiting
// commits in one transaction with one flush; a list whose precondition fails is undone alone. In memory,
// reads and commits run on the caller under one short lock instead, because nothing there waits for a device.
//
// `unavailable` is a full queue, a full disk or a lost file; nothing of the list is stored then. Listeners
// are called on the writing thread.
class SqliteStore : public ports::Store {
 public:
  // invalid/"newer_schema" when a newer program wrote the file, unavailable/"store_unavailable" when it
  // cannot be opened. `registry` may be null; both must outlive the store.
  static Result<std::unique_ptr<SqliteStore>> open(SqliteOptions options, const Clock& clock,
                                                   metrics::Registry* registry = nullptr);
  // All migrations this program knows, and whether the file has them; changes nothing.
  static Result<std::vector<MigrationStep>> plan(const std::string& path);
  // Applies what is missing, each in its transaction; returns what was applied.
  static Result<std::vector<MigrationStep>> migrate(const std::string& path, TimePoint at);

  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;

  ports::Tenants& tenants() override;
  ports::Documents& documents() override;
  ports::Users& users() override;
  ports::Assignments& assignments() override;
  ports::Sessions& sessions() override;
  ports::Codes& codes() override;
  ports::RefreshTokens& refresh_tokens() override;
  ports::Grants& grants() override;
  ports::Tickets& tickets() override;
  ports::Blocks& blocks() override;
  ports::Logs& logs() override;
  ports::Executions& executions() override;
  ports::EventDeliveries& event_deliveries() override;
  ports::Jobs& jobs() override;
  ports::Outbox& outbox() override;
  ports::Leases& leases() override;
  ports::Nodes& nodes() override;
  ports::Committer& committer() override;

  void on_configuration_change(std::function<void(domain::TenantId)> listener) override;

  struct Impl;

 private:
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::adapters
