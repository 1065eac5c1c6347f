#pragma once
#include <crypt.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "crypto/bcrypt/lanes.h"

// Hashes that join and leave the lanes of an engine in any order, each compared with what libxcrypt says.
namespace durward::fuzz {

using namespace crypto::bcrypt;

struct Case {
  std::string password;
  Setting setting;
};

class Comparison {
 public:
  // `draw(n)` is a number below n, from wherever the caller has it.
  using Draw = std::function<uint32_t(uint32_t)>;
  Comparison(const Engine& engine, Draw draw) : engine_(engine), draw_(std::move(draw)), lanes_(engine) {}

  // Runs until `cases` hashes were compared; ends the process at the first that differs.
  void run(size_t cases) {
    std::vector<Case> begun;
    for (size_t compared = 0; compared < cases;) {
      while (begun.size() < cases && !lanes_.is_full() && (lanes_.busy() == 0 || draw_(3) != 0)) {
        begun.push_back(draw_case());
        lanes_.start(begun.size() - 1, begun.back().password, begun.back().setting);
      }
      for (const auto& done : lanes_.step()) {
        compare(begun[done.ticket], done.digest);
        begun[done.ticket].password.clear();
        ++compared;
      }
    }
  }

 private:
  // All lengths from 0 to 100, so beyond the limit of 72 too; text, bytes beyond ASCII, and now and then a NUL.
  Case draw_case() {
    Case c;
    const uint32_t length = draw_(101), kind = draw_(4);
    for (uint32_t i = 0; i < length; ++i)
      c.password += char(kind == 0 ? 32 + draw_(95) : kind == 1 ? 128 + draw_(128) : kind == 2 ? 255 : 1 + draw_(255));
    if (length > 0 && draw_(16) == 0) c.password[draw_(length)] = char(0);
    c.setting.variant = Variant("abxy"[draw_(4)]);
    c.setting.cost = 4 + (draw_(64) == 0);
    for (auto& word : c.setting.salt) word = draw_(1 << 16) << 16 | draw_(1 << 16);
    return c;
  }

  void compare(const Case& c, const Digest& digest) {
    const std::string setting = to_text(c.setting), ours = to_text(c.setting, digest);
    const char* theirs = crypt_rn(c.password.c_str(), setting.c_str(), data_.get(), sizeof *data_);
    if (theirs && ours == theirs) return;
    std::fprintf(stderr, "%s: %s here, %s in libxcrypt, of the password ", engine_.name, ours.c_str(), theirs ? theirs : "refused");
    for (const unsigned char byte : c.password) std::fprintf(stderr, "%02x", byte);
    std::fprintf(stderr, "\n");
    std::abort();
  }

  const Engine& engine_;
  const Draw draw_;
  Lanes lanes_;
  const std::unique_ptr<crypt_data> data_ = std::make_unique<crypt_data>();
};

inline std::vector<const Engine*> engines() {
  std::vector<const Engine*> out{&plain_engine()};
  if (&portable_engine() != &plain_engine()) out.push_back(&portable_engine());
  for (const Engine* engine : assembly_engines()) out.push_back(engine);
  return out;
}

}  // namespace durward::fuzz
