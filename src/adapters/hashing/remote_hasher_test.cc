#include "adapters/hashing/remote_hasher.h"

#include <gtest/gtest.h>

#include "adapters/hashing/hashing_face.h"
#include "adapters/hashing/hashing_wire.h"
#include "adapters/hashing/local_hasher.h"
#include "http/test_server.h"

namespace durward::adapters {
namespace {

using http::testing::RunningServer;

class RemoteHasherTest : public testing::Test {
 protected:
  // A hashing server; `broken` answers instead when set.
  struct Tier {
    Tier(Random& random, HasherOptions options) : hasher(options, random) {}
    LocalHasher hasher;
    std::atomic<int> asked{0};
    std::optional<http::Response> broken;
    http::Headers headers;  // of the last request
    static Task<http::Response> answer(Tier* self, http::Request request) {
      ++self->asked;
      self->headers = request.headers;
      if (self->broken) return say(*self->broken);
      return request.path == hash_path ? serve_hash(self->hasher, std::move(request))
                                       : serve_verify(self->hasher, std::move(request));
    }
    static Task<http::Response> say(http::Response response) { co_return response; }
    std::optional<RunningServer> server{
        std::in_place, [this](http::Request request) { return answer(this, std::move(request)); }};
    http::Origin origin() const { return {false, "127.0.0.1", server->port()}; }
  };

  void serve_with(std::vector<http::Origin> origins, Milliseconds deadline = Milliseconds(5000)) {
    http::UpstreamOptions options;
    options.name = "hashing";
    options.origins = std::move(origins);
    options.deadline_field = deadline_header;
    options.backlog_field = backlog_header;
    upstream_.emplace(*client_, random_, metrics_, std::move(options));
    remote_.emplace(*upstream_, policy_, deadline);
  }
  Result<bool> verify(std::string password, std::string hash) {
    return run_sync(remote_->verify({}, std::move(password), std::move(hash)));
  }

