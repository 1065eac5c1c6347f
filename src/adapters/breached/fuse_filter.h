#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace durward::adapters {

// Approximate membership of 64-bit keys: a binary fuse filter (T. M. Graf, D. Lemire, "Binary Fuse Filters",
// ACM JEA 27, 2022) with three places a key and fingerprints of 16 bits. Who is in is always found; a
// stranger is taken for one with a probability of 2^-16. About 18 bits a key for large sets.

// Where the three places of a key are. A shape without segments holds nothing.
struct FuseShape {
  uint64_t seed = 0;
  uint32_t segment_length = 0;  // a power of two
  uint32_t segment_count = 0;   // at which a key may begin; its other places are in the next two

  uint64_t slots() const { return segment_count ? (uint64_t(segment_count) + 2) * segment_length : 0; }
};

inline constexpr double fuse_false_positive_rate = 1.0 / 65536;

// Three reads of `slots`, which has shape.slots() items.
bool fuse_contains(const FuseShape& shape, const uint16_t* slots, uint64_t key);

struct FuseFilter {
  FuseShape shape;
  std::vector<uint16_t> slots;
  bool contains(uint64_t key) const { return fuse_contains(shape, slots.data(), key); }
};

// Keys must differ from each other. The same keys give the same filter. Takes about 26 bytes a key meanwhile.
// Throws std::logic_error when no seed of many works, which happens with repeated keys only.
FuseFilter build_fuse_filter(std::span<const uint64_t> keys);

}  // namespace durward::adapters
