#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "base/encoding.h"

namespace durward::crypto {
namespace {

struct ZeroRandom : Random {
  void fill(std::span<uint8_t> out) override { std::ranges::fill(out, uint8_t(0)); }
};

const std::string zero_key(32, '\0');

TEST(aead, sealing_matches_the_gcm_vectors_13_and_14) {
  ZeroRandom random;
  EXPECT_EQ(to_hex(seal(zero_key, "", "", random)),
            std::string(24, '0') + "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(to_hex(seal(zero_key, std::string(16, '\0'), "", random)),
            std::string(24, '0') + "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(aead, opening_gives_back_what_was_sealed) {
  SeededRandom random(1);
  for (const std::string& text : {std::string(), std::string("x"), std::string(5000, 'y')})
    EXPECT_EQ(open(zero_key, seal(zero_key, text, "aad", random), "aad").value(), text);
}

TEST(aead, every_changed_bit_is_refused) {
  SeededRandom random(2);
  const std::string sealed = seal(zero_key, "text", "aad", random);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] ^= 1;
    EXPECT_EQ(open(zero_key, changed, "aad").error().code, "unsealable");
  }
}

TEST(aead, another_key_other_data_and_short_texts_are_refused) {
  SeededRandom random(3);
  const std::string sealed = seal(zero_key, "text", "aad", random);
  EXPECT_FALSE(open(std::string(32, 'k'), sealed, "aad"));
  EXPECT_FALSE(open(zero_key, sealed, "other"));
  EXPECT_FALSE(open(zero_key, sealed, ""));
  EXPECT_FALSE(open(zero_key, sealed.substr(0, 27), "aad"));
  EXPECT_FALSE(open(zero_key, "", "aad"));
}

TEST(aead, a_key_of_another_size_is_a_broken_invariant) {
  SeededRandom random(4);
  EXPECT_THROW(seal("short", "text", "", random), std::invalid_argument);
}

TEST(aead, two_seals_of_one_text_differ) {
  SeededRandom random(5);
  EXPECT_NE(seal(zero_key, "text", "", random), seal(zero_key, "text", "", random));
}

TEST(hkdf, matches_rfc_5869_appendix_a) {
  const std::string ikm(22, '\x0b');
  EXPECT_EQ(to_hex(hkdf_sha256(ikm, *from_hex("000102030405060708090a0b0c"),
                               *from_hex("f0f1f2f3f4f5f6f7f8f9"), 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(to_hex(hkdf_sha256(ikm, "", "", 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(hkdf, gives_at_most_255_blocks) {
  EXPECT_EQ(hkdf_sha256("k", "s", "i", 255 * 32).size(), 255u * 32);
  EXPECT_THROW(hkdf_sha256("k", "s", "i", 255 * 32 + 1), std::invalid_argument);
}

}  // namespace
}  // namespace durward::crypto
