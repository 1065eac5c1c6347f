#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/sequence.h"

namespace durward {
namespace {

TEST(Encoding, base64url_round_trips_and_is_canonical) {
  for (size_t n = 0; n < 40; ++n) {
    const std::string bytes = SeededRandom(n).bytes(n);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
  }
  EXPECT_FALSE(from_base64url("AB"));  // the low bits of B encode nothing and are set
  EXPECT_FALSE(from_base64url("AA=="));
  EXPECT_FALSE(from_base64url("A+A"));
  EXPECT_FALSE(from_base64url("A"));
  EXPECT_FALSE(from_base64url("AAB"));
  EXPECT_FALSE(from_base64url("AAAAA*AA"));
  EXPECT_EQ(from_base64url("_-8"), "\xff\xef");
}

TEST(Encoding, percent_decoding_refuses_half_escapes) {
  EXPECT_EQ(percent_decode("a%20b+c"), "a b+c");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_FALSE(percent_decode("%2"));
  EXPECT_FALSE(percent_decode("%zz"));
  EXPECT_FALSE(percent_decode("a%41%"));
  EXPECT_EQ(percent_decode("%41%2B+%25", true), "A+ %");
  EXPECT_EQ(percent_decode("x%41y%42"), "xAyB");
  EXPECT_EQ(percent_encode("a|b/ü"), "a%7Cb%2F%C3%BC");
  EXPECT_EQ(percent_encode("|"), "%7C");
}

TEST(Encoding, html_escapes_what_ends_text_or_an_attribute) {
  EXPECT_EQ(html_escape("plain"), "plain");
  EXPECT_EQ(html_escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
}

TEST(Encoding, utf8_refuses_overlong_surrogates_and_truncation) {
  EXPECT_TRUE(is_valid_utf8("grüße €𝄞"));
  for (std::string_view bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"})
    for (size_t before = 0; before < 17; ++before) {
      EXPECT_FALSE(is_valid_utf8(std::string(before, 'x') + std::string(bad)));
      EXPECT_FALSE(is_valid_utf8(std::string(before, 'x') + std::string(bad) + std::string(9, 'x')));
      EXPECT_TRUE(is_valid_utf8(std::string(before, 'x') + "ü" + std::string(before, 'x')));
    }
}

TEST(Clock, iso8601_round_trips) {
  const auto at = from_unix_ms(1769851800123);
  EXPECT_EQ(to_iso8601(at), "2026-01-31T09:30:00.123Z");
  EXPECT_EQ(parse_iso8601("2026-01-31T09:30:00.123Z"), at);
  EXPECT_EQ(parse_iso8601("2026-01-31T10:30:00.123+01:00"), at);
  EXPECT_FALSE(parse_iso8601("2026-02-30T10:30:00Z"));
  EXPECT_FALSE(parse_iso8601("yesterday"));
}

TEST(Json, refuses_duplicates_depth_and_broken_utf8) {
  EXPECT_TRUE(json::parse(R"({"a":{"b":":"},"c":"x\":y"})"));
  EXPECT_FALSE(json::parse(R"({"a":1,"a":2})"));
  EXPECT_FALSE(json::parse(std::string(40, '[') + std::string(40, ']')));
  EXPECT_FALSE(json::parse("\"\xff\""));
  EXPECT_FALSE(json::parse("{} x"));
}

TEST(Json, refuses_numbers_that_could_not_be_written_again) {
  for (const char* text : {"1e999", "-1e999", R"({"a":[{"b":1e99999}]})"})
    EXPECT_EQ(json::parse(text).error().code, "invalid_json") << text;
  EXPECT_EQ(json::serialize(json::parse("[1e308,1e-999]").value()), "[1E308,0E0]");
}

TEST(Sequence, keys_grow_and_carry_time_and_node_also_when_the_clock_stands_or_steps_back) {
  FixedClock clock(from_unix_seconds(1'800'000'000));
  Sequence sequence(clock);
  sequence.adopt(1023, TimePoint(), clock.now() + Seconds(60));
  int64_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto key = sequence.next();
    EXPECT_GT(key, last);
    EXPECT_EQ(key >> 12 & 0x3ff, 1023);
    last = key;
  }
  EXPECT_EQ((last >> 22) + 1704067200000, to_unix_ms(clock.now()) + 2) << "4096 fit into a millisecond";
  clock.advance(Seconds(-3600));
  EXPECT_GT(sequence.next(), last);
}

TEST(Sequence, times_of_two_holders_of_one_node_do_not_overlap) {
  FixedClock clock(from_unix_seconds(1'800'000'000));
  Sequence first(clock), second(clock);
  first.adopt(7, TimePoint(), clock.now() + Milliseconds(2));
  second.adopt(7, clock.now() + Milliseconds(2), clock.now() + Seconds(60));
  int64_t last = 0;
  int made = 0;
  first.when_over([] { return false; });
  EXPECT_THROW(for (;; ++made) last = first.next(), std::runtime_error);
  EXPECT_EQ(made, 2 * 4096);
  EXPECT_GT(second.next(), last);
  EXPECT_EQ(first.unused_from(), clock.now() + Milliseconds(2));
}

TEST(Sequence, a_new_time_is_waited_for) {
  FixedClock clock(from_unix_seconds(1'800'000'000));
  Sequence sequence(clock);
  sequence.when_over([&] {
    sequence.adopt(3, TimePoint(), clock.now() + Seconds(1));
    return true;
  });
  EXPECT_EQ(sequence.next() >> 12 & 0x3ff, 3);
}

TEST(Random, a_forked_child_draws_its_own) {
  SystemRandom random;
  random.bytes(1);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string drawn = random.bytes(32);
    _exit(write(ends[1], drawn.data(), drawn.size()) == 32 ? 0 : 1);
  }
  std::string theirs(32, '\0');
  ASSERT_EQ(read(ends[0], theirs.data(), theirs.size()), 32);
  EXPECT_NE(theirs, random.bytes(32));
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  close(ends[0]);
  close(ends[1]);
}

TEST(Random, alphabet_and_length) {
  SeededRandom random(1);
  EXPECT_EQ(random.base62(16).size(), 16u);
  EXPECT_EQ(random.uuid()[14], '4');
  EXPECT_EQ(SeededRandom(7).hex(24), SeededRandom(7).hex(24));
}

TEST(Metrics, text_exposition) {
  metrics::Registry registry;
  registry.counter("durward_requests_total", "Requests.", "status=\"200\"").add(3);
  registry.histogram("durward_seconds", "Time.").observe(0.002);
  const std::string text = registry.text();
  EXPECT_NE(text.find("durward_requests_total{status=\"200\"} 3\n"), text.npos);
  EXPECT_NE(text.find("durward_seconds_bucket{le=\"0.0025\"} 1\n"), text.npos);
  EXPECT_NE(text.find("durward_seconds_count 1\n"), text.npos);
}

}  // namespace
}  // namespace durward
