#pragma once
#include <memory>

#include "base/random.h"
#include "ports/storage/tenants.h"
#include "ports/vault.h"

namespace durward::adapters {

struct VaultOptions {
  std::string master_key;           // 32 bytes; kept in memory as derived keys only
  size_t tenant_keys_max = 10'000;  // opened data keys kept, least recently used ones go first
};

// ports::Vault with AES-256-GCM in this process. open() fails with invalid/"unsealable". Thread-safe. A
// master key that is not 32 bytes is a broken invariant (std::invalid_argument).
class LocalVault : public ports::Vault {
 public:
  LocalVault(VaultOptions options, ports::Tenants& tenants, Random& random);
  ~LocalVault() override;

  std::string new_tenant_key() override;
  Async<std::string> seal(domain::TenantId tenant, std::string purpose, std::string plaintext) override;
  Async<std::string> open(domain::TenantId tenant, std::string purpose, std::string sealed) override;
  std::string seal_local(std::string_view purpose, std::string_view plaintext) override;
  Result<std::string> open_local(std::string_view purpose, std::string_view sealed) override;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::adapters
