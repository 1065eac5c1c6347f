#pragma once
#include "adapters/records/read_counters.h"
#include "adapters/sqlite/engine.h"
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

// The storage ports over one engine. Expired rows are not found from the millisecond on at which they expire.
namespace durward::adapters::sqlite {

using records::ReadCounters;

struct Context {
  Engine& engine;
  const Clock& clock;
  metrics::Registry& registry;
  Seconds log_retention{}, rotated_token_retention{}, event_retention{};
};

class SqliteTenants : public ports::Tenants {
 public:
  explicit SqliteTenants(Context context);
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

class SqliteDocuments : public ports::Documents {
 public:
  explicit SqliteDocuments(Context context);
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

class SqliteUsers : public ports::Users {
 public:
  explicit SqliteUsers(Context context);
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

class SqliteAssignments : public ports::Assignments {
 public:
  explicit SqliteAssignments(Context context);
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

class SqliteSessions : public ports::Sessions {
 public:
  explicit SqliteSessions(Context context);
  Async<std::optional<domain::Session>> find(domain::TenantId tenant, int64_t id) override;
  Async<ports::TokenPage<domain::Session>> list_of_user(domain::TenantId tenant, std::string user_id,
                                                        std::optional<std::string> after,
                                                        int64_t limit) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class SqliteCodes : public ports::Codes {
 public:
  explicit SqliteCodes(Context context);
  Async<std::optional<domain::AuthorizationCode>> find(domain::TenantId tenant, int64_t id) override;

 private:
  Context c_;
  metrics::Counter& find_;
};

class SqliteRefreshTokens : public ports::RefreshTokens {
 public:
  explicit SqliteRefreshTokens(Context context);
  Async<std::optional<domain::RefreshToken>> find(domain::TenantId tenant, int64_t id) override;
  Async<ports::TokenPage<domain::RefreshToken>> list_of_user(domain::TenantId tenant, std::string user_id,
                                                             std::optional<std::string> after,
                                                             int64_t limit) override;
  Async<bool> is_grant_revoked(domain::TenantId tenant, int64_t grant_id) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_, &revoked_;
};

class SqliteGrants : public ports::Grants {
 public:
  explicit SqliteGrants(Context context);
  Async<std::optional<domain::Grant>> find(domain::TenantId tenant, std::string user_id,
                                           std::string client_id, std::string audience) override;
  Async<ports::GrantPage> list(domain::TenantId tenant, ports::GrantQuery query) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class SqliteTickets : public ports::Tickets {
 public:
  explicit SqliteTickets(Context context);
  Async<std::optional<domain::Ticket>> find(domain::TenantId tenant, int64_t id) override;

 private:
  Context c_;
  metrics::Counter& find_;
};

class SqliteBlocks : public ports::Blocks {
 public:
  explicit SqliteBlocks(Context context);
  Async<std::optional<domain::Block>> find(domain::TenantId tenant, std::string connection,
                                           std::string identifier, std::string ip) override;
  Async<std::vector<domain::Block>> list(domain::TenantId tenant, std::string identifier) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class SqliteLogs : public ports::Logs {
 public:
  explicit SqliteLogs(Context context);
  Async<std::optional<domain::LogRecord>> find(domain::TenantId tenant, int64_t id) override;
  Async<std::vector<domain::LogRecord>> list(domain::TenantId tenant, ports::LogQuery query) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class SqliteExecutions : public ports::Executions {
 public:
  explicit SqliteExecutions(Context context);
  Async<std::optional<domain::Execution>> find(domain::TenantId tenant, std::string id) override;
  Async<std::vector<domain::Execution>> list(domain::TenantId tenant, ports::ExecutionQuery query) override;

 private:
  Context c_;
  metrics::Counter &find_, &list_;
};

class SqliteEventDeliveries : public ports::EventDeliveries {
 public:
  explicit SqliteEventDeliveries(Context context);
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

class SqliteJobs : public ports::Jobs {
 public:
  explicit SqliteJobs(Context context) : c_(context) {}
  Async<std::optional<ports::Job>> claim(int64_t id, TimePoint now, Seconds lease) override;
  Async<> complete(int64_t id) override;
  Async<> retry(int64_t id, TimePoint not_before) override;
  Async<> release(int64_t id, TimePoint not_before) override;
  Async<int64_t> sweep(TimePoint now, int64_t limit) override;

 private:
  Async<> announce_forgotten(TimePoint now);
  Context c_;
};

class SqliteOutbox : public ports::Outbox {
 public:
  explicit SqliteOutbox(Context context);
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

class SqliteLeases : public ports::Leases {
 public:
  explicit SqliteLeases(Context context) : c_(context) {}
  Async<bool> acquire(ports::Lease lease, TimePoint now, Seconds time) override;
  Async<> release(ports::Lease lease) override;

 private:
  Context c_;
};

class SqliteCommitter : public ports::Committer {
 public:
  explicit SqliteCommitter(Context context);
  Async<> commit(domain::TenantId tenant, ports::Writes writes) override;

 private:
  Context c_;
  metrics::Counter& commits_;
};

}  // namespace durward::adapters::sqlite
