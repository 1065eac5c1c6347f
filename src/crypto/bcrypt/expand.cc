#include "crypto/bcrypt/expand.h"

#include <array>

namespace durward::crypto::bcrypt {

namespace {

constexpr int subkeys = 18, rounds = 16;

inline uint32_t mixed(const uint32_t* s, uint32_t x) {
  return ((s[x >> 24] + s[256 + ((x >> 16) & 255)]) ^ s[512 + ((x >> 8) & 255)]) + s[768 + (x & 255)];
}

// Round by round through all lanes: while one waits for its loads the others go on.
template <size_t count>
void expand_portable(State* states) {
  uint32_t left[count] = {}, right[count] = {};
  for (int at = 0; at < subkeys + 4 * 256; at += 2) {
#pragma clang loop unroll(full)
    for (int round = 0; round < rounds; round += 2) {
#pragma clang loop unroll(full)
      for (size_t n = 0; n < count; ++n) {
        left[n] ^= states[n].words[round];
        right[n] ^= mixed(states[n].words + subkeys, left[n]);
      }
#pragma clang loop unroll(full)
      for (size_t n = 0; n < count; ++n) {
        right[n] ^= states[n].words[round + 1];
        left[n] ^= mixed(states[n].words + subkeys, right[n]);
      }
    }
#pragma clang loop unroll(full)
    for (size_t n = 0; n < count; ++n) {
      auto& words = states[n].words;
      const uint32_t swapped = right[n] ^ words[17];
      right[n] = words[at + 1] = left[n] ^ words[16];
      left[n] = words[at] = swapped;
    }
  }
}

void expand_any(State* states, size_t count) {
  static constexpr std::array by_count = {&expand_portable<1>, &expand_portable<2>, &expand_portable<3>,
                                          &expand_portable<4>};
  by_count[count - 1](states);
}

constexpr Engine portable{"portable", 4, expand_any};

#if defined(__x86_64__)
extern "C" void durward_bcrypt_expand5(State* states);

void expand_assembly(State* states, size_t count) {
  if (count == 5) return durward_bcrypt_expand5(states);
  expand_any(states, count);
}
constexpr Engine assembly{"x86-64 assembly", 5, expand_assembly};
#endif

}  // namespace

Halves encipher(const State& state, Halves block) {
  auto [left, right] = block;
  for (int round = 0; round < rounds; round += 2) {
    left ^= state.words[round];
    right ^= mixed(state.words + subkeys, left);
    right ^= state.words[round + 1];
    left ^= mixed(state.words + subkeys, right);
  }
  return {right ^ state.words[17], left ^ state.words[16]};
}

const Engine& portable_engine() { return portable; }

const Engine* assembly_engine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("bmi")) return &assembly;
#endif
  return nullptr;
}

const Engine& best_engine() {
  const Engine* fast = assembly_engine();
  return fast ? *fast : portable;
}

}  // namespace durward::crypto::bcrypt
