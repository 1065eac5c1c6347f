#include "adapters/hashing/local_hasher.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/password_hash.h"

namespace durward::adapters {
namespace {

class LocalHasherTest : public testing::Test {
 protected:
  static Result<bool> verify(LocalHasher& hasher, std::string password, std::string hash) {
    return run_sync(hasher.verify({}, std::move(password), std::move(hash)));
  }
  static Result<bool> verify_as(LocalHasher& hasher, domain::PasswordScheme scheme, std::string password,
                                std::string hash) {
    return run_sync(hasher.verify({.tenant = {}, .scheme = scheme}, std::move(password), std::move(hash)));
  }
  static constexpr auto argon2id = domain::PasswordScheme::argon2id;
  SeededRandom random{1};
  LocalHasher hasher{{.cost = 4, .argon2 = {.memory_kib = 64, .passes = 1}}, random};
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
  EXPECT_TRUE(hasher.needs_rehash(argon2id, hash));
}

TEST_F(LocalHasherTest, a_tenant_of_argon2id_gets_hashes_of_it) {
  const auto hash = run_sync(hasher.hash({.tenant = {}, .scheme = argon2id}, "correct horse")).value();
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
  EXPECT_EQ(verify_as(hasher, argon2id, "correct horse", hash), true);
  EXPECT_EQ(verify_as(hasher, argon2id, "Correct horse", hash), false);
  EXPECT_FALSE(hasher.needs_rehash(argon2id, hash));
  EXPECT_TRUE(hasher.needs_rehash(domain::PasswordScheme::bcrypt, hash));
  const LocalHasher stronger({.cost = 4, .argon2 = {.memory_kib = 64, .passes = 2}}, random);
  EXPECT_TRUE(stronger.needs_rehash(argon2id, hash));
  // Verified wherever its owner stands now.
  EXPECT_EQ(verify(hasher, "correct horse", hash), true);
}

// Time tells nobody whether a user exists: the hash of nobody costs what the tenant's own hashes do.
TEST_F(LocalHasherTest, the_dummy_of_an_argon2id_tenant_is_verified_by_argon2id) {
  metrics::Registry registry;
  LocalHasher one({.cost = 4, .argon2 = {.memory_kib = 64, .passes = 1}}, random, &registry);
  const auto slowly = [&] { return registry.text().contains("durward_hash_slow_seconds_count 1"); };
  EXPECT_EQ(verify_as(one, domain::PasswordScheme::bcrypt, "p", one.dummy_hash()), false);
  EXPECT_FALSE(slowly());
  // As it comes from a process that asks this one.
  EXPECT_EQ(verify_as(one, argon2id, "p", hasher.dummy_hash()), false);
  EXPECT_TRUE(slowly());
}

TEST_F(LocalHasherTest, a_slow_hash_whose_turn_comes_too_late_is_not_computed) {
  const auto late =
      run_sync(hasher.hash({.tenant = {}, .scheme = argon2id, .within = Milliseconds(-1)}, "p"));
  EXPECT_EQ(late.error().kind, ErrorKind::unavailable);
  EXPECT_GE(late.error().retry_after, 1);
}

TEST_F(LocalHasherTest, hashes_of_other_programs_verify) {
  const std::string digest = to_base64url(crypto::sha256("saltp"));
  EXPECT_EQ(verify(hasher, "p", "$sha256$c2FsdA$" + digest), true);
  EXPECT_EQ(verify(hasher, "q", "$sha256$c2FsdA$" + digest), false);
  EXPECT_EQ(verify(hasher, "p", "$sha3$c2FsdA$" + digest), false);
  const auto inner = run_sync(hasher.hash({}, "saltp")).value();
  EXPECT_EQ(verify(hasher, "p", "$bcrypt$c2FsdA$" + to_base64url(inner)), true);
  EXPECT_EQ(verify(hasher, "q", "$bcrypt$c2FsdA$" + to_base64url(inner)), false);
}

TEST_F(LocalHasherTest, a_full_queue_is_unavailable) {
  LocalHasher full({.cost = 4, .threads = 1, .queue_max = 0}, random);
  EXPECT_EQ(run_sync(full.hash({}, "p")).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(verify(full, "p", hasher.dummy_hash()).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(run_sync(full.hash({.tenant = {}, .scheme = argon2id}, "p")).error().kind,
            ErrorKind::unavailable);
}

TEST_F(LocalHasherTest, a_password_with_a_nul_byte_is_refused) {
  const std::string password("a\0b", 3);
  EXPECT_EQ(run_sync(hasher.hash({}, password)).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run_sync(hasher.hash({.tenant = {}, .scheme = argon2id}, password)).error().kind,
            ErrorKind::invalid);
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
