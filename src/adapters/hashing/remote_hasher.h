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

  Async<std::string> hash(std::string password) override;
  Async<bool> verify(std::string password, std::string hash) override;
  std::string dummy_hash() const override { return policy_.dummy_hash(); }
  bool needs_rehash(std::string_view hash) const override { return policy_.needs_rehash(hash); }

 private:
  Async<std::string> ask(std::string_view path, std::string body);
  Error told(const Result<http::Response>& answer);

  http::Upstream& upstream_;
  const ports::Hasher& policy_;
  const Milliseconds deadline_;
  std::atomic<int64_t> logged_second_{0};
};

}  // namespace durward::adapters
