#pragma once
#include <atomic>

#include "http/upstream.h"
#include "ports/hasher.h"

namespace durward::adapters {

// Hashing by the hashing role of the fleet. What must not wait (dummy_hash, needs_rehash) is answered by
// `policy`, a hasher of this process with the same settings. Both calls may be repeated at another server: a
// comparison changes nothing, and of two hashes one is forgotten. Errors: unavailable /
// temporarily_unavailable when no server answers in time, and the errors of LocalHasher. Thread-safe.
class RemoteHasher : public ports::Hasher {
 public:
  // `upstream` and `policy` outlive this object.
  RemoteHasher(http::Upstream& upstream, const ports::Hasher& policy, Milliseconds deadline)
      : upstream_(upstream), policy_(policy), deadline_(deadline) {}

  Async<std::string> hash(ports::HashOwner owner, std::string password) override;
  Async<bool> verify(ports::HashOwner owner, std::string password, std::string hash) override;
  std::string dummy_hash() const override { return policy_.dummy_hash(); }
  bool needs_rehash(domain::PasswordScheme scheme, std::string_view hash) const override {
    return policy_.needs_rehash(scheme, hash);
  }

 private:
  Async<std::string> ask(std::string_view path, ports::HashOwner owner, std::string body);
  Error told(const Result<http::Response>& answer);
  static int retry_after(const Result<http::Response>& answer);

  http::Upstream& upstream_;
  const ports::Hasher& policy_;
  const Milliseconds deadline_;
  std::atomic<int64_t> logged_second_{0};
};

}  // namespace durward::adapters
