#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "domain/block.h"
#include "domain/event.h"
#include "domain/event_delivery.h"
#include "domain/execution.h"
#include "domain/log_record.h"
#include "domain/session.h"
#include "domain/tenant.h"
#include "domain/user.h"
#include "ports/storage/documents.h"

// Every change of hot and configuration data is a list of writes that the store applies in order as ONE
// durable commit: all or none. A write with a precondition that does not hold fails the whole list with the
// named error. One request makes one commit (docs/architecture.md).
namespace durward::ports {

// --- configuration documents
struct InsertDocument {  // conflict/"document_exists" (debug: name of the key) when the id or a unique key is
                         // taken
  Collection collection;
  Document document;  // version and timestamps are set by the store's caller
  std::vector<DocumentKey> keys;
};
struct ReplaceDocument {  // not_found/"not_found"; conflict/"version_changed" unless document.version is the
                          // stored one;
  Collection collection;  // conflict/"document_exists" for a taken unique key. Stores version + 1.
  Document document;
  std::vector<DocumentKey> keys;
};
struct RemoveDocument {  // not_found/"not_found"
  Collection collection;
  std::string id;
};
struct RemoveDocumentsBy {  // all with this key; none is fine
  Collection collection;
  std::string key, value;
};

// --- users
struct InsertUser {  // conflict/"user_exists" when user_id, an identity or an identifier is taken
  domain::User user;
  std::vector<domain::Identifier> identifiers;
  std::string password_hash;  // empty: none
};
struct ReplaceUser {  // profile, identities and identifiers; not_found; conflict/"version_changed";
                      // conflict/"user_exists"
  domain::User user;  // user.version is the one read
  std::vector<domain::Identifier> identifiers;
  std::optional<domain::User> before = {};  // as it was read: who hears of the change is told, if known
};
struct RemoveUser {  // with credentials, identifiers, sessions, refresh tokens, codes, grants, assignments;
                     // none is fine
  std::string user_id;
  std::optional<domain::User> before = {};  // as it was, for who hears of it
};
struct SetPassword {  // not_found. Keeps the `history` newest earlier hashes.
  std::string user_id, password_hash;
  TimePoint at;
  int history = 0;
  // The same password under a better hash: earlier hashes and the last reset stay. Nothing happens when the
  // password was reset after `at`: whoever signs in with the old one meanwhile does not bring it back.
  bool rehash = false;
};
struct RecordLogin {  // counters and last login of a user
  std::string user_id, ip;
  TimePoint at;
};
// The secondary user disappears, its identities (with profile_data) are appended to the primary. `primary` is
// the new state of the primary user (as ReplaceUser). not_found, version_changed.
struct LinkUsers {
  domain::User primary;
  std::vector<domain::Identifier> identifiers;
  std::string secondary_user_id;
  std::optional<domain::User> before = {}, secondary = {};  // both as they were, for who hears of it
};

// --- sessions
struct InsertSession {
  domain::Session session;
};
struct ReplaceSession {
  domain::Session session;
};  // not_found when it is gone (revoked meanwhile)
struct RemoveSession {
  int64_t id;
};  // none is fine
struct RemoveSessionsOf {
  std::string user_id;
};

// --- codes and tokens
struct InsertCode {
  domain::AuthorizationCode code;
};
struct ConsumeCode {  // conflict/"code_consumed" when used before, not_found when gone: RFC 6749 §4.1.2,
                      // atomically
  int64_t id;
  TimePoint at;
};
struct InsertRefreshToken {
  domain::RefreshToken token;
};
struct RotateRefreshToken {  // conflict/"token_rotated" when somebody rotated it first, not_found when
                             // revoked
  int64_t id;
  TimePoint at;
};
struct TouchRefreshToken {  // not_found when revoked
  int64_t id;
  TimePoint at;
  std::optional<TimePoint> idle_expires_at;
  std::optional<TimePoint> expires_at;        // absent: stays as it is
  std::optional<domain::RefreshToken> noted;  // with another Authorization::extra; absent: stays as it is
};
struct RevokeFamily {
  int64_t family;
};  // every refresh token of the grant
struct RevokeRefreshToken {
  int64_t id;
};
struct RevokeRefreshTokensOf {  // empty client_id or audience: any
  std::string user_id, client_id;
  std::optional<std::string> audience;
};
struct RevokeGrant {  // marks the grant_id of a code as revoked until its access tokens are expired
  int64_t grant_id;
  TimePoint until;
};

// --- consent, tickets, roles and permissions
struct PutGrant {
  domain::Grant grant;
};  // one per user, client and audience: replaces its scope
struct RemoveGrant {
  std::string id;
};
struct RemoveGrantsOf {
  std::string user_id;
};
struct InsertTicket {
  domain::Ticket ticket;
};
struct ConsumeTicket {
  int64_t id;
};  // not_found when used or gone

// --- blocks after wrong passwords
struct PutBlock {  // one per connection, identifier and address; again is fine: the later end counts
  domain::Block block;
};
struct RemoveBlocks {  // none is fine
  std::string identifier;
  std::string connection = {};         // empty: of every connection
  std::optional<std::string> ip = {};  // "": the one of every address; absent: all
};

struct Permission {
  std::string resource_server_identifier, permission_name;
  auto operator<=>(const Permission&) const = default;
};
struct AddUserRole {
  std::string user_id, role_id;
};  // twice is fine
struct RemoveUserRole {
  std::string user_id, role_id;
};
struct AddUserPermission {
  std::string user_id;
  Permission permission;
};
struct RemoveUserPermission {
  std::string user_id;
  Permission permission;
};
struct AddRolePermission {
  std::string role_id;
  Permission permission;
};
struct RemoveRolePermission {
  std::string role_id;
  Permission permission;
};
struct RemoveRoleAssignments {
  std::string role_id;
};  // users and permissions of a role that goes away

// --- log, events, jobs
struct AppendLog {
  domain::LogRecord record;
};
struct AppendExecution {
  domain::Execution execution;
};
struct AppendEvent {  // tenant and offset are the store's
  domain::Event event;
};
struct InsertEventDelivery {  // one that is there already stays as it is: an event that is handed out twice
                              // is written once
  domain::EventDelivery delivery;
};
// Failed and waiting deliveries become due at `at`, as if they had never been tried; none is fine.
struct RequeueEventDeliveries {
  std::string stream;
  TimePoint at;
  std::optional<int64_t> id = {};                               // absent: all that fit
  std::vector<std::string> types = {};                          // empty: any
  std::optional<TimePoint> created_from = {}, created_to = {};  // from, and before
};
struct RemoveEventDeliveries {  // all of a stream; none is fine
  std::string stream;
};
struct InsertJob {  // work that must survive a restart: mail
  int64_t id;
  std::string kind;
  json::Object payload;
  TimePoint not_before;
};

using Write =
    std::variant<InsertDocument, ReplaceDocument, RemoveDocument, RemoveDocumentsBy, InsertUser, ReplaceUser,
                 RemoveUser, SetPassword, RecordLogin, LinkUsers, InsertSession, ReplaceSession,
                 RemoveSession, RemoveSessionsOf, InsertCode, ConsumeCode, InsertRefreshToken,
                 RotateRefreshToken, TouchRefreshToken, RevokeFamily, RevokeRefreshToken,
                 RevokeRefreshTokensOf, RevokeGrant, PutGrant, RemoveGrant, RemoveGrantsOf, InsertTicket,
                 ConsumeTicket, PutBlock, RemoveBlocks, AddUserRole, RemoveUserRole, AddUserPermission,
                 RemoveUserPermission, AddRolePermission, RemoveRolePermission, RemoveRoleAssignments,
                 AppendLog, AppendExecution, AppendEvent, InsertJob, InsertEventDelivery,
                 RequeueEventDeliveries, RemoveEventDeliveries>;
using Writes = std::vector<Write>;

class Committer {
 public:
  virtual ~Committer() = default;
  // Returns once the writes are durable. Many commits of many requests share one flush (group commit).
  virtual Async<> commit(domain::TenantId tenant, Writes writes) = 0;
};

}  // namespace durward::ports
