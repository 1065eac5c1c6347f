#include "crypto/passwords/schemes.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/passwords/digests.h"
#include "crypto/passwords/recode.h"

namespace durward::crypto::passwords {
namespace {

StoredHash stored(std::string scheme, std::vector<std::pair<std::string, std::string>> parameters,
                  std::string salt, std::string_view hash_hex) {
  return {std::move(scheme), std::move(parameters), std::move(salt), from_hex(hash_hex).value()};
}

struct Vector {
  std::string name, password;
  StoredHash hash;
};

// Published ones where there are any, else of Python's hashlib.
const Vector vectors[] = {
    // RFC 1320, RFC 1321, FIPS 180
    {"md4", "abc", stored("md4", {}, "", "a448017aaf21d8525fc10ae87aa6729d")},
    {"md5_prefix", "bc", stored("md5", {}, "a", "900150983cd24fb0d6963f7d28e17f72")},
    {"sha1_suffix", "ab",
     stored("sha1", {{"pos", "suffix"}}, "c", "a9993e364706816aba3e25717850c26c9cd0d89d")},
    {"sha256", "abc",
     stored("sha256", {}, "", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")},
    {"sha512", "abc",
     stored("sha512", {}, "",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")},
    // Windows' own: MD4 of UTF-16
    {"ntlm", "password", stored("md4", {{"enc", "utf16le"}}, "", "8846f7eaee8fb117ad06bdd830b7586c")},
    // RFC 2202 §2, RFC 4231 §4.3, RFC 2286 §2
    {"hmac_md5", "what do ya want for nothing?",
     stored("hmac-md5", {{"k", "SmVmZQ"}}, "", "750c783e6ab0b503eaa86e310a5db738")},
    {"hmac_sha256", "for nothing?",
     stored("hmac-sha256", {{"k", "SmVmZQ"}}, "what do ya want ",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")},
    {"hmac_ripemd160", "what do ya want for nothing?",
     stored("hmac-ripemd160", {{"k", "SmVmZQ"}}, "", "dda6c0213a485a9e24f4742064a7f033b43c4069")},
    // RFC 6070, RFC 7914 §11
    {"pbkdf2_sha1", "password",
     stored("pbkdf2-sha1", {{"i", "4096"}, {"l", "20"}}, "salt", "4b007901b765489abead49d926f721d065a429c1")},
    {"pbkdf2_sha256", "Password",
     stored("pbkdf2-sha256", {{"i", "80000"}, {"l", "64"}}, "NaCl",
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
            "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d")},
    // RFC 7914 §12
    {"scrypt", "pleaseletmein",
     stored("scrypt", {{"n", "16384"}, {"r", "8"}, {"p", "1"}}, "SodiumChloride",
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")},
    // The example that Firebase publishes
    {"firebase",
     "user1password",
     {"firebase-scrypt",
      {{"mem", "14"},
       {"rounds", "8"},
       {"sep", "Bw"},
       {"k", "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA"}},
      from_any_base64("42xEC+ixf3L2lw==").value(),
      from_any_base64(
          "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==")
          .value()}},
    // The reference implementation's own tests
    {"argon2i_1_0", "password",
     stored("argon2i", {{"m", "65536"}, {"t", "2"}, {"p", "1"}}, "somesalt",
            "f6c4db4a54e2a370627aff3db6176b94a2a209a62c8e36152711802f7b30c694")},
    {"argon2i", "password",
     stored("argon2i", {{"v", "19"}, {"m", "65536"}, {"t", "2"}, {"p", "1"}}, "somesalt",
            "c1628832147d9720c5bd1cfd61367078729f6dfb6f8fea9ff98158e0d7816ed0")},
    {"argon2id", "password",
     stored("argon2id", {{"v", "19"}, {"m", "65536"}, {"t", "2"}, {"p", "1"}}, "somesalt",
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7")},
    {"argon2d", "password",
     stored("argon2d", {{"v", "19"}, {"m", "65536"}, {"t", "2"}, {"p", "1"}}, "somesalt",
            "955e5d5b163a1b60bba35fc36d0496474fba4f6b59ad53628666f07fb2f93eaf")},
};

class SchemeTest : public testing::TestWithParam<Vector> {};

TEST_P(SchemeTest, verifies_the_password_of_a_published_vector_and_no_other) {
  const Vector& vector = GetParam();
  const auto checked = check(vector.hash);
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_TRUE(verify(vector.hash, vector.password));
  EXPECT_FALSE(verify(vector.hash, vector.password + "x"));
  const auto again = parse_stored_hash(to_text(vector.hash));
  ASSERT_TRUE(again) << to_text(vector.hash);
  EXPECT_TRUE(verify(*again, vector.password));
}
INSTANTIATE_TEST_SUITE_P(Vectors, SchemeTest, testing::ValuesIn(vectors),
                         [](const auto& each) { return each.param.name; });

std::string refusal(const StoredHash& hash) {
  const auto checked = check(hash);
  return checked ? "" : checked.error().code;
}

// Reference implementations write this very text.
TEST(stored_hashes, are_read_in_the_phc_form_of_others) {
  const auto argon2 = parse_stored_hash(
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
  ASSERT_TRUE(argon2);
  EXPECT_TRUE(verify(*argon2, "password"));
  EXPECT_EQ(to_text(*argon2),
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
  for (const char* bad :
       {"", "$", "$$$", "$md5$salt", "$md5$=1$$AAAA", "$md5$a$$AAAA", "$md5$a=1,a=2$$AAAA", "$md5$a b$c",
        "$MD5$$AAAA", "$md5$$", "md5$$AAAA", "$md5$!!!$AAAA", "$2b$10$", "$a$b=1$c=2$d=3$e$f"})
    EXPECT_FALSE(parse_stored_hash(bad)) << bad;
  EXPECT_FALSE(parse_stored_hash("$md5$$" + std::string(5000, 'A')));
}

TEST(stored_hashes, of_unknown_schemes_and_with_foreign_parts_are_refused) {
  const std::string md5(16, 'x'), sha256(32, 'x');
  EXPECT_EQ(refusal({"sha3", {}, "", sha256}), "ENUM_MISMATCH");
  EXPECT_EQ(refusal({"hmac-none", {{"k", "AAAA"}}, "", sha256}), "ENUM_MISMATCH");
  EXPECT_EQ(refusal({"pbkdf2-shake128", {}, "", sha256}), "ENUM_MISMATCH");
  EXPECT_EQ(refusal({"md5", {}, "", sha256}), "PATTERN");
  EXPECT_EQ(refusal({"md5", {{"n", "1"}}, "", md5}), "PATTERN");
  EXPECT_EQ(refusal({"md5", {{"pos", "middle"}}, "", md5}), "PATTERN");
  EXPECT_EQ(refusal({"md5", {{"enc", "ebcdic"}}, "", md5}), "PATTERN");
  EXPECT_EQ(refusal({"md5", {}, std::string(2000, 's'), md5}), "MAXIMUM");
  EXPECT_EQ(refusal({"hmac-md5", {}, "", md5}), "PATTERN");
  EXPECT_EQ(refusal({"pbkdf2-md5", {{"l", "15"}}, "", md5}), "PATTERN");
  EXPECT_EQ(refusal({"pbkdf2-md5", {{"i", "0"}, {"l", "16"}}, "", md5}), "PATTERN");
  EXPECT_EQ(refusal({"scrypt", {{"n", "1000"}}, "", sha256}), "PATTERN");
  EXPECT_EQ(refusal({"scrypt", {{"r", "0"}}, "", sha256}), "PATTERN");
  EXPECT_EQ(refusal({"argon2id", {{"m", "64"}, {"t", "1"}, {"p", "1"}}, "salt", sha256}), "PATTERN");
  EXPECT_EQ(refusal({"argon2id", {{"v", "18"}, {"m", "64"}, {"t", "1"}, {"p", "1"}}, "saltsalt", sha256}),
            "PATTERN");
  EXPECT_EQ(refusal({"argon2id", {{"m", "64"}, {"t", "1"}, {"p", "9"}}, "saltsalt", sha256}), "PATTERN");
  EXPECT_EQ(refusal({"bcrypt", {}, "salt", "$2b$"}), "PATTERN");
  EXPECT_EQ(refusal({"firebase-scrypt", {{"k", "AAAA"}}, "", md5}), "PATTERN");
  EXPECT_FALSE(verify({"sha3", {}, "", sha256}, "p"));
}

TEST(stored_hashes, that_would_cost_minutes_or_all_memory_are_refused) {
  const std::string hash(32, 'x');
  EXPECT_EQ(refusal({"argon2id", {{"m", "524288"}, {"t", "1"}, {"p", "1"}}, "saltsalt", hash}), "MAXIMUM");
  EXPECT_EQ(refusal({"argon2id", {{"m", "65536"}, {"t", "4294967295"}, {"p", "1"}}, "saltsalt", hash}),
            "MAXIMUM");
  EXPECT_EQ(refusal({"pbkdf2-sha256", {{"i", "4294967295"}, {"l", "32"}}, "salt", hash}), "MAXIMUM");
  EXPECT_EQ(refusal({"scrypt", {{"n", "1048576"}, {"r", "8"}}, "salt", hash}), "MAXIMUM");
  EXPECT_EQ(refusal({"scrypt", {{"n", "4294967296"}}, "salt", hash}), "MAXIMUM");
  EXPECT_EQ(refusal({"scrypt", {{"n", "131072"}, {"r", "8"}, {"p", "100"}}, "salt", hash}), "MAXIMUM");
  EXPECT_EQ(refusal({"firebase-scrypt", {{"k", to_base64url(hash)}, {"mem", "24"}}, "salt", hash}),
            "MAXIMUM");
  EXPECT_EQ(refusal({"bcrypt", {}, "s", "$2b$15$C6UzMDM.H6dfI/f/IKcEeO7ZbqHfRkW1R5c1hZ2yC3kZ8s1mZ3nqG"}),
            "MAXIMUM");
}

TEST(stored_hashes, of_bcrypt_with_a_salt_go_to_the_lanes) {
  const std::string text = "$2b$04$C6UzMDM.H6dfI/f/IKcEeO7ZbqHfRkW1R5c1hZ2yC3kZ8s1mZ3nqG";
  const auto before = as_bcrypt({"bcrypt", {}, "pepper", text}, "p"),
             behind =
                 as_bcrypt({"bcrypt", {{"pos", "suffix"}, {"enc", "latin1"}}, "pepper", text}, "\xc3\xa4");
  ASSERT_TRUE(before && behind);
  EXPECT_EQ(before->password, "pepperp");
  EXPECT_EQ(before->hash, text);
  EXPECT_EQ(behind->password, "\xe4pepper");
  EXPECT_FALSE(verify({"bcrypt", {}, "pepper", text}, "p"));
  EXPECT_FALSE(as_bcrypt({"md5", {}, "", std::string(16, 'x')}, "p"));
  EXPECT_EQ(refusal({"bcrypt", {{"enc", "utf16le"}}, "", text}), "NOT_PASSED");
  EXPECT_EQ(refusal({"bcrypt", {}, std::string("a\0b", 3), text}), "NOT_PASSED");
}

TEST(stored_hashes, of_argon2id_tell_their_cost) {
  const Argon2Cost cost{.memory_kib = 64, .passes = 3};
  const std::string text = argon2id("password", cost, "0123456789abcdef");
  EXPECT_TRUE(text.starts_with("$argon2id$v=19$m=64,t=3,p=1$"));
  EXPECT_EQ(argon2id_cost(text), cost);
  EXPECT_TRUE(verify(*parse_stored_hash(text), "password"));
  EXPECT_FALSE(argon2id_cost("$2b$04$C6UzMDM.H6dfI/f/IKcEeO7ZbqHfRkW1R5c1hZ2yC3kZ8s1mZ3nqG"));
  EXPECT_FALSE(argon2id_cost(to_text(
      {"argon2i", {{"v", "19"}, {"m", "64"}, {"t", "3"}, {"p", "1"}}, "saltsalt", std::string(32, 'x')})));
  EXPECT_FALSE(argon2id_cost(to_text(
      {"argon2id", {{"v", "19"}, {"m", "64"}, {"t", "3"}, {"p", "2"}}, "saltsalt", std::string(32, 'x')})));
}

TEST(digests, go_by_many_names) {
  EXPECT_EQ(digest_name("RSA-SHA256"), "sha256");
  EXPECT_EQ(digest_name("rmd160"), "ripemd160");
  EXPECT_EQ(digest_name("SHA512"), "sha512");
  EXPECT_FALSE(digest_name("shake256"));
  EXPECT_FALSE(digest_name(""));
}

// The whole list of Auth0's hmac, each against its own length; ISO/IEC 10118-3's empty string for the odd
// one.
TEST(digests, of_every_name_are_there) {
  for (const char* name :
       {"md4", "md5", "ripemd160", "sha1", "sha224", "sha256", "sha384", "sha512", "whirlpool"})
    EXPECT_EQ(digest(name, "").size(), digest_size(name)) << name;
  EXPECT_EQ(to_hex(digest("whirlpool", "")).substr(0, 32), "19fa61d75522a4669b44e39c1d2e1726");
  EXPECT_THROW(digest("none", ""), std::runtime_error);
}

TEST(recoding, is_what_node_js_does) {
  const std::string text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91";  // a, a with dots, the euro, a key
  EXPECT_EQ(recoded(text, ""), text);
  EXPECT_EQ(to_hex(recoded(text, "utf16le").value()), "6100e400ac203dd811dd");
  EXPECT_EQ(to_hex(recoded(text, "latin1").value()), "61e4ac3d11");
  EXPECT_FALSE(recoded("\xff", "latin1"));
  EXPECT_FALSE(recoded("a", "ebcdic"));
}

}  // namespace
}  // namespace durward::crypto::passwords
