#include "crypto/bcrypt/expand.h"

// On x86-64 clang orders the instructions of five lanes for the registers there are when it is told of a wide
// processor; the code runs on any.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("tune=znver3"))), apply_to = function)
#endif
#include "crypto/bcrypt/interleave.h"

namespace durward::crypto::bcrypt {

namespace {

struct ByShifts {
  static size_t second(uint32_t x) { return (x >> 16) & 255; }
  static size_t third(uint32_t x) { return (x >> 8) & 255; }
};

constexpr Engine plain{"C++", cpp_lanes, expand_up_to_five<ByShifts>};

}  // namespace

#if defined(__x86_64__)
#pragma clang attribute pop

extern const Engine by_bit_fields;  // expand_bmi.cc
extern "C" void durward_bcrypt_expand5(State* states);

namespace {

void expand_assembly(State* states, size_t count) {
  if (count == 5) return durward_bcrypt_expand5(states);
  by_bit_fields.expand(states, count);
}
constexpr Engine assembly{"x86-64 assembly", 5, expand_assembly};

}  // namespace

const Engine* assembly_engine() { return __builtin_cpu_supports("bmi") ? &assembly : nullptr; }
const Engine& portable_engine() { return __builtin_cpu_supports("bmi") ? by_bit_fields : plain; }
#else
const Engine* assembly_engine() { return nullptr; }
const Engine& portable_engine() { return plain; }
#endif

Halves encipher(const State& state, Halves block) {
  auto [left, right] = block;
  for (int round = 0; round < rounds; round += 2) {
    left ^= state.words[round];
    right ^= mixed<ByShifts>(state.words + subkeys, left);
    right ^= state.words[round + 1];
    left ^= mixed<ByShifts>(state.words + subkeys, right);
  }
  return {right ^ state.words[17], left ^ state.words[16]};
}

const Engine& plain_engine() { return plain; }

const Engine& best_engine() {
  const Engine* fast = assembly_engine();
  return fast ? *fast : portable_engine();
}

}  // namespace durward::crypto::bcrypt
