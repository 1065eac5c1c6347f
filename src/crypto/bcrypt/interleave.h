#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "crypto/bcrypt/expand.h"

// The expansion in C++, for a file that says how two bytes are taken out of a word and for which processor it
// is compiled. Everything has internal linkage: two such files must not share one instance.
namespace durward::crypto::bcrypt {

namespace {

constexpr int subkeys = 18, rounds = 16;
constexpr size_t cpp_lanes = 5;  // 21 KiB, two thirds of a usual L1

// `Bytes::second` and `third` count from the top and return the index as it is used, so that it is a plain
// displacement of a load.
template <typename Bytes>
inline uint32_t mixed(const uint32_t* s, uint32_t x) {
  return ((s[size_t(x >> 24)] + s[256 + Bytes::second(x)]) ^ s[512 + Bytes::third(x)]) +
         s[768 + size_t(x & 255)];
}

// Round by round through all lanes: while one waits for its loads the others go on.
template <typename Bytes, size_t count>
void expand_interleaved(State* states) {
  uint32_t left[count] = {}, right[count] = {};
  for (int at = 0; at < subkeys + 4 * 256; at += 2) {
#pragma clang loop unroll(full)
    for (int round = 0; round < rounds; round += 2) {
#pragma clang loop unroll(full)
      for (size_t n = 0; n < count; ++n) {
        left[n] ^= states[n].words[round];
        right[n] ^= mixed<Bytes>(states[n].words + subkeys, left[n]);
      }
#pragma clang loop unroll(full)
      for (size_t n = 0; n < count; ++n) {
        right[n] ^= states[n].words[round + 1];
        left[n] ^= mixed<Bytes>(states[n].words + subkeys, right[n]);
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

template <typename Bytes>
void expand_up_to_five(State* states, size_t count) {
  static constexpr std::array by_count = {&expand_interleaved<Bytes, 1>, &expand_interleaved<Bytes, 2>,
                                          &expand_interleaved<Bytes, 3>, &expand_interleaved<Bytes, 4>,
                                          &expand_interleaved<Bytes, cpp_lanes>};
  by_count[count - 1](states);
}

}  // namespace

}  // namespace durward::crypto::bcrypt
