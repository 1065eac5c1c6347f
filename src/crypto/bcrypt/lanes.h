#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bcrypt/expand.h"
#include "crypto/bcrypt/setting.h"

namespace durward::crypto::bcrypt {

// Bcrypt hashes that one thread computes side by side. Each has its own cost and joins or leaves between two
// steps, so one that comes waits for at most one step (about 40 µs), never for the others to end. Not
// thread-safe: one object a thread. Whatever came from a password is wiped when its lane is done, and in the
// destructor.
class Lanes {
 public:
  struct Done {
    uint64_t ticket;
    Digest digest;
  };

  explicit Lanes(const Engine& engine = best_engine());
  ~Lanes();

  size_t size() const;  // lanes
  size_t busy() const { return jobs_.size(); }
  bool is_full() const { return busy() == size(); }

  // Takes a free lane. Bytes of the password from a NUL or beyond the 72nd on do not count (as in crypt(3)).
  void start(uint64_t ticket, std::string_view password, const Setting& setting);
  // One expansion in every busy lane; what that ended, usually nothing.
  std::vector<Done> step();

 private:
  struct Job {
    uint64_t ticket;
    uint64_t expansions_left;  // 2 * 2^cost: with the password, with the salt, and so on
    uint32_t password[18], salt[18];
  };
  State& state(size_t lane);
  void mix_keys();
  Digest finish(size_t lane);
  void leave(size_t lane);

  const Engine& engine_;
  std::vector<Job> jobs_;  // of the first lanes; the rest are free
  std::unique_ptr<State[]> states_;
};

// One hash by itself, in this thread.
Digest hash_one(std::string_view password, const Setting& setting);

}  // namespace durward::crypto::bcrypt
