#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "ports/storage/store.h"

namespace durward::adapters::contract {

// An empty store with what must live as long.
class Place {
 public:
  virtual ~Place() = default;
  virtual ports::Store& store() = 0;
  virtual uint64_t flushes() = 0;  // transactions made durable
};

struct StoreMaker {
  std::string name;
  std::function<std::unique_ptr<Place>(FixedClock&)> make;
  bool groups_commits = true;  // many commits share one flush
};

inline std::string maker_name(const testing::TestParamInfo<StoreMaker>& info) { return info.param.name; }

// Two tenants, so that each test can look from the wrong one.
class World : public testing::TestWithParam<StoreMaker> {
 protected:
  World() : place(GetParam().make(clock)), store(&place->store()) {
    acme = make_tenant("acme");
    other = make_tenant("other");
  }

  domain::TenantId make_tenant(const std::string& name) {
    return run_sync(store->tenants().create(name, "sealed-" + name, clock.now())).value().id;
  }
  Result<> commit(domain::TenantId tenant, ports::Writes writes) {
    return run_sync(store->committer().commit(tenant, std::move(writes)));
  }
  template <class... W>
  Result<> commit(W... writes) {
    return commit(acme, ports::Writes{ports::Write(std::move(writes))...});
  }
  template <class T>
  static T get(Async<T> task) {
    auto result = run_sync(std::move(task));
    if (!result) throw std::runtime_error(result.error().code + " " + result.error().debug);
    return std::move(*result);
  }

  domain::User user(const std::string& id, const std::string& email = {}) {
    domain::User u;
    u.user_id = "auth0|" + id;
    u.identities.push_back({.connection = "db", .provider = "auth0", .user_id = id});
    u.created_at = u.updated_at = clock.now();
    if (!email.empty()) u.profile = {{"email", email}, {"email_verified", true}};
    return u;
  }
  static std::vector<domain::Identifier> emails(const std::string& email) { return {{"db", "email", email}}; }
  ports::InsertUser insert_user(const std::string& id) {
    return {user(id, id + "@example.com"), emails(id + "@example.com"), "hash-of-" + id};
  }
  void add_user(const std::string& id) { ASSERT_TRUE(commit(insert_user(id))) << id; }

  domain::Session session(int64_t id, const std::string& user_id) {
    domain::Session s;
    s.id = id;
    s.public_part = std::string(16, 'p');
    s.secret_sha256 = std::string("s\0\xff", 3) + std::string(29, 'x');
    s.user_id = user_id;
    s.connection = "db";
    s.strategy = "auth0";
    s.created_at = s.updated_at = s.authenticated_at = clock.now();
    s.idle_expires_at = clock.now() + Seconds(60);
    s.expires_at = clock.now() + Seconds(600);
    s.clients = {"c1", "c2"};
    s.amr = {"pwd"};
    s.device = {"1.2.3.4", "agent", "5.6.7.8", "other agent"};
    s.metadata = {{"k", "v"}};
    return s;
  }
  domain::AuthorizationCode code(int64_t id, const std::string& user_id) {
    domain::AuthorizationCode c;
    c.id = id;
    c.secret_sha256 = std::string(32, '\x01');
    c.authorization = {.client_id = "c1",
                       .user_id = user_id,
                       .audience = "https://api/",
                       .scope = {"openid", "email"},
                       .sid = "sid",
                       .connection = "db",
                       .auth_time = clock.now(),
                       .nonce = "n",
                       .extra = {{"acr", "x"}}};
    c.redirect_uri = "https://app/cb";
    c.code_challenge = "challenge";
    c.code_challenge_method = "S256";
    c.max_age_requested = true;
    c.created_at = clock.now();
    c.expires_at = clock.now() + Seconds(30);
    c.grant_id = id + 1000;
    return c;
  }
  domain::RefreshToken refresh_token(int64_t id, const std::string& user_id, int64_t family = 0) {
    domain::RefreshToken t;
    t.id = id;
    t.secret_sha256 = std::string(32, '\x02');
    t.family = family == 0 ? id : family;
    t.authorization = {
        .client_id = "c1", .user_id = user_id, .audience = "https://api/", .scope = {"offline_access"}};
    t.rotating = true;
    t.created_at = clock.now();
    t.device.initial_ip = "1.2.3.4";
    return t;
  }
  ports::Document document(const std::string& id, json::Object body = {}) {
    return {.id = id, .body = std::move(body), .created_at = clock.now(), .updated_at = clock.now()};
  }

  FixedClock clock{from_unix_ms(1'700'000'000'000)};
  std::unique_ptr<Place> place;
  ports::Store* store;
  domain::TenantId acme, other;
};

inline void expect_error(const Result<>& result, ErrorKind kind, std::string_view code) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, kind) << result.error().debug;
  EXPECT_EQ(result.error().code, code) << result.error().debug;
}

// Runs f(0..n-1), each on a thread of its own.
template <class F>
void at_once(int n, F f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i) threads.emplace_back([&f, i] { f(i); });
  for (auto& thread : threads) thread.join();
}

}  // namespace durward::adapters::contract
