#include "adapters/breached/fuse_filter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ranges>
#include <stdexcept>

namespace durward::adapters {
namespace {

constexpr int seeds_max = 100;
constexpr uint32_t segment_length_max = 1u << 18;

// The finalizer of MurmurHash3: every bit of the key moves every bit of the result.
uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccdu;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
  return x ^ x >> 33;
}

uint64_t hash_of(uint64_t key, uint64_t seed) { return mixed(key + seed); }

uint16_t fingerprint_of(uint64_t hash) { return uint16_t(hash ^ hash >> 32); }

std::array<uint32_t, 3> places_of(const FuseShape& shape, uint64_t hash) {
  const uint64_t starts = uint64_t(shape.segment_count) * shape.segment_length;
  const uint32_t mask = shape.segment_length - 1;
  const auto first = uint32_t(static_cast<unsigned __int128>(hash) * starts >> 64);
  return {first, (first + shape.segment_length) ^ (uint32_t(hash >> 18) & mask),
          (first + 2 * shape.segment_length) ^ (uint32_t(hash) & mask)};
}

// The sizes for which the paper found that nearly every seed works.
FuseShape shape_for(size_t keys) {
  FuseShape out;
  if (keys == 0) return out;
  const double n = std::max<double>(double(keys), 2);
  out.segment_length =
      std::min(1u << int(std::floor(std::log(n) / std::log(3.33) + 2.25)), segment_length_max);
  const double factor = std::max(1.125, 0.875 + 0.25 * std::log(1e6) / std::log(n));
  const auto wanted = uint32_t(std::ceil(n * factor / out.segment_length));
  out.segment_count = std::max(wanted, 3u) - 2;
  return out;
}

// Which keys meet at a slot: how many, and their hashes folded into one, which is the key's own once it is
// alone.
struct Meetings {
  std::vector<uint64_t> folded;
  std::vector<uint16_t> count;

  void toggle(const std::array<uint32_t, 3>& places, uint64_t hash, int by) {
    for (const uint32_t place : places) {
      folded[place] ^= hash;
      count[place] = uint16_t(count[place] + by);
    }
  }
};

struct Alone {
  uint64_t hash;
  uint32_t place;  // the one that nobody who is taken away later needs
};

// Takes away key after key that is alone at some slot. All of them, or the seed does not work.
std::vector<Alone> peel(const FuseShape& shape, std::span<const uint64_t> keys) {
  Meetings meetings{std::vector<uint64_t>(shape.slots()), std::vector<uint16_t>(shape.slots())};
  for (const uint64_t key : keys) {
    const uint64_t hash = hash_of(key, shape.seed);
    meetings.toggle(places_of(shape, hash), hash, 1);
  }
  std::vector<uint32_t> waiting;
  for (uint32_t place = 0; place < shape.slots(); ++place)
    if (meetings.count[place] == 1) waiting.push_back(place);
  std::vector<Alone> order;
  order.reserve(keys.size());
  while (!waiting.empty()) {
    const uint32_t place = waiting.back();
    waiting.pop_back();
    if (meetings.count[place] != 1) continue;
    const uint64_t hash = meetings.folded[place];
    order.push_back({hash, place});
    const auto places = places_of(shape, hash);
    meetings.toggle(places, hash, -1);
    for (const uint32_t other : places)
      if (meetings.count[other] == 1) waiting.push_back(other);
  }
  return order;
}

}  // namespace

bool fuse_contains(const FuseShape& shape, const uint16_t* slots, uint64_t key) {
  if (shape.segment_count == 0) return false;
  const uint64_t hash = hash_of(key, shape.seed);
  const auto [a, b, c] = places_of(shape, hash);
  return fingerprint_of(hash) == (slots[a] ^ slots[b] ^ slots[c]);
}

FuseFilter build_fuse_filter(std::span<const uint64_t> keys) {
  FuseFilter out{shape_for(keys.size()), {}};
  for (int attempt = 0; attempt < seeds_max; ++attempt) {
    out.shape.seed = mixed(uint64_t(attempt) + 1);
    const auto order = peel(out.shape, keys);
    if (order.size() != keys.size()) continue;
    out.slots.assign(out.shape.slots(), 0);
    // Backwards: the slot of each is written after everything its other places hold.
    for (const auto& [hash, place] : std::views::reverse(order)) {
      const auto [a, b, c] = places_of(out.shape, hash);
      out.slots[place] = uint16_t(fingerprint_of(hash) ^ out.slots[a] ^ out.slots[b] ^ out.slots[c]);
    }
    return out;
  }
  throw std::logic_error("a fuse filter needs keys that differ");
}

}  // namespace durward::adapters
