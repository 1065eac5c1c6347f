#include "crypto/password_hash.h"

#include <gtest/gtest.h>

#include "crypto/bcrypt/lanes.h"

namespace durward::crypto {
namespace {

Result<std::string> bcrypt_hash(std::string_view password, int cost, Random& random) {
  TRY(const auto setting, new_bcrypt_setting(password, cost, random));
  return bcrypt::to_text(setting, bcrypt::hash_one(password, setting));
}
bool bcrypt_verify(std::string_view password, std::string_view hash) {
  const auto setting = bcrypt_setting_to_verify(password, hash);
  return setting && is_bcrypt_digest(hash, bcrypt::hash_one(password, *setting));
}

// Vectors of the reference implementation (crypt_blowfish).
TEST(bcrypt, verifies_the_published_vectors) {
  EXPECT_TRUE(bcrypt_verify("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  EXPECT_TRUE(bcrypt_verify("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"));
  EXPECT_TRUE(bcrypt_verify("\xff\xff\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"));
  EXPECT_TRUE(bcrypt_verify("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"));
}

TEST(bcrypt, a_new_hash_verifies_its_password_only) {
  SeededRandom random(1);
  const std::string hash = bcrypt_hash("correct horse", 4, random).value();
  EXPECT_TRUE(hash.starts_with("$2b$04$"));
  EXPECT_EQ(hash.size(), 60u);
  EXPECT_EQ(bcrypt_cost(hash), 4);
  EXPECT_TRUE(bcrypt_verify("correct horse", hash));
  EXPECT_FALSE(bcrypt_verify("correct horsf", hash));
  EXPECT_FALSE(bcrypt_verify("", hash));
}

TEST(bcrypt, two_hashes_of_one_password_differ) {
  SeededRandom random(2);
  EXPECT_NE(bcrypt_hash("p", 4, random).value(), bcrypt_hash("p", 4, random).value());
}

TEST(bcrypt, a_password_with_a_nul_byte_is_refused_and_never_verifies) {
  SeededRandom random(3);
  const std::string with_nul("secret\0tail", 11);
  EXPECT_EQ(bcrypt_hash(with_nul, 4, random).error().code, "invalid_password");
  const std::string hash = bcrypt_hash("secret", 4, random).value();
  EXPECT_FALSE(bcrypt_verify(with_nul, hash));
}

TEST(bcrypt, costs_outside_4_to_31_are_refused) {
  SeededRandom random(4);
  EXPECT_EQ(bcrypt_hash("p", 3, random).error().code, "invalid_cost");
  EXPECT_EQ(bcrypt_hash("p", 32, random).error().code, "invalid_cost");
}

TEST(bcrypt, malformed_hashes_are_not_bcrypt_and_never_verify) {
  const std::string good = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  EXPECT_TRUE(is_bcrypt(good));
  std::vector<std::string> bad = {"", "$2a$05$", good + "x", good.substr(1), "*0"};
  for (const auto& [at, c] :
       std::vector<std::pair<size_t, char>>{{2, 'c'}, {4, '3'}, {5, 'a'}, {20, ':'}, {59, '*'}}) {
    bad.push_back(good);
    bad.back()[at] = c;
  }
  bad.push_back("$2a$03" + good.substr(6));
  for (const auto& hash : bad) {
    EXPECT_FALSE(is_bcrypt(hash)) << hash;
    EXPECT_FALSE(bcrypt_verify("U*U", hash)) << hash;
    EXPECT_EQ(bcrypt_cost(hash), 0) << hash;
  }
}

}  // namespace
}  // namespace durward::crypto
