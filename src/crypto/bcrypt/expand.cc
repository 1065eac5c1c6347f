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
extern "C" void durward_bcrypt_expand6(State* states);

namespace {

void expand_five(State* states, size_t count) {
  if (count == 5) return durward_bcrypt_expand5(states);
  by_bit_fields.expand(states, count);
}
void expand_six(State* states, size_t count) {
  if (count == 6) return durward_bcrypt_expand6(states);
  expand_five(states, count);
}
constexpr Engine five{"x86-64 assembly, five lanes", 5, expand_five};
constexpr Engine six{"x86-64 assembly, six lanes", 6, expand_six};

// Measured: on Golden Cove six lanes give a tenth more than five. Zen takes a byte out of a word in one
// operation and is full with five.
constexpr const Engine* of_intel[] = {&six, &five};
constexpr const Engine* of_others[] = {&five, &six};

}  // namespace

std::span<const Engine* const> assembly_engines() {
  if (!__builtin_cpu_supports("bmi")) return {};
  if (!__builtin_cpu_supports("bmi2")) return std::span(of_others).first(1);
  return __builtin_cpu_is("intel") ? std::span(of_intel) : std::span(of_others);
}
const Engine& portable_engine() { return __builtin_cpu_supports("bmi") ? by_bit_fields : plain; }
#else
std::span<const Engine* const> assembly_engines() { return {}; }
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
  const auto assembly = assembly_engines();
  return assembly.empty() ? portable_engine() : *assembly.front();
}

}  // namespace durward::crypto::bcrypt
