#include "crypto/bcrypt/lanes.h"

#include <crypt.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>

#include <memory>

#include "base/random.h"
#include "crypto/bcrypt/pi.h"

namespace durward::crypto::bcrypt {
namespace {

std::string of_libxcrypt(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  return crypt_rn(password.c_str(), setting.c_str(), data.get(), sizeof *data);
}

struct Case {
  std::string password;
  Setting setting;
  std::string expected;
};

class LanesTest : public testing::TestWithParam<const Engine*> {
 protected:
  // Mostly bytes beyond ASCII, lengths around the limit of 72 too, sometimes with a NUL.
  Case draw(int cost_max = 5) {
    Case c;
    const size_t length = size_t(below(90));
    while (c.password.size() < length) c.password += char(below(3) ? 128 + below(128) : 1 + below(127));
    if (length > 0 && below(20) == 0) c.password[length / 2] = char(0);
    c.setting.variant = Variant("abxy"[below(4)]);
    c.setting.cost = 4 + below(cost_max - 3);
    for (auto& word : c.setting.salt)
      for (int i = 0; i < 4; ++i) word = word << 8 | uint32_t(below(256));
    c.expected = of_libxcrypt(c.password, to_text(c.setting));
    return c;
  }
  int below(int n) {
    const auto bytes = random.bytes(2);
    return (uint8_t(bytes[0]) << 8 | uint8_t(bytes[1])) % n;
  }
  SeededRandom random{7};
};

// Hashes join while others run and leave at their own time; each is what libxcrypt says.
TEST_P(LanesTest, agree_with_libxcrypt_whoever_joins_and_leaves) {
  std::vector<Case> cases;
  Lanes lanes(*GetParam());
  size_t done = 0;
  while (done < 300) {
    while (!lanes.is_full() && cases.size() < 300 && below(3)) {
      cases.push_back(draw());
      lanes.start(cases.size() - 1, cases.back().password, cases.back().setting);
    }
    for (const auto& finished : lanes.step()) {
      const Case& c = cases[finished.ticket];
      EXPECT_EQ(to_text(c.setting, finished.digest), c.expected);
      ++done;
    }
  }
  EXPECT_EQ(lanes.busy(), 0u);
}

TEST_P(LanesTest, all_lanes_may_end_at_the_same_step) {
  Lanes lanes(*GetParam());
  std::vector<Case> cases;
  while (!lanes.is_full()) {
    cases.push_back(draw(4));
    lanes.start(cases.size() - 1, cases.back().password, cases.back().setting);
  }
  std::vector<Lanes::Done> done;
  while (done.empty()) done = lanes.step();
  ASSERT_EQ(done.size(), lanes.size());
  for (const auto& finished : done)
    EXPECT_EQ(to_text(cases[finished.ticket].setting, finished.digest), cases[finished.ticket].expected);
}

std::vector<const Engine*> engines() {
  std::vector<const Engine*> out{&plain_engine()};
  if (&portable_engine() != &plain_engine()) out.push_back(&portable_engine());
  for (const Engine* engine : assembly_engines()) out.push_back(engine);
  return out;
}
std::string name_of(const testing::TestParamInfo<const Engine*>& each) {
  if (each.param == &plain_engine()) return "plain";
  return each.param == &portable_engine() ? "portable" : "assembly_" + std::to_string(each.param->lanes);
}
INSTANTIATE_TEST_SUITE_P(Engines, LanesTest, testing::ValuesIn(engines()), name_of);

// Two passwords that the signed reading of old programs took for one, and the answer of each variant.
TEST(bcrypt, variants_differ_where_crypt_3_says) {
  for (const char variant : {'a', 'b', 'x', 'y'})
    for (const std::string password : {"\xff\xff\xa3",
                                       "\xff\xa3"
                                       "345",
                                       "\xa3", "1\xa3", "\xff\xff\xff\xff"}) {
      const std::string setting = std::string("$2") + variant + "$04$/OK.fbVrR/bpIqNJ5ianF.";
      const auto parsed = parse_setting(setting);
      ASSERT_TRUE(parsed);
      EXPECT_EQ(to_text(*parsed, hash_one(password, *parsed)), of_libxcrypt(password, setting));
    }
}

TEST(bcrypt, a_step_without_hashes_is_nothing) { EXPECT_TRUE(Lanes().step().empty()); }

TEST(bcrypt, settings_are_read_as_they_are_written) {
  const auto setting = parse_setting("$2y$31$......................");
  ASSERT_TRUE(setting);
  EXPECT_EQ(setting->variant, Variant::y);
  EXPECT_EQ(setting->cost, 31);
  EXPECT_EQ(to_text(*setting), "$2y$31$......................");
  for (const char* bad :
       {"", "$2b$10$", "$2c$10$......................", "$2b$03$......................",
        "$2b$32$......................", "$2b$1a$......................", "$3b$10$......................",
        "$2b$10$.....................!", "$2b$10......................."})
    EXPECT_FALSE(parse_setting(bad)) << bad;
}

// Machin: pi = 16 arctan(1/5) - 4 arctan(1/239), each a series, in fixed point.
TEST(bcrypt, blowfish_starts_from_pi) {
  const auto number = [] { return std::unique_ptr<BIGNUM, void (*)(BIGNUM*)>(BN_new(), BN_free); };
  constexpr int fraction = 32 * int(std::size(pi_words)), guard = 64;
  const auto arctan = [&](BN_ULONG of, BN_ULONG times) {
    const auto sum = number(), power = number(), term = number();
    BN_set_word(power.get(), times);
    BN_lshift(power.get(), power.get(), fraction + guard);
    BN_div_word(power.get(), of);
    for (BN_ULONG k = 1; !BN_is_zero(power.get()); k += 2) {
      BN_copy(term.get(), power.get());
      BN_div_word(term.get(), k);
      (k % 4 == 1 ? BN_add : BN_sub)(sum.get(), sum.get(), term.get());
      BN_div_word(power.get(), of * of);
    }
    return BN_dup(sum.get());
  };
  const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> pi(arctan(5, 16), BN_free), less(arctan(239, 4), BN_free);
  BN_sub(pi.get(), pi.get(), less.get());
  BN_rshift(pi.get(), pi.get(), guard);
  BN_mask_bits(pi.get(), fraction);
  std::string bytes(fraction / 8, char(0));
  ASSERT_EQ(BN_bn2binpad(pi.get(), reinterpret_cast<unsigned char*>(bytes.data()), int(bytes.size())),
            int(bytes.size()));
  for (size_t i = 0; i < std::size(pi_words); ++i) {
    uint32_t word = 0;
    for (size_t byte = 0; byte < 4; ++byte) word = word << 8 | uint8_t(bytes[i * 4 + byte]);
    ASSERT_EQ(pi_words[i], word) << i;
  }
}

}  // namespace
}  // namespace durward::crypto::bcrypt
