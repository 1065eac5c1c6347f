#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/tenant.h"
#include "domain/user.h"
#include "ports/storage/commit.h"

namespace durward::ports {

struct UserWithPassword {
  domain::User user;
  std::string password_hash;                // empty: no password
  std::vector<std::string> earlier_hashes;  // password history, newest first
};

// Conditions of GET /users that the embedded store answers itself: an exact or prefix match on an indexed
// attribute, and-ed; anything else is refused by the management face with a clear error.
struct UserCondition {
  std::string field;  // "user_id", "email", "username", "phone_number", "name", "nickname", "given_name",
                      // "family_name", "email_verified", "blocked", "identities.connection",
                      // "identities.provider", or "user_metadata.x" / "app_metadata.x"
  std::string value;
  bool prefix = false;
  bool negated = false;
};
struct UserQuery {
  std::vector<UserCondition> all_of;
  std::string sort_field =
      "created_at";  // or "updated_at", "last_login", "logins_count", "user_id", "email",
                     // "username", "name", "nickname", "given_name", "family_name"
  bool descending = false;
  int64_t offset = 0, limit = 50;
  bool want_total = false;
  std::optional<std::string> after;  // checkpoint over user rows in order of creation (export, role members)
  bool may_be_stale = false;         // shown to somebody and nothing else; see storage/stale_reads.h
};
struct UserPage {
  std::vector<domain::User> users;
  std::optional<int64_t> total;
  std::optional<std::string> next;
};

class Users {
 public:
  virtual ~Users() = default;
  virtual Async<std::optional<domain::User>> find(domain::TenantId, std::string user_id) = 0;
  virtual Async<std::optional<UserWithPassword>> find_with_password(domain::TenantId,
                                                                    std::string user_id) = 0;
  // One read per login: the user with the password, by a normalised identifier of any kind in this
  // connection.
  virtual Async<std::optional<UserWithPassword>> find_by_identifier(domain::TenantId, std::string connection,
                                                                    std::string value) = 0;
  virtual Async<std::vector<domain::User>> find_by_email(domain::TenantId, std::string email) = 0;
  virtual Async<UserPage> list(domain::TenantId, UserQuery) = 0;
};

struct SourcedPermission {
  Permission permission;
  bool direct = false;
  std::vector<std::string> role_ids;
};

// Roles and permissions given to users.
class Assignments {
 public:
  virtual ~Assignments() = default;
  virtual Async<std::vector<std::string>> roles_of(domain::TenantId, std::string user_id) = 0;
  virtual Async<UserPage> users_of_role(domain::TenantId, std::string role_id, UserQuery page) = 0;
  virtual Async<std::vector<Permission>> permissions_of_role(domain::TenantId, std::string role_id) = 0;
  // Direct ones and those of roles. One read; an empty `audience` means of every API.
  virtual Async<std::vector<SourcedPermission>> permissions_of(domain::TenantId, std::string user_id,
                                                               std::string audience) = 0;
};

}  // namespace durward::ports
