#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/session.h"
#include "domain/tenant.h"

// Readers of the short-lived records. Expired rows are not returned; writing is storage/commit.h.
namespace durward::ports {

template <class T>
struct TokenPage {
  std::vector<T> items;
  std::optional<std::string> next;
};

class Sessions {
 public:
  virtual ~Sessions() = default;
  virtual Async<std::optional<domain::Session>> find(domain::TenantId, int64_t id) = 0;
  virtual Async<TokenPage<domain::Session>> list_of_user(domain::TenantId, std::string user_id,
                                                         std::optional<std::string> after, int64_t limit) = 0;
};

class Codes {
 public:
  virtual ~Codes() = default;
  // Also a consumed code, until it expires: that is how reuse is noticed.
  virtual Async<std::optional<domain::AuthorizationCode>> find(domain::TenantId, int64_t id) = 0;
};

class RefreshTokens {
 public:
  virtual ~RefreshTokens() = default;
  // Also a rotated token: that is how reuse is noticed. Revoked and expired ones are not found.
  virtual Async<std::optional<domain::RefreshToken>> find(domain::TenantId, int64_t id) = 0;
  // Not the rotated ones.
  virtual Async<TokenPage<domain::RefreshToken>> list_of_user(domain::TenantId, std::string user_id,
                                                              std::optional<std::string> after,
                                                              int64_t limit) = 0;
  virtual Async<bool> is_grant_revoked(domain::TenantId, int64_t grant_id) = 0;
};

struct GrantQuery {
  std::string user_id, client_id, id;  // empty: any
  std::optional<std::string> audience;
  int64_t offset = 0, limit = 50;
  bool want_total = false;
};
struct GrantPage {
  std::vector<domain::Grant> grants;
  std::optional<int64_t> total;
};

class Grants {
 public:
  virtual ~Grants() = default;
  virtual Async<std::optional<domain::Grant>> find(domain::TenantId, std::string user_id,
                                                   std::string client_id, std::string audience) = 0;
  virtual Async<GrantPage> list(domain::TenantId, GrantQuery) = 0;
};

class Tickets {
 public:
  virtual ~Tickets() = default;
  virtual Async<std::optional<domain::Ticket>> find(domain::TenantId, int64_t id) = 0;
};

}  // namespace durward::ports
