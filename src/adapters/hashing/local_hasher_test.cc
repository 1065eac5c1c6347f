#include "adapters/hashing/local_hasher.h"

#include <gtest/gtest.h>

#include "crypto/password_hash.h"

namespace durward::adapters {
namespace {

class LocalHasherTest : public testing::Test {
 protected:
  static Result<bool> verify(LocalHasher& hasher, std::string password, std::string hash) {
    return run_sync(hasher.verify({}, std::move(password), std::move(hash)));
  }
  SeededRandom random{1};
  LocalHasher hasher{{.cost = 4}, random};
};

TEST_F(LocalHasherTest, a_password_verifies_against_its_hash_only) {
  const auto hash = run_sync(hasher.hash({}, "correct horse")).value();
  EXPECT_TRUE(hash.starts_with("$2b$04$"));
  EXPECT_EQ(verify(hasher, "correct horse", hash), true);
  EXPECT_EQ(verify(hasher, "Correct horse", hash), false);
  EXPECT_EQ(verify(hasher, "correct horse", ""), false);
}

TEST_F(LocalHasherTest, the_dummy_hash_is_a_real_one_that_nothing_opens) {
  const auto dummy = hasher.dummy_hash();
  // Only text that is no bcrypt hash, or of another cost, would be cheaper to verify than a user's.
  EXPECT_TRUE(crypto::is_bcrypt(dummy));
  EXPECT_EQ(crypto::bcrypt_cost(dummy), 4);
  EXPECT_NE(dummy, LocalHasher({.cost = 4}, random).dummy_hash());
  EXPECT_EQ(dummy, hasher.dummy_hash());
  EXPECT_EQ(verify(hasher, "", dummy), false);
}

TEST_F(LocalHasherTest, another_cost_or_algorithm_is_due_for_a_new_hash) {
  LocalHasher stronger({.cost = 5}, random);
  const auto hash = run_sync(hasher.hash({}, "p")).value();
  EXPECT_FALSE(hasher.needs_rehash(domain::PasswordScheme::bcrypt, hash));
  EXPECT_TRUE(stronger.needs_rehash(domain::PasswordScheme::bcrypt, hash));
  EXPECT_TRUE(hasher.needs_rehash(domain::PasswordScheme::bcrypt, "$argon2id$..."));
}

TEST_F(LocalHasherTest, a_full_queue_is_unavailable) {
  LocalHasher full({.cost = 4, .threads = 1, .queue_max = 0}, random);
  EXPECT_EQ(run_sync(full.hash({}, "p")).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(verify(full, "p", hasher.dummy_hash()).error().kind, ErrorKind::unavailable);
}

TEST_F(LocalHasherTest, a_password_with_a_nul_byte_is_refused) {
  EXPECT_EQ(run_sync(hasher.hash({}, std::string("a\0b", 3))).error().kind, ErrorKind::invalid);
}

TEST_F(LocalHasherTest, hashes_of_the_benchmark_verify_nowhere_else) {
  LocalHasher bench({.insecure_fast_hash_for_benchmarks = true}, random);
  const auto hash = run_sync(bench.hash({}, "p")).value();
  EXPECT_TRUE(hash.starts_with("$durward-bench$"));
  EXPECT_EQ(verify(bench, "p", hash), true);
  EXPECT_EQ(verify(bench, "q", hash), false);
  EXPECT_EQ(verify(hasher, "p", hash), false);
  EXPECT_TRUE(hasher.needs_rehash(domain::PasswordScheme::bcrypt, hash));
}

}  // namespace
}  // namespace durward::adapters
