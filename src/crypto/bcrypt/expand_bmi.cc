#if defined(__x86_64__)
#include <immintrin.h>

// BMI1 takes a byte out of the middle of a word in one operation; shifting and masking are two.
#pragma clang attribute push(__attribute__((target("bmi,tune=znver3"))), apply_to = function)
#include "crypto/bcrypt/interleave.h"

namespace durward::crypto::bcrypt {

namespace {

struct ByBitFields {
  static size_t second(uint32_t x) { return _bextr_u32(x, 16, 8); }
  static size_t third(uint32_t x) { return _bextr_u32(x, 8, 8); }
};

}  // namespace

extern const Engine by_bit_fields;
constexpr Engine by_bit_fields{"C++ with BMI1", cpp_lanes, expand_up_to_five<ByBitFields>};

}  // namespace durward::crypto::bcrypt
#pragma clang attribute pop
#endif
