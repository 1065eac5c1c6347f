#pragma once
#include "adapters/postgres/pool.h"
#include "adapters/postgres/replica.h"
#include "adapters/postgres/script.h"
#include "adapters/records/read_counters.h"
#include "ports/storage/blocks.h"
#include "ports/storage/commit.h"
#include "ports/storage/event_deliveries.h"
#include "ports/storage/executions.h"
#include "ports/storage/jobs.h"
#include "ports/storage/logs.h"
#include "ports/storage/outbox.h"
#include "ports/storage/sessions.h"
#include "ports/storage/tenants.h"
#include "ports/storage/users.h"

// The storage ports over one pool. Expired rows are not found from the millisecond on at which they expire.
namespace durward::adapters::postgres {

using records::ReadCounters;

struct Context {
  Pool& pool;
  const Clock& clock;
  metrics::Registry& registry;
  Retention retention;
  std::function<void(domain::TenantId)> configuration_changed;
  std::function<void()> event_appended;
  Replica* replica = nullptr;  // none: the primary answers everything
};

// The rows of each statement. A key that no text of PostgreSQL can hold (NUL, broken UTF-8) finds nothing.
Async<std::vector<Rows>> read(Pool& pool, metrics::Counter& counter, Way way, Batch batch);

// A list or search: from the replica when the caller says that it may be stale and
// ports/storage/stale_reads.h that it never matters.
Async<std::vector<Rows>> read_stale(Pool& pool, Replica* replica, metrics::Counter& counter, Batch batch,
                                    domain::TenantId tenant, ports::StaleRead read, bool may_be_stale);

// The first row as a value, if there is one.
template <class T>
Async<std::optional<T>> read_one(Pool& pool, metrics::Counter& counter, Statement statement,
                                 T (*value_of)(const Rows&)) {
  Batch batch;
  batch.push_back(std::move(statement));
  CO_TRY(auto answer, co_await read(pool, counter, Way::shared_read, std::move(batch)));
  if (!answer[0].step()) co_return std::nullopt;
  co_return value_of(answer[0]);
}

// Every row as a value.
template <class T>
Async<std::vector<T>> read_all(Pool& pool, metrics::Counter& counter, Way way, Statement statement,
                               T (*value_of)(const Rows&)) {
  Batch batch;
  batch.push_back(std::move(statement));
  CO_TRY(auto answer, co_await read(pool, counter, way, std::move(batch)));
  std::vector<T> out;
  while (answer[0].step()) out.push_back(value_of(answer[0]));
  co_return out;
}

class PostgresTenants : public ports::Tenants {
 public:
  explicit PostgresTenants(Context context);
  Async<domain::Tenant> create(std::string name, std::string sealed_key, TimePoint at) override;
  Async<std::optional<domain::Tenant>> find_by_name(std::string name) override;
  Async<std::optional<domain::Tenant>> find(domain::TenantId tenant) override;
  Async<std::vector<domain::Tenant>> list(std::string after_name, int64_t limit) override;
  Async<int64_t> count() override;
  Async<std::string> sealed_key(domain::TenantId tenant) override;
  Async<int64_t> configuration_version(domain::TenantId tenant) override;
  Async<> remove(domain::TenantId tenant) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_, &count_, &key_, &version_;
};

class PostgresDocuments : public ports::Documents {
 public:
  explicit PostgresDocuments(Context context);
  Async<std::optional<ports::Document>> find(domain::TenantId tenant, ports::Collection collection,
                                             std::string id) override;
  Async<std::optional<ports::Document>> find_by(domain::TenantId tenant, ports::Collection collection,
                                                std::string key, std::string value) override;
  Async<ports::DocumentPage> list(domain::TenantId tenant, ports::Collection collection,
                                  ports::DocumentQuery query) override;

 private:
  Context c_;
  metrics::Counter &find_, &find_by_, &list_;
};

class PostgresUsers : public ports::Users {
 public:
  explicit PostgresUsers(Context context);
  Async<std::optional<domain::User>> find(domain::TenantId tenant, std::string user_id) override;
  Async<std::optional<ports::UserWithPassword>> find_with_password(domain::TenantId tenant,
                                                                   std::string user_id) override;
  Async<std::optional<ports::UserWithPassword>> find_by_identifier(domain::TenantId tenant,
                                                                   std::string connection,
                                                                   std::string value) override;
  Async<std::vector<domain::User>> find_by_email(domain::TenantId tenant, std::string email) override;
  Async<ports::UserPage> list(domain::TenantId tenant, ports::UserQuery query) override;

 private:
  Context c_;
  metrics::Counter &find_, &find_with_password_, &find_by_identifier_, &find_by_email_, &list_;
};

class PostgresAssignments : public ports::Assignments {
 public:
  explicit PostgresAssignments(Context context);
  Async<std::vector<std::string>> roles_of(domain::TenantId tenant, std::string user_id) override;
  Async<ports::UserPage> users_of_role(domain::TenantId tenant, std::string role_id,
                                       ports::UserQuery page) override;
  Async<std::vector<ports::Permission>> permissions_of_role(domain::TenantId tenant,
                                                            std::string role_id) override;
  Async<std::vector<ports::SourcedPermission>> permissions_of(domain::TenantId tenant, std::string user_id,
                                                              std::string audience) override;

