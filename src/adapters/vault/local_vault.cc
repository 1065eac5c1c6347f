#include "adapters/vault/local_vault.h"

#include <list>
#include <map>
#include <mutex>
#include <stdexcept>

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

namespace durward::adapters {

namespace {
constexpr std::string_view tenant_key_purpose = "tenant-key";

std::unexpected<Error> unsealable() {
  return fail(ErrorKind::invalid, "unsealable", "The sealed value cannot be opened.");
}

std::string associated(domain::TenantId tenant, std::string_view purpose) {
  return "tenant:" + std::to_string(tenant.value) + "\n" + std::string(purpose);
}

Result<std::string> open_text(std::string_view key, std::string_view text, std::string_view aad) {
  const auto bytes = from_base64url(text);
  if (!bytes) return unsealable();
  auto plain = crypto::open(key, *bytes, aad);
  if (!plain) return unsealable();
  return plain;
}
}  // namespace

struct LocalVault::Impl {
  Impl(VaultOptions options, ports::Tenants& tenants_, Random& random_)
      : tenants(tenants_), random(random_), keys_max(std::max<size_t>(1, options.tenant_keys_max)) {
    if (options.master_key.size() != crypto::aead_key_size)
      throw std::invalid_argument("the master key has 32 bytes");
    // One key for each use, so that nothing sealed for one use opens in another (RFC 5869 §3.2).
    wrapping =
        crypto::hkdf_sha256(options.master_key, "", "durward/vault/tenant-keys", crypto::aead_key_size);
    local = crypto::hkdf_sha256(options.master_key, "", "durward/vault/local", crypto::aead_key_size);
    crypto::wipe(options.master_key);
  }
  ~Impl() {
    crypto::wipe(wrapping);
    crypto::wipe(local);
    for (auto& [tenant, entry] : keys) crypto::wipe(entry.key);
  }

  std::optional<std::string> cached(int64_t tenant) {
    std::lock_guard lock(mutex);
    const auto it = keys.find(tenant);
    if (it == keys.end()) return {};
    ages.splice(ages.begin(), ages, it->second.age);
    return it->second.key;
  }
  void keep(int64_t tenant, const std::string& key) {
    std::lock_guard lock(mutex);
    if (keys.contains(tenant)) return;
    ages.push_front(tenant);
    keys[tenant] = {key, ages.begin()};
    if (keys.size() <= keys_max) return;
    const auto oldest = keys.find(ages.back());
    crypto::wipe(oldest->second.key);
    keys.erase(oldest);
    ages.pop_back();
  }
  // Numbers of tenants are never used again, so a key once opened stays right.
  Async<std::string> key_of(domain::TenantId tenant) {
    if (auto key = cached(tenant.value)) co_return *std::move(key);
    CO_TRY(const auto sealed, co_await tenants.sealed_key(tenant));
    CO_TRY(auto key, open_text(wrapping, sealed, tenant_key_purpose));
    keep(tenant.value, key);
    co_return key;
  }

  struct Entry {
    std::string key;
    std::list<int64_t>::iterator age;
  };
  ports::Tenants& tenants;
  Random& random;
  const size_t keys_max;
  std::string wrapping, local;
  std::mutex mutex;
  std::map<int64_t, Entry> keys;
  std::list<int64_t> ages;
};

LocalVault::LocalVault(VaultOptions options, ports::Tenants& tenants, Random& random)
    : impl_(std::make_unique<Impl>(std::move(options), tenants, random)) {}
LocalVault::~LocalVault() = default;

std::string LocalVault::new_tenant_key() {
  auto key = impl_->random.bytes(crypto::aead_key_size);
  auto sealed = to_base64url(crypto::seal(impl_->wrapping, key, tenant_key_purpose, impl_->random));
  crypto::wipe(key);
  return sealed;
}

Async<std::string> LocalVault::seal(domain::TenantId tenant, std::string purpose, std::string plaintext) {
  CO_TRY(const auto key, co_await impl_->key_of(tenant));
  co_return to_base64url(crypto::seal(key, plaintext, associated(tenant, purpose), impl_->random));
}

Async<std::string> LocalVault::open(domain::TenantId tenant, std::string purpose, std::string sealed) {
  CO_TRY(const auto key, co_await impl_->key_of(tenant));
  co_return open_text(key, sealed, associated(tenant, purpose));
}

std::string LocalVault::seal_local(std::string_view purpose, std::string_view plaintext) {
  return to_base64url(crypto::seal(impl_->local, plaintext, purpose, impl_->random));
}

Result<std::string> LocalVault::open_local(std::string_view purpose, std::string_view sealed) {
  return open_text(impl_->local, sealed, purpose);
}

}  // namespace durward::adapters
