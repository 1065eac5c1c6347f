#pragma once
#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "domain/signing_key.h"
#include "domain/tenant.h"

namespace durward::tokens {

// Something made from a tenant's key set (prepared signers, the JWKS body), kept until Configuration hands
// out another set. Bounded; thread-safe.
template <class T>
class KeySetCache {
 public:
  using Keys = std::shared_ptr<const domain::KeySet>;

  // make(keys) -> T, called outside of the lock.
  template <class Make>
  std::shared_ptr<const T> get(domain::TenantId tenant, const Keys& keys, Make make) {
    if (auto found = find(tenant, keys)) return found;
    auto made = std::make_shared<const T>(make(*keys));
    std::unique_lock lock(mutex_);
    if (entries_.size() >= entries_max) entries_.clear();
    entries_[tenant.value] = {keys, made};
    return made;
  }

 private:
  static constexpr size_t entries_max = 4096;
  struct Entry {
    Keys keys;  // held, so that the address cannot come back as another set
    std::shared_ptr<const T> value;
  };

  std::shared_ptr<const T> find(domain::TenantId tenant, const Keys& keys) const {
    std::shared_lock lock(mutex_);
    auto it = entries_.find(tenant.value);
    return it != entries_.end() && it->second.keys == keys ? it->second.value : nullptr;
  }

  mutable std::shared_mutex mutex_;
  std::unordered_map<int64_t, Entry> entries_;
};

}  // namespace durward::tokens