 private:
  Context c_;
  metrics::Counter &roles_of_, &users_of_role_, &permissions_of_role_, &permissions_of_;
};

class PostgresSessions : public ports::Sessions {
 public:
  explicit PostgresSessions(Context context);
  Async<std::optional<domain::Session>> find(domain::TenantId tenant, int64_t id) override;
  Async<ports::TokenPage<domain::Session>> list_of_user(domain::TenantId tenant, std::string user_id,
                                                        std::optional<std::string> after,
                                                        int64_t limit) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class PostgresCodes : public ports::Codes {
 public:
  explicit PostgresCodes(Context context);
  Async<std::optional<domain::AuthorizationCode>> find(domain::TenantId tenant, int64_t id) override;

 private:
  Context c_;
  metrics::Counter& find_;
};

class PostgresRefreshTokens : public ports::RefreshTokens {
 public:
  explicit PostgresRefreshTokens(Context context);
  Async<std::optional<domain::RefreshToken>> find(domain::TenantId tenant, int64_t id) override;
  Async<ports::TokenPage<domain::RefreshToken>> list_of_user(domain::TenantId tenant, std::string user_id,
                                                             std::optional<std::string> after,
                                                             int64_t limit) override;
  Async<bool> is_grant_revoked(domain::TenantId tenant, int64_t grant_id) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_, &revoked_;
};

class PostgresGrants : public ports::Grants {
 public:
  explicit PostgresGrants(Context context);
  Async<std::optional<domain::Grant>> find(domain::TenantId tenant, std::string user_id,
                                           std::string client_id, std::string audience) override;
  Async<ports::GrantPage> list(domain::TenantId tenant, ports::GrantQuery query) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class PostgresTickets : public ports::Tickets {
 public:
  explicit PostgresTickets(Context context);
  Async<std::optional<domain::Ticket>> find(domain::TenantId tenant, int64_t id) override;

 private:
  Context c_;
  metrics::Counter& find_;
};

class PostgresBlocks : public ports::Blocks {
 public:
  explicit PostgresBlocks(Context context);
  Async<std::optional<domain::Block>> find(domain::TenantId tenant, std::string connection,
                                           std::string identifier, std::string ip) override;
  Async<std::vector<domain::Block>> list(domain::TenantId tenant, std::string identifier) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class PostgresLogs : public ports::Logs {
 public:
  explicit PostgresLogs(Context context);
  Async<std::optional<domain::LogRecord>> find(domain::TenantId tenant, int64_t id) override;
  Async<std::vector<domain::LogRecord>> list(domain::TenantId tenant, ports::LogQuery query) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class PostgresExecutions : public ports::Executions {
 public:
  explicit PostgresExecutions(Context context);
  Async<std::optional<domain::Execution>> find(domain::TenantId tenant, std::string id) override;
  Async<std::vector<domain::Execution>> list(domain::TenantId tenant, ports::ExecutionQuery query) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class PostgresEventDeliveries : public ports::EventDeliveries {
 public:
  explicit PostgresEventDeliveries(Context context);
  Async<std::optional<domain::EventDelivery>> find(domain::TenantId tenant, std::string stream,
                                                   int64_t id) override;
  Async<std::vector<domain::EventDelivery>> list(domain::TenantId tenant, std::string stream,
                                                 ports::EventDeliveryQuery query) override;
  Async<std::vector<ports::StreamClaim>> claim(ports::StreamClaiming claiming) override;
  Async<std::vector<domain::EventDelivery>> due(ports::StreamClaim claim, TimePoint now,
                                                int64_t limit) override;
  Async<> delivered(domain::TenantId tenant, std::string stream, int64_t id) override;
  Async<> failed(domain::TenantId tenant, domain::EventDelivery delivery) override;
  Async<> release(ports::StreamClaim claim, TimePoint paused_until) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class PostgresJobs : public ports::Jobs {
 public:
  explicit PostgresJobs(Context context) : c_(std::move(context)) {}
  Async<std::optional<ports::Job>> claim(int64_t id, TimePoint now, Seconds lease) override;
  Async<> complete(int64_t id) override;
  Async<> retry(int64_t id, TimePoint not_before) override;
  Async<> release(int64_t id, TimePoint not_before) override;
  Async<int64_t> sweep(TimePoint now, int64_t limit) override;

 private:
  Async<> announce_forgotten(TimePoint now);
  Context c_;
};

class PostgresOutbox : public ports::Outbox {
 public:
  explicit PostgresOutbox(Context context);
  Async<ports::EventPage> read(ports::EventQuery query) override;
  Async<ports::OutboxSpan> span() override;
  Async<int64_t> position(std::string reader) override;
  Async<> set_position(std::string reader, int64_t offset, ports::Lease held, TimePoint now) override;
  Async<> bury(ports::DeadLetter letter) override;
  Async<std::vector<ports::DeadLetter>> dead_letters(std::string queue, int64_t limit) override;
  void on_event(std::function<void()> wake) override;
  void wake();

 private:
  Context c_;
  metrics::Counter &read_, &span_, &position_, &dead_letters_;
  std::mutex mutex_;
  std::function<void()> wake_;
};

class PostgresLeases : public ports::Leases {
 public:
  explicit PostgresLeases(Context context) : c_(std::move(context)) {}
  Async<bool> acquire(ports::Lease lease, TimePoint now, Seconds time) override;
  Async<> release(ports::Lease lease) override;

 private:
  Context c_;
};

class PostgresCommitter : public ports::Committer {
 public:
  explicit PostgresCommitter(Context context);
  Async<> commit(domain::TenantId tenant, ports::Writes writes) override;

 private:
  Context c_;
  metrics::Counter& commits_;
};

}  // namespace durward::adapters::postgres
