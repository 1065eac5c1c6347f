#include "login/bots/challenge.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "login/bots/question.h"
#include "tokens/testing/world.h"

namespace durward::login {
namespace {

using testing::start;

struct Challenges : ::testing::Test {
  SeededRandom random{11};
  testing::FakeVault vault{random};
  domain::TenantId tenant{1};

  Flaw flaw_of(const std::string& token, std::string_view scope = "form", TimePoint now = start,
               domain::TenantId of = {1}) {
    const auto opened = open_challenge(vault, of, scope, token, now);
    return opened ? Flaw{-1} : opened.error();
  }
};

TEST_F(Challenges, a_sealed_challenge_comes_back_as_it_was) {
  for (const auto& made : {make_proof(random, 17, start), make_written(random, {"12", "twelve"}, start)}) {
    const auto opened =
        open_challenge(vault, tenant, "form", seal_challenge(vault, tenant, "form", made), start);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->kind, made.kind);
    EXPECT_EQ(opened->seed, made.seed);
    EXPECT_EQ(opened->bits, made.bits);
    EXPECT_EQ(opened->answers, made.answers);
    EXPECT_EQ(opened->made_at, made.made_at);
  }
}

TEST_F(Challenges, opens_nowhere_else) {
  const auto token = seal_challenge(vault, tenant, "form", make_proof(random, 4, start));
  EXPECT_EQ(flaw_of(token, "another form"), Flaw::foreign);
  EXPECT_EQ(flaw_of(token, "form", start, {2}), Flaw::foreign);
  EXPECT_EQ(flaw_of("nonsense"), Flaw::foreign);
  EXPECT_EQ(flaw_of(""), Flaw::foreign);
  EXPECT_EQ(flaw_of(token), Flaw{-1});
}

TEST_F(Challenges, ends_at_the_exact_second) {
  const auto token = seal_challenge(vault, tenant, "form", make_proof(random, 4, start));
  EXPECT_EQ(flaw_of(token, "form", start + challenge_life - Milliseconds(1)), Flaw{-1});
  EXPECT_EQ(flaw_of(token, "form", start + challenge_life), Flaw::expired);
}

TEST_F(Challenges, a_token_does_not_show_its_answers) {
  const auto token = seal_challenge(vault, tenant, "form", make_written(random, {"seventeen"}, start));
  EXPECT_EQ(from_base64url(token)->find("seventeen"), std::string::npos);
}

TEST_F(Challenges, a_proof_has_so_many_zero_bits) {
  const auto made = make_proof(random, 12, start);
  const auto counter = solve_proof(made.seed, made.bits);
  EXPECT_EQ(counter.size(), 8u);
  EXPECT_TRUE(check_answer(made, counter, start));
  const auto digest = crypto::sha256(made.seed + counter);
  EXPECT_EQ(digest[0], 0);
  EXPECT_EQ(uint8_t(digest[1]) >> 4, 0);
}

TEST_F(Challenges, a_proof_of_other_bits_seed_or_form_is_wrong) {
  const auto made = make_proof(random, 12, start);
  const auto counter = solve_proof(made.seed, made.bits);
  const auto wrong = [&](Challenge challenge, std::string_view answer) {
    const auto checked = check_answer(challenge, answer, start);
    return !checked && checked.error() == Flaw::wrong;
  };
  auto harder = made;
  harder.bits = 60;
  EXPECT_TRUE(wrong(harder, counter));
  EXPECT_TRUE(wrong(make_proof(random, 12, start), counter));
  EXPECT_TRUE(wrong(made, counter + "0"));
  EXPECT_TRUE(wrong(made, "0000000G"));
  EXPECT_TRUE(wrong(made, "x"));
  EXPECT_EQ(check_answer(made, " ", start).error(), Flaw::missing);
}

TEST_F(Challenges, a_written_answer_needs_its_time) {
  const auto made = make_written(random, {"12", "twelve"}, start);
  EXPECT_EQ(check_answer(made, "12", start + written_wait - Milliseconds(1)).error(), Flaw::early);
  EXPECT_TRUE(check_answer(made, " Twelve ", start + written_wait));
  EXPECT_EQ(check_answer(made, "13", start + written_wait).error(), Flaw::wrong);
}

TEST_F(Challenges, a_question_is_a_sum_in_words_and_its_answers_are_right) {
  for (int i = 0; i < 200; ++i) {
    const auto english = make_question(random, Language::english);
    EXPECT_TRUE(english.text.starts_with("What is ")) << english.text;
    EXPECT_EQ(english.text.find("{}"), std::string::npos);
    ASSERT_EQ(english.answers.size(), 3u);
    const int sum = std::stoi(english.answers[0]);
    EXPECT_GE(sum, 2);
    EXPECT_LE(sum, 18);
  }
  EXPECT_TRUE(make_question(random, Language::german).text.starts_with("Wie viel ist "));
}

TEST_F(Challenges, a_picture_holds_strokes_and_no_text) {
  const auto picture = make_picture(random);
  ASSERT_TRUE(picture.data_uri.starts_with("data:image/svg+xml;base64,"));
  EXPECT_EQ(picture.answer.size(), 5u);
  EXPECT_EQ(picture.data_uri.find(picture.answer), std::string::npos);
  EXPECT_LT(picture.data_uri.size(), 3000u);
  EXPECT_NE(make_picture(random).data_uri, picture.data_uri);
}

}  // namespace
}  // namespace durward::login
