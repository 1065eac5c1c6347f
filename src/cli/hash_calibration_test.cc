#include "cli/hash_calibration.h"

#include <gtest/gtest.h>

namespace durward::cli {
namespace {

// Whatever the machine: the figures say the same as each other.
TEST(hash_calibration, highest_parameters_stay_within_the_budget) {
  const auto found = calibrate_hashes(5, {.memory_kib = 256, .passes = 1});
  EXPECT_GT(found.alone_ms, 0);
  EXPECT_GE(found.highest_cost, 4);
  EXPECT_LE(found.all_lanes_ms * double(1u << found.highest_cost) / double(1u << found.cost),
            found.budget_ms);
  EXPECT_GT(found.all_lanes_ms * double(2u << found.highest_cost) / double(1u << found.cost),
            found.budget_ms);
  EXPECT_EQ(found.highest_argon2.passes, 1u);
  EXPECT_EQ(found.highest_argon2.memory_kib % 1024, 0u);
  EXPECT_NE(found.text().find("bcrypt up to cost " + std::to_string(found.highest_cost)), std::string::npos);
  EXPECT_EQ(json::integer_or(found.as_json(), "highest_bcrypt_cost", 0), found.highest_cost);
}

}  // namespace
}  // namespace durward::cli
