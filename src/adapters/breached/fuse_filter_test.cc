#include "adapters/breached/fuse_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <stdexcept>

namespace durward::adapters {
namespace {

std::vector<uint64_t> distinct_keys(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> out(count);
  for (auto& key : out) key = random();
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

TEST(FuseFilter, finds_every_key_of_sets_of_every_size) {
  for (const size_t size : {1u, 2u, 3u, 4u, 5u, 7u, 10u, 33u, 100u, 999u, 1000u, 12345u, 200000u}) {
    const auto keys = distinct_keys(size, size);
    const auto filter = build_fuse_filter(keys);
    for (const uint64_t key : keys) ASSERT_TRUE(filter.contains(key)) << size;
  }
}

TEST(FuseFilter, of_nothing_holds_nothing) {
  const auto filter = build_fuse_filter({});
  EXPECT_TRUE(filter.slots.empty());
  EXPECT_FALSE(filter.contains(0));
  EXPECT_FALSE(filter.contains(42));
}

// 2^-16 of two million is 30.5, standard deviation 5.5: seven of them are far.
TEST(FuseFilter, takes_one_stranger_in_65536_for_a_key) {
  const auto filter = build_fuse_filter(distinct_keys(300000, 1));
  std::mt19937_64 random(2);
  int taken = 0;
  for (int i = 0; i < 2000000; ++i) taken += filter.contains(random());
  RecordProperty("false_positives_of_two_million", taken);
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, 70);
}

TEST(FuseFilter, needs_about_18_bits_a_key_of_a_large_set) {
  const auto filter = build_fuse_filter(distinct_keys(1000000, 3));
  EXPECT_LT(double(filter.slots.size()) * 16 / 1e6, 18.6);
}

TEST(FuseFilter, is_the_same_for_the_same_keys) {
  const auto keys = distinct_keys(5000, 4);
  EXPECT_EQ(build_fuse_filter(keys).slots, build_fuse_filter(keys).slots);
}

TEST(FuseFilter, refuses_repeated_keys) {
  const std::vector<uint64_t> keys(10, 7);
  EXPECT_THROW(build_fuse_filter(keys), std::logic_error);
}

}  // namespace
}  // namespace durward::adapters
