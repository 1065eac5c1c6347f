#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "domain/tenant.h"
#include "ports/vault.h"

namespace durward::tokens {

// An access token for /userinfo that carries its own content, sealed: nothing is stored and no read is needed
// to check it. The tenant is bound to the seal, so another tenant's token does not open.
struct OpaqueContent {
  std::string user_id, client_id, sid;
  std::vector<std::string> scope;
  TimePoint expires_at;
  int64_t grant_id = 0;
  json::Object claims;  // for /userinfo beside those of the scope
};

// Five parts like a compact JWE (RFC 7516 §3.1), which is what clients expect an unreadable token to look
// like.
std::string seal_opaque(ports::Vault& vault, domain::TenantId tenant, std::string_view issuer,
                        const OpaqueContent& content);
bool looks_opaque(std::string_view token);
// unauthenticated/invalid_token when forged, foreign or expired.
Result<OpaqueContent> open_opaque(ports::Vault& vault, domain::TenantId tenant, std::string_view token,
                                  TimePoint now);

}  // namespace durward::tokens
