#pragma once
#include "adapters/postgres/sql.h"
#include "ports/storage/commit.h"

namespace durward::adapters::postgres {

struct Retention {
  Seconds logs, rotated_tokens, events;
};

// Not the lock of partitions (migration 4), which DDL holds while it waits for writers. Row numbers of events
// are offsets, so they must grow in the order of commits: who appends holds this lock to the end of the
// transaction. A login appends nothing.
inline constexpr char lock_events_sql[] = "SELECT pg_advisory_xact_lock(4923931927552983039)";

// The writes of one list as the statements of one transaction. Nothing is read in between: a precondition is
// part of its statement, which undoes the transaction when it does not hold. Lives for one list.
class Script {
 public:
  Script(domain::TenantId tenant, TimePoint now, const Retention& retention)
      : tenant_(tenant.value), now_(now), retention_(retention) {}

  Batch of(const ports::Writes& writes);
  bool changes_configuration() const { return configuration_; }
  bool has_event() const { return event_; }

 private:
  void one(const ports::InsertDocument&);
  void one(const ports::ReplaceDocument&);
  void one(const ports::RemoveDocument&);
  void one(const ports::RemoveDocumentsBy&);
  void one(const ports::InsertUser&);
  void one(const ports::ReplaceUser&);
  void one(const ports::RemoveUser&);
  void one(const ports::SetPassword&);
  void one(const ports::RecordLogin&);
  void one(const ports::LinkUsers&);
  void one(const ports::InsertSession&);
  void one(const ports::ReplaceSession&);
  void one(const ports::RemoveSession&);
  void one(const ports::RemoveSessionsOf&);
  void one(const ports::InsertCode&);
  void one(const ports::ConsumeCode&);
  void one(const ports::InsertRefreshToken&);
  void one(const ports::RotateRefreshToken&);
  void one(const ports::TouchRefreshToken&);
  void one(const ports::RevokeFamily&);
  void one(const ports::RevokeRefreshToken&);
  void one(const ports::RevokeRefreshTokensOf&);
  void one(const ports::RevokeGrant&);
  void one(const ports::PutGrant&);
  void one(const ports::RemoveGrant&);
  void one(const ports::RemoveGrantsOf&);
  void one(const ports::InsertTicket&);
  void one(const ports::ConsumeTicket&);
  void one(const ports::PutBlock&);
  void one(const ports::RemoveBlocks&);
  void one(const ports::AddUserRole&);
  void one(const ports::RemoveUserRole&);
  void one(const ports::AddUserPermission&);
  void one(const ports::RemoveUserPermission&);
  void one(const ports::AddRolePermission&);
  void one(const ports::RemoveRolePermission&);
  void one(const ports::RemoveRoleAssignments&);
  void one(const ports::AppendLog&);
  void one(const ports::AppendExecution&);
  void one(const ports::AppendEvent&);
  void one(const ports::InsertJob&);
  void one(const ports::InsertEventDelivery&);
  void one(const ports::RequeueEventDeliveries&);
  void one(const ports::RemoveEventDeliveries&);

  void insert_keys(ports::Collection collection, const std::string& id,
                   const std::vector<ports::DocumentKey>& keys);
  void insert_identities(const domain::User& user);
  void insert_identifiers(const domain::User& user, const std::vector<domain::Identifier>& identifiers);
  void replace_user(const domain::User& user, const std::vector<domain::Identifier>& identifiers);
  void remove_user(const std::string& user_id);

  template <class... Values>
  Statement& add(std::string_view text, const Values&... values) {
    return batch_.emplace_back(Statement::fixed(text, values...));
  }

  const int64_t tenant_;
  const TimePoint now_;
  const Retention& retention_;
  Batch batch_;
  bool configuration_ = false, event_ = false;
  bool releases_credentials_ = false;  // of identities unlinked by this list
};

// Pieces of statements. $1 is the tenant and $2 the user's id, where these stand.
inline const std::string user_row = "(SELECT row FROM users WHERE tenant=$1 AND user_id=$2)";
// The same for rows that the user will own: whoever removes the user waits for them, or they find nobody and
// break the NOT NULL of their column.
inline const std::string owner_row = "(SELECT row FROM users WHERE tenant=$1 AND user_id=$2 FOR KEY SHARE)";
inline const std::string owner_or_none = "CASE WHEN $2='' THEN 0 ELSE " + owner_row + " END";

// A change that must find its row; `word` is an SQL expression, asked only when it did not.
inline std::string guarded(const std::string& change, const std::string& word) {
  return "WITH changed AS (" + change + " RETURNING 1) SELECT durward_refuse(" + word +
         ") WHERE NOT EXISTS(SELECT 1 FROM changed)";
}

}  // namespace durward::adapters::postgres
