#include "http/shared_key.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace durward::http {
namespace {

const std::string key_a(64, 'a'), key_b(64, 'b');

class SharedKeyTest : public ::testing::Test {
 protected:
  // What the server sees of a request signed with `keys`.
  Request arrived(const std::string& keys = key_a) {
    ClientRequest sent;
    sent.origin = {true, "hash.internal", 8500};
    sent.method = Method::post;
    sent.target = "/internal/v1/x?y=z";
    sent.body = "body";
    SharedKeys::parse(keys)->sign(sent, now_, random_);
    Request request;
    request.method = Method::post;
    request.method_text = "POST";
    request.path = "/internal/v1/x";
    request.query = "y=z";
    request.host = "hash.internal:8500";
    request.body = "body";
    request.headers = sent.headers;
    return request;
  }
  std::string said(const Result<std::string>& result) { return result ? "ok" : result.error().debug; }

  TimePoint now_ = from_unix_seconds(1'800'000'000);
  SeededRandom random_{5};
  SharedKeyChecker checker_{*SharedKeys::parse(key_a + "," + key_b)};
};

TEST_F(SharedKeyTest, a_signed_request_is_accepted_with_either_key) {
  EXPECT_TRUE(checker_.check(arrived(key_a), now_));
  EXPECT_TRUE(checker_.check(arrived(key_b + "\n" + key_a), now_));
}

TEST_F(SharedKeyTest, a_request_counts_once) {
  const auto request = arrived();
  EXPECT_TRUE(checker_.check(request, now_));
  EXPECT_EQ(said(checker_.check(request, now_)), "used before");
  EXPECT_EQ(said(checker_.check(request, now_ + Milliseconds(30'000))), "used before");
  EXPECT_EQ(said(checker_.check(request, now_ + Milliseconds(30'001))), "too old, or the clocks differ");
}

TEST_F(SharedKeyTest, a_request_counts_for_half_a_minute_around_its_time) {
  EXPECT_TRUE(checker_.check(arrived(), now_ - Milliseconds(30'000)));
  EXPECT_FALSE(checker_.check(arrived(), now_ - Milliseconds(30'001)));
  EXPECT_TRUE(checker_.check(arrived(), now_ + Milliseconds(30'000)));
}

TEST_F(SharedKeyTest, whatever_is_changed_breaks_the_signature) {
  const auto changed = [&](auto change) {
    auto request = arrived();
    change(request);
    return said(checker_.check(request, now_));
  };
  const std::string wrong = "unknown key or wrong signature";
  EXPECT_EQ(changed([](Request& r) { r.body = "Body"; }), wrong);
  EXPECT_EQ(changed([](Request& r) { r.path = "/internal/v1/y"; }), wrong);
  EXPECT_EQ(changed([](Request& r) { r.query = "y=q"; }), wrong);
  EXPECT_EQ(changed([](Request& r) { r.method_text = "GET"; }), wrong);
  EXPECT_EQ(changed([](Request& r) { r.host = "other.internal"; }), wrong);
  EXPECT_EQ(changed([](Request& r) {
              std::string field(r.headers.get(shared_key_field));
              field[12] = field[12] == '1' ? '2' : '1';  // a digit of the time
              r.headers.set(shared_key_field, field);
            }),
            wrong);
}

TEST_F(SharedKeyTest, a_missing_doubled_foreign_or_broken_signature_is_refused) {
  auto none = arrived();
  none.headers.remove(shared_key_field);
  EXPECT_FALSE(checker_.check(none, now_));
  auto twice = arrived();
  twice.headers.add(shared_key_field, "x.1.y.z");
  EXPECT_FALSE(checker_.check(twice, now_));
  EXPECT_FALSE(checker_.check(arrived(std::string(64, 'c')), now_));
  for (const char* bad : {"", ".", "...", "a.b.c", "a.b.c.d.e"}) {
    auto broken = arrived();
    broken.headers.set(shared_key_field, bad);
    EXPECT_EQ(checker_.check(broken, now_).error().kind, ErrorKind::unauthenticated) << bad;
  }
}

TEST_F(SharedKeyTest, the_memory_for_nonces_is_bounded_and_empties_with_time) {
  SharedKeyChecker small(*SharedKeys::parse(key_a), 2);
  EXPECT_TRUE(small.check(arrived(), now_));
  EXPECT_TRUE(small.check(arrived(), now_));
  EXPECT_EQ(small.check(arrived(), now_).error().code, "too_many_nonces");
  now_ += Milliseconds(200'000);
  EXPECT_TRUE(small.check(arrived(), now_));
}

TEST(SharedKeysTest, one_or_two_keys_of_32_bytes) {
  EXPECT_TRUE(SharedKeys::parse(key_a));
  EXPECT_TRUE(SharedKeys::parse(key_a + " , " + to_base64(std::string(32, 'k')) + "\n"));
  for (const auto& bad :
       {std::string(), std::string("short"), key_a + "," + key_b + "," + key_a, key_a + ",short"}) {
    const auto parsed = SharedKeys::parse(bad);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, "bad_internal_key");
    EXPECT_EQ(parsed.error().message.find("short"), std::string::npos);
  }
}

}  // namespace
}  // namespace durward::http
