#pragma once
#include <string>

#include "base/clock.h"
#include "base/task.h"
#include "domain/entitlements.h"
#include "domain/tenant.h"

namespace durward::ports {

// Whose password it is, how a hash of it is made today, and how long the answer is worth something.
struct HashOwner {
  domain::TenantId tenant;
  domain::PasswordScheme scheme = domain::PasswordScheme::bcrypt;
  Milliseconds within{5'000};
};

// Password hashing, in process or a tier of its own. Fails with `unavailable` (and Error::retry_after) when
// it has more to do than it can do in time; each tenant has its share of it. A call without a stored hash
// costs the same as one with: verify against `dummy_hash()` so that an unknown user cannot be told by time.
class Hasher {
 public:
  virtual ~Hasher() = default;
  virtual Async<std::string> hash(HashOwner owner, std::string password) = 0;
  virtual Async<bool> verify(HashOwner owner, std::string password, std::string hash) = 0;
  virtual std::string dummy_hash() const = 0;
  // Whether the hash is not what hash() would make of the same password.
  virtual bool needs_rehash(domain::PasswordScheme scheme, std::string_view hash) const = 0;
  // Until a hash that is asked for now would be begun, as far as it is known: how servers are chosen.
  virtual Milliseconds expected_wait() const { return {}; }
};

}  // namespace durward::ports
