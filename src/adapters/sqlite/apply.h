#pragma once
#include <map>

#include "adapters/sqlite/engine.h"
#include "ports/storage/commit.h"

namespace durward::adapters::sqlite {

struct Retention {
  Seconds logs, rotated_tokens;
};

// Applies the writes of one list in order, inside its transaction. Lives for one list.
class Applier {
 public:
  Applier(Database& db, domain::TenantId tenant, TimePoint now, const Retention& retention, Effects& effects)
      : db_(db), tenant_(tenant.value), now_(now), retention_(retention), effects_(effects) {}

  Result<> apply(const ports::Writes& writes);

 private:
  Result<> one(const ports::InsertDocument&);
  Result<> one(const ports::ReplaceDocument&);
  Result<> one(const ports::RemoveDocument&);
  Result<> one(const ports::RemoveDocumentsBy&);
  Result<> one(const ports::InsertUser&);
  Result<> one(const ports::ReplaceUser&);
  Result<> one(const ports::RemoveUser&);
  Result<> one(const ports::SetPassword&);
  Result<> one(const ports::RecordLogin&);
  Result<> one(const ports::LinkUsers&);
  Result<> one(const ports::InsertSession&);
  Result<> one(const ports::ReplaceSession&);
  Result<> one(const ports::RemoveSession&);
  Result<> one(const ports::RemoveSessionsOf&);
  Result<> one(const ports::InsertCode&);
  Result<> one(const ports::ConsumeCode&);
  Result<> one(const ports::InsertRefreshToken&);
  Result<> one(const ports::RotateRefreshToken&);
  Result<> one(const ports::TouchRefreshToken&);
  Result<> one(const ports::RevokeFamily&);
  Result<> one(const ports::RevokeRefreshToken&);
  Result<> one(const ports::RevokeRefreshTokensOf&);
  Result<> one(const ports::RevokeGrant&);
  Result<> one(const ports::PutGrant&);
  Result<> one(const ports::RemoveGrant&);
  Result<> one(const ports::RemoveGrantsOf&);
  Result<> one(const ports::InsertTicket&);
  Result<> one(const ports::ConsumeTicket&);
  Result<> one(const ports::PutBlock&);
  Result<> one(const ports::RemoveBlocks&);
  Result<> one(const ports::AddUserRole&);
  Result<> one(const ports::RemoveUserRole&);
  Result<> one(const ports::AddUserPermission&);
  Result<> one(const ports::RemoveUserPermission&);
  Result<> one(const ports::AddRolePermission&);
  Result<> one(const ports::RemoveRolePermission&);
  Result<> one(const ports::RemoveRoleAssignments&);
  Result<> one(const ports::AppendLog&);
  Result<> one(const ports::AppendExecution&);
  Result<> one(const ports::AppendEvent&);
  Result<> one(const ports::InsertJob&);
  Result<> one(const ports::InsertEventDelivery&);
  Result<> one(const ports::RequeueEventDeliveries&);
  Result<> one(const ports::RemoveEventDeliveries&);

  Result<int64_t> document_row(ports::Collection collection, const std::string& id);
  Result<> insert_keys(ports::Collection collection, int64_t row,
                       const std::vector<ports::DocumentKey>& keys);
  void remove_document(int64_t row);

  // A password belongs to the identity it was set for and follows it when users are linked or unlinked.
  struct Credential {
    std::string hash, earlier;
  };
  using Owners = std::map<std::pair<std::string, std::string>, int64_t>;  // (connection, value) -> credential
  struct Home {
    std::string connection;  // the one the user's own identity is in
    std::optional<int64_t> credential;
  };
  std::optional<int64_t> user_row(const std::string& user_id);
  Result<int64_t> need_user(const std::string& user_id);
  Result<int64_t> owner_of(const std::string& user_id);  // 0 for no user
  Result<> insert_identities(int64_t row, const domain::User& user);
  Result<> insert_identifiers(int64_t row, const std::vector<domain::Identifier>& identifiers,
                              const Owners& owners, const Home& home);
  int64_t insert_credential(int64_t row, const std::string& identity, const Credential& credential);
  Owners identifier_owners(int64_t row);
  Result<> replace_user(int64_t row, const domain::User& user, const std::vector<domain::Identifier>& ids,
                        Owners owners);
  void release_credentials(int64_t row, const domain::User& user);
  void remove_user(int64_t row);

  Database& db_;
  const int64_t tenant_;
  const TimePoint now_;
  const Retention& retention_;
  Effects& effects_;
  std::map<std::string, Credential> released_;  // of identities unlinked by this list
};

}  // namespace durward::adapters::sqlite
