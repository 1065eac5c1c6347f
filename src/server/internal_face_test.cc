#include "server/internal_face.h"

#include <gtest/gtest.h>

#include "adapters/hashing/local_hasher.h"
#include "adapters/memory/memory_cache.h"
#include "adapters/redis/shared.h"
#include "base/executor.h"

namespace durward::server {
namespace {

class InternalFaceTest : public testing::Test {
 protected:
  http::Request request(std::string path, http::Method method = http::Method::post, std::string body = {}) {
    http::Request out;
    out.method = method;
    out.method_text = std::string(to_string(method));
    out.path = std::move(path);
    out.host = "hash.internal";
    out.body = std::move(body);
    return out;
  }
  http::Request signed_request(std::string path, std::string body, const std::string& key) {
    http::ClientRequest sent;
    sent.origin = {true, "hash.internal", 443};
    sent.method = http::Method::post;
    sent.target = path;
    sent.body = body;
    http::SharedKeys::parse(key)->sign(sent, clock_.now(), random_);
    auto out = request(std::move(path), http::Method::post, std::move(body));
    out.headers = sent.headers;
    return out;
  }
  http::Response ask(http::Request request) { return run_sync(face_.handle(std::move(request))); }

  std::vector<endpoint::Endpoint> rows() {
    auto out = health_rows(readiness_, metrics_, {});
    for (auto& row : hashing_rows(hasher_)) out.push_back(std::move(row));
    return out;
  }
  const std::string key_ = std::string(64, 'a');
  FixedClock clock_{from_unix_seconds(1'800'000'000)};
  SeededRandom random_{1};
  metrics::Registry metrics_;
  Readiness readiness_;
  adapters::LocalHasher hasher_{{.cost = 4}, random_};
  InternalFace face_{rows(), *http::SharedKeys::parse(key_), clock_};
};

TEST_F(InternalFaceTest, hashes_and_verifies_for_a_caller_with_the_key) {
  const auto hash = ask(signed_request("/internal/v1/hash", "secret", key_));
  ASSERT_EQ(hash.status, 200);
  EXPECT_EQ(ask(signed_request("/internal/v1/verify", hash.body + "\nsecret", key_)).body, "true");
  EXPECT_EQ(ask(signed_request("/internal/v1/verify", hash.body + "\nother", key_)).body, "false");
}

TEST_F(InternalFaceTest, without_the_key_only_health_is_answered) {
  for (const char* path : {"/internal/v1/hash", "/internal/v1/verify"}) {
    const auto refused = ask(request(path, http::Method::post, "secret"));
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.body.find("secret"), std::string::npos);
  }
  EXPECT_EQ(ask(signed_request("/internal/v1/hash", "secret", std::string(64, 'b'))).status, 401);
  EXPECT_EQ(ask(request("/healthz", http::Method::get)).status, 200);
  EXPECT_EQ(ask(request("/readyz", http::Method::get)).status, 503);
  readiness_.ready = true;
  EXPECT_EQ(ask(request("/readyz", http::Method::get)).status, 200);
}

TEST_F(InternalFaceTest, a_request_is_answered_once) {
  const auto signed_once = signed_request("/internal/v1/hash", "secret", key_);
  EXPECT_EQ(ask(signed_once).status, 200);
  EXPECT_EQ(ask(signed_once).status, 401);
}

TEST_F(InternalFaceTest, what_is_no_row_is_not_there) {
  EXPECT_EQ(ask(request("/api/v2/users")).status, 404);
  EXPECT_EQ(ask(request("/internal/v1/hash", http::Method::get)).status, 405);
}

TEST_F(InternalFaceTest, a_full_queue_is_503_with_retry_after) {
  adapters::LocalHasher full({.cost = 4, .threads = 1, .queue_max = 0}, random_);
  InternalFace face(hashing_rows(full), *http::SharedKeys::parse(key_), clock_);
  const auto shed = run_sync(face.handle(signed_request("/internal/v1/hash", "secret", key_)));
  EXPECT_EQ(shed.status, 503);
  EXPECT_EQ(shed.headers.get("Retry-After"), "1");
}

TEST_F(InternalFaceTest, a_request_that_another_process_answered_is_refused) {
  adapters::MemoryCache seen(clock_);
  InternalFace here(hashing_rows(hasher_), *http::SharedKeys::parse(key_), clock_, &seen);
  InternalFace there(hashing_rows(hasher_), *http::SharedKeys::parse(key_), clock_, &seen);
  const auto signed_once = signed_request("/internal/v1/hash", "secret", key_);
  EXPECT_EQ(run_sync(here.handle(signed_once)).status, 200);
  EXPECT_EQ(run_sync(there.handle(signed_once)).status, 401);
}

TEST_F(InternalFaceTest, without_redis_a_process_trusts_its_own_memory) {
  metrics::Registry metrics;
  adapters::redis::Link link({.addresses = {{"127.0.0.1", 1}}}, random_, metrics);
  adapters::redis::RedisCache seen(link);
  InternalFace face(hashing_rows(hasher_), *http::SharedKeys::parse(key_), clock_, &seen);
  const auto signed_once = signed_request("/internal/v1/hash", "secret", key_);
  EXPECT_EQ(run_sync(face.handle(signed_once)).status, 200);
  EXPECT_EQ(run_sync(face.handle(signed_once)).status, 401);
}

}  // namespace
}  // namespace durward::server
