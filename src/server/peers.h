#pragma once
#include <memory>
#include <optional>

#include "adapters/hashing/remote_hasher.h"
#include "http/shared_key.h"
#include "http/upstream.h"
#include "server/options.h"

namespace durward::server {

// The key that roles sign with: the option, else <data>/internal.key, which the first process makes (0600).
// Errors: those of the file, invalid / bad_internal_key; an ephemeral run needs the option.
Result<http::SharedKeys> internal_keys(const Settings& settings, Random& random);

// Whom this process trusts to be a role of the fleet, PEM: the option, else the local authority that the data
// directory holds, else empty, which is the system's.
Result<std::string> internal_authorities(const Settings& settings);

// The other roles that this process asks, as the settings name them.
class Peers {
 public:
  // `policy` is the hasher of this process. Nothing is contacted yet. All arguments outlive the object.
  static Result<std::unique_ptr<Peers>> open(const Settings& settings, const ports::Hasher& policy,
                                             const Clock& clock, Random& random, metrics::Registry& metrics);

  ports::Hasher* hasher() { return hasher_.get(); }  // null: passwords are hashed in this process
  bool is_hashing_reachable() const { return !hashing_ || hashing_->is_reachable(); }
  // Asks every server of the hashing role once; for doctor. Error: what the first that fails said.
  Result<std::string> check_hashing();

 private:
  Peers() = default;
  Result<> open_hashing(const Settings& settings, const ports::Hasher& policy, const Clock& clock,
                        Random& random, metrics::Registry& metrics);

  std::unique_ptr<http::Client> client_;
  std::vector<http::Origin> hashing_origins_;
  std::unique_ptr<http::Upstream> hashing_;
  std::unique_ptr<adapters::RemoteHasher> hasher_;
};

}  // namespace durward::server
