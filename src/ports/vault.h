#pragma once
#include <string>

#include "base/task.h"
#include "domain/tenant.h"

namespace durward::ports {

// Seals what must be read back (client secrets, signing keys, connection secrets) with the tenant's data key,
// which is itself sealed under the installation's master key. `purpose` is bound as associated data: text
// sealed for one purpose does not open for another.
class Vault {
 public:
  virtual ~Vault() = default;
  virtual std::string new_tenant_key() = 0;  // sealed under the master key, for Tenants::create
  virtual Async<std::string> seal(domain::TenantId, std::string purpose,
                                  std::string plaintext) = 0;  // base64url text
  virtual Async<std::string> open(domain::TenantId, std::string purpose, std::string sealed) = 0;
  // For values that are not a tenant's row: the login transaction in `state`. Fails with invalid when forged.
  virtual std::string seal_local(std::string_view purpose, std::string_view plaintext) = 0;
  virtual Result<std::string> open_local(std::string_view purpose, std::string_view sealed) = 0;
};

}  // namespace durward::ports