  SeededRandom random_{1};
  metrics::Registry metrics_;
  LocalHasher policy_{{.cost = 4}, random_};
  std::unique_ptr<http::Client> client_ = *http::Client::create({}, metrics_);
  std::optional<http::Upstream> upstream_;
  std::optional<RemoteHasher> remote_;
};

TEST_F(RemoteHasherTest, hashes_and_verifies_like_the_local_one) {
  Tier tier(random_, {.cost = 4});
  serve_with({tier.origin()});
  const std::string password = "correct\nhorse \"\xc3\xa4\"";
  const auto hash = run_sync(remote_->hash({}, password)).value();
  EXPECT_TRUE(hash.starts_with("$2b$04$"));
  EXPECT_EQ(verify(password, hash), true);
  EXPECT_EQ(verify("wrong", hash), false);
  EXPECT_EQ(verify(password, ""), false);
  EXPECT_EQ(verify(password, "two\nlines"), false);
  EXPECT_FALSE(remote_->needs_rehash(domain::PasswordScheme::bcrypt, hash));
  EXPECT_EQ(remote_->dummy_hash(), policy_.dummy_hash());
}

TEST_F(RemoteHasherTest, a_password_the_role_refuses_is_refused_the_same_way) {
  Tier tier(random_, {.cost = 4});
  serve_with({tier.origin()});
  const auto local = run_sync(policy_.hash({}, std::string("a\0b", 3)));
  const auto remote = run_sync(remote_->hash({}, std::string("a\0b", 3)));
  ASSERT_FALSE(remote);
  EXPECT_EQ(remote.error().kind, ErrorKind::invalid);
  EXPECT_EQ(remote.error().code, local.error().code);
}

TEST_F(RemoteHasherTest, a_full_queue_sheds_and_another_server_answers) {
  Tier full(random_, {.cost = 4, .threads = 1, .queue_max = 0}), free(random_, {.cost = 4});
  serve_with({full.origin(), free.origin()});
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(run_sync(remote_->hash({}, "p")));
  EXPECT_EQ(free.asked, 6);
}

TEST_F(RemoteHasherTest, when_every_queue_is_full_the_call_is_temporarily_unavailable) {
  Tier full(random_, {.cost = 4, .threads = 1, .queue_max = 0});
  serve_with({full.origin()});
  const auto refused = run_sync(remote_->hash({}, "p"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(refused.error().code, "temporarily_unavailable");
}

TEST_F(RemoteHasherTest, the_moment_to_come_back_is_the_one_that_the_role_told_within_reason) {
  Tier tier(random_, {.cost = 4});
  serve_with({tier.origin()});
  const std::pair<const char*, int> rows[] = {{"7", 7}, {"0", 1}, {"-3", 1}, {"soon", 1}, {"86400", 60}};
  for (const auto& [told, heard] : rows) {
    tier.broken = http::text_response(503, "");
    tier.broken->headers.set("Retry-After", told);
    EXPECT_EQ(verify("p", "h").error().retry_after, heard) << told;
  }
}

TEST_F(RemoteHasherTest, the_role_is_told_whose_password_it_is_and_what_is_left_of_the_deadline) {
  Tier tier(random_, {.cost = 4});
  serve_with({tier.origin()}, Milliseconds(4000));
  ASSERT_TRUE(run_sync(remote_->hash({.tenant = {42}, .within = Milliseconds(3000)}, "p")));
  EXPECT_EQ(tier.headers.get(tenant_header), "42");
  EXPECT_GT(std::atoi(std::string(tier.headers.get(deadline_header)).c_str()), 1500);
  EXPECT_LE(std::atoi(std::string(tier.headers.get(deadline_header)).c_str()), 3000);
  ASSERT_TRUE(run_sync(remote_->hash({.within = Seconds(60)}, "p")));
  EXPECT_LE(std::atoi(std::string(tier.headers.get(deadline_header)).c_str()), 4000)
      << "hasher-timeout bounds it";
}

TEST_F(RemoteHasherTest, a_server_that_dies_costs_no_login) {
  Tier a(random_, {.cost = 4}), b(random_, {.cost = 4});
  serve_with({a.origin(), b.origin()});
  const auto hash = run_sync(remote_->hash({}, "p")).value();
  a.server.reset();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(verify("p", hash), true);
}

TEST_F(RemoteHasherTest, an_answer_that_is_none_opens_nothing) {
  Tier odd(random_, {.cost = 4});
  serve_with({odd.origin()});
  for (const char* body : {"TRUE", "true\n", "", "1"}) {
    odd.broken = http::text_response(200, body);
    EXPECT_EQ(verify("p", "h").error().kind, ErrorKind::unavailable) << body;
  }
  odd.broken = http::text_response(401, "");
  EXPECT_EQ(verify("p", "h").error().kind, ErrorKind::unavailable);
}

TEST_F(RemoteHasherTest, nobody_there_is_temporarily_unavailable) {
  Tier tier(random_, {.cost = 4});
  const auto origin = tier.origin();
  tier.server.reset();
  serve_with({origin}, Milliseconds(500));
  EXPECT_EQ(verify("p", "h").error().code, "temporarily_unavailable");
}

// Knows what it was asked and refuses everything.
struct Recorder : ports::Hasher {
  Async<std::string> hash(ports::HashOwner asked, std::string) override {
    owner = asked;
    co_return std::unexpected(Error{ErrorKind::unavailable, "temporarily_unavailable", "", "", 9});
  }
  Async<bool> verify(ports::HashOwner, std::string, std::string) override { co_return false; }
  std::string dummy_hash() const override { return ""; }
  bool needs_rehash(domain::PasswordScheme, std::string_view) const override { return false; }
  Milliseconds expected_wait() const override { return Milliseconds(1234); }
  ports::HashOwner owner;
};

TEST(HashingFaceTest, a_deadline_is_kept_a_little_earlier_and_never_absurd) {
  const std::pair<const char*, int64_t> rows[] = {{"3000", 2900},    {"500", 450},  {"0", 0},
                                                  {"-5", 0},         {"1e9", 4900}, {"999999", 59'900},
                                                  {"12 days", 4900}, {"", 4900}};
  for (const auto& [told, within] : rows) {
    Recorder recorder;
    http::Request request;
    request.headers.set(deadline_header, told);
    EXPECT_EQ(run_sync(serve_hash(recorder, std::move(request))).status, 503);
    EXPECT_EQ(recorder.owner.within.count(), within) << told;
  }
}

TEST(HashingFaceTest, every_answer_tells_the_backlog_and_a_refusal_when_to_come_back) {
  Recorder recorder;
  const auto refused = run_sync(serve_hash(recorder, {}));
  EXPECT_EQ(refused.headers.get("Retry-After"), "9");
  EXPECT_EQ(refused.headers.get(backlog_header), "1234");
  http::Request request;
  request.body = "hash\npassword";
  const auto answered = run_sync(serve_verify(recorder, std::move(request)));
  EXPECT_EQ(answered.status, 200);
  EXPECT_EQ(answered.headers.get(backlog_header), "1234");
}

TEST_F(RemoteHasherTest, the_face_refuses_a_body_without_a_hash) {
  http::Request request;
  request.body = "password only";
  EXPECT_EQ(run_sync(serve_verify(policy_, std::move(request))).status, 400);
}

}  // namespace
}  // namespace durward::adapters
