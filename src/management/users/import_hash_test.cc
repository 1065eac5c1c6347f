#include "management/users/import_hash.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "crypto/bcrypt/lanes.h"
#include "crypto/password_hash.h"
#include "crypto/passwords/schemes.h"
#include "management/users/import_export.h"

namespace durward::management::users {
namespace {

namespace passwords = crypto::passwords;

// Every algorithm with its salts and encodings, of Python's hashlib, libxcrypt, libargon2 and the openssl
// program; the password of all is this. tests/e2e signs in with the same file.
constexpr std::string_view password = "Grüße, Welt";

const json::Array& imported_hashes() {
  static const json::Array all = [] {
    const auto path =
        std::filesystem::path(__FILE__).parent_path() / "../../../tests/e2e/imported-hashes.json";
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return json::parse(text.str()).value().get_array();
  }();
  return all;
}

bool opens_bcrypt(std::string_view with, std::string_view hash) {
  const auto setting = crypto::bcrypt_setting_to_verify(with, hash);
  return setting && crypto::is_bcrypt_digest(hash, crypto::bcrypt::hash_one(with, *setting));
}

// As a hasher does.
bool opens(std::string_view with, const std::string& hash) {
  if (crypto::is_bcrypt(hash)) return opens_bcrypt(with, hash);
  const auto stored = passwords::parse_stored_hash(hash);
  if (!stored) return false;
  if (const auto bcrypt = passwords::as_bcrypt(*stored, with))
    return opens_bcrypt(bcrypt->password, bcrypt->hash);
  return passwords::verify(*stored, with);
}

Result<std::string> imported(json::Object custom) {
  json::Object source{{"email", "a@example.com"}, {"custom_password_hash", std::move(custom)}};
  TRY(auto import, parse_import_user(source, false));
  return import.user.password_hash;
}
Result<std::string> imported(std::string_view text) { return imported(json::parse_object(text).value()); }

TEST(imported_hashes, of_every_algorithm_salt_and_encoding_open_with_their_password) {
  ASSERT_GT(imported_hashes().size(), 50u);
  for (const auto& each : imported_hashes()) {
    json::Object custom = each.get_object();
    const std::string name = json::string_or(custom, "name");
    custom.erase("name");
    const auto hash = imported(custom);
    ASSERT_TRUE(hash) << name << ": " << hash.error().message;
    EXPECT_TRUE(opens(password, *hash)) << name << " " << *hash;
    EXPECT_FALSE(opens("Grüße, Welt!", *hash)) << name;
  }
}

TEST(imported_hashes, of_plain_bcrypt_are_kept_as_they_are) {
  const std::string bcrypt = "$2b$10$C6UzMDM.H6dfI/f/IKcEeO7ZbqHfRkW1R5c1hZ2yC3kZ8s1mZ3nqG";
  EXPECT_EQ(imported({{"algorithm", "bcrypt"}, {"hash", {{"value", bcrypt}}}}), bcrypt);
}

TEST(imported_hashes, that_do_not_fit_are_refused_with_the_member_and_without_the_hash) {
  struct Refused {
    const char *custom, *code, *member;
  };
  const Refused cases[] = {
      {R"({"hash":{"value":"x"}})", "FORMAT", "algorithm"},
      {R"({"algorithm":"rot13","hash":{"value":"x"}})", "FORMAT", "algorithm"},
      {R"({"algorithm":"md5"})", "FORMAT", "hash"},
      {R"({"algorithm":"md5","hash":{"value":"5d41402abc4b2a76b9719d911017c592"}})", "ENUM_MISMATCH",
       "hash.encoding"},
      {R"({"algorithm":"md5","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"utf8"}})",
       "ENUM_MISMATCH", "hash.encoding"},
      {R"({"algorithm":"md5","hash":{"value":"5d4140zz","encoding":"hex"}})", "PATTERN", "hash.value"},
      {R"({"algorithm":"md5","hash":{"value":"5d4140","encoding":"hex"}})", "PATTERN", "hash"},
      {R"({"algorithm":"md5","hash":{"value":"?","encoding":"base64"}})", "PATTERN", "hash.value"},
      {R"({"algorithm":"md5","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"salt":{}})",
       "FORMAT", "salt"},
      {R"({"algorithm":"md5","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"salt":{"value":"z","encoding":"hex"}})",
       "PATTERN", "salt.value"},
      {R"({"algorithm":"md5","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"salt":{"value":"z","position":"middle"}})",
       "FORMAT", "salt.position"},
      {R"({"algorithm":"md5","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"password":{"encoding":"ebcdic"}})",
       "FORMAT", "password.encoding"},
      {R"({"algorithm":"hmac","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex","digest":"md5"}})",
       "OBJECT_REQUIRED", "hash.key"},
      {R"({"algorithm":"hmac","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex","digest":"crc32","key":{"value":"k"}}})",
       "ENUM_MISMATCH", "hash.digest"},
      {R"({"algorithm":"hmac","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex","key":{"value":"k"}}})",
       "ENUM_MISMATCH", "hash.digest"},
      {R"({"algorithm":"hmac","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex","digest":"md5","key":{"value":"k","encoding":"hex"}}})",
       "PATTERN", "hash.key.value"},
      {R"({"algorithm":"argon2","hash":{"value":"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ"}})", "PATTERN",
       "hash.value"},
      {R"({"algorithm":"argon2","hash":{"value":"$md5$$kAFQmDzST7DWlj99KOF/cg"}})", "PATTERN", "hash.value"},
      {R"({"algorithm":"argon2","hash":{"value":"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$YWFhYWFhYWFhYWFhYWFhYQ"},"salt":{"value":"s"}})",
       "NOT_PASSED", "salt"},
      {R"({"algorithm":"argon2","hash":{"value":"$argon2id$v=19$m=9999999,t=1,p=1$c2FsdHNhbHQ$YWFhYWFhYWFhYWFhYWFhYQ"}})",
       "MAXIMUM", "hash"},
      {R"({"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-sha256$i=1,l=3$c2FsdA$AAAA","encoding":"hex"}})",
       "ENUM_MISMATCH", "hash.encoding"},
      {R"({"algorithm":"pbkdf2","hash":{"value":"pbkdf2"}})", "PATTERN", "hash.value"},
      {R"({"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-crc32$i=1,l=3$c2FsdA$AAAA"}})", "ENUM_MISMATCH",
       "hash.value"},
      {R"({"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-sha256$i=99999999,l=3$c2FsdA$AAAA"}})", "MAXIMUM",
       "hash"},
      {R"({"algorithm":"scrypt","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"keylen":16})",
       "OBJECT_REQUIRED", "salt"},
      {R"({"algorithm":"scrypt","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"salt":{"value":"s"}})",
       "PATTERN", "keylen"},
      {R"({"algorithm":"scrypt","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"salt":{"value":"s","position":"suffix"},"keylen":16})",
       "ENUM_MISMATCH", "salt.position"},
      {R"({"algorithm":"scrypt","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"salt":{"value":"s"},"keylen":16,"cost":1000})",
       "PATTERN", "hash"},
      {R"({"algorithm":"scrypt","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"salt":{"value":"s"},"keylen":16,"cost":4194304})",
       "MAXIMUM", "hash"},
      {R"({"algorithm":"scrypt","hash":{"value":"5d41402abc4b2a76b9719d911017c592","encoding":"hex"},"salt":{"value":"s"},"firebase":{"signer_key":"?"}})",
       "PATTERN", "firebase"},
      {R"({"algorithm":"ldap","hash":{"value":"5d41402abc4b2a76b9719d911017c592"}})", "PATTERN",
       "hash.value"},
      {R"({"algorithm":"ldap","hash":{"value":"{CRYPT}$1$abc"}})", "ENUM_MISMATCH", "hash.value"},
      {R"({"algorithm":"ldap","hash":{"value":"{SSHA}AAAA"}})", "PATTERN", "hash.value"},
      {R"({"algorithm":"ldap","hash":{"value":"{SSHA}qvTGHdzF6KLavt4PO0gs2a6pQ00="}})", "PATTERN",
       "hash.value"},
      {R"({"algorithm":"ldap","hash":{"value":"{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ01hYg=="}})", "PATTERN",
       "hash.value"},
      {R"({"algorithm":"bcrypt","hash":{"value":"$2b$10$"}})", "PATTERN", "hash"},
      {R"({"algorithm":"bcrypt","hash":{"value":"$2b$15$C6UzMDM.H6dfI/f/IKcEeO7ZbqHfRkW1R5c1hZ2yC3kZ8s1mZ3nqG"}})",
       "MAXIMUM", "hash"},
      {R"({"algorithm":"bcrypt","hash":{"value":"$2b$10$C6UzMDM.H6dfI/f/IKcEeO7ZbqHfRkW1R5c1hZ2yC3kZ8s1mZ3nqG"},"password":{"encoding":"ucs2"}})",
       "NOT_PASSED", "hash"},
  };
  for (const auto& [custom, code, member] : cases) {
    const auto hash = imported(custom);
    ASSERT_FALSE(hash) << custom;
    EXPECT_EQ(hash.error().code, code) << custom << ": " << hash.error().message;
    EXPECT_NE(hash.error().message.find("custom_password_hash."), std::string::npos) << hash.error().message;
    EXPECT_NE(hash.error().message.find(member), std::string::npos) << hash.error().message;
    EXPECT_EQ(hash.error().message.find("5d4140"), std::string::npos) << hash.error().message;
  }
}

}  // namespace
}  // namespace durward::management::users
