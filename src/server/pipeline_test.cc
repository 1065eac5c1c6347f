#include "server/pipeline.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/executor.h"
#include "base/sequence.h"
#include "server/fake_configuration.h"
#include "server/health.h"

namespace durward::server {
namespace {

using endpoint::Endpoint;

Task<http::Response> say(endpoint::RequestContext context, http::Request, endpoint::PathParameters path) {
  co_return http::text_response(
      200, context.tenant->name + " " + context.issuer + (path.empty() ? "" : " " + path[0].second));
}
Task<http::Response> explode(endpoint::RequestContext, http::Request, endpoint::PathParameters) {
  throw std::runtime_error("the wheel came off");
  co_return http::Response();
}
Task<http::Response> miss(endpoint::RequestContext, http::Request, endpoint::PathParameters) {
  throw Unavailable("no node number");
  co_return http::Response();
}
Async<endpoint::Reply> manage(endpoint::Call call) {
  co_return endpoint::Reply{.body = json::Object{{"subject", call.principal.subject}}};
}
Async<endpoint::Principal> authenticate(endpoint::RequestContext, std::string bearer) {
  if (bearer.find("good") == bearer.npos) co_return fail(ErrorKind::unauthenticated, "", "Invalid token");
  co_return endpoint::Principal{"op", "op", {"read:things"}};
}

Endpoint open_row(std::string id, std::string path, endpoint::ProtocolHandler handler,
                  endpoint::Cors cors = endpoint::Cors::none) {
  Endpoint row;
  row.id = std::move(id);
  row.method = http::Method::get;
  row.path = std::move(path);
  row.open_because = "a test";
  row.cors = cors;
  row.handler = std::move(handler);
  return row;
}

std::vector<Endpoint> test_rows() {
  auto things = open_row("things", "/api/v2/things", say, endpoint::Cors::client_origins);
  things.open_because = "";
  things.scopes = {"read:things"};
  things.rate = endpoint::RateClass::management_read;
  things.handler = endpoint::ManagementHandler(manage);
  auto limited = open_row("limited", "/limited", say);
  limited.rate = endpoint::RateClass::login;
  return {open_row("hello", "/hello", say, endpoint::Cors::any),
          open_row("authorize", "/authorize", say),
          open_row("named", "/hello/{name}", say),
          std::move(limited),
          open_row("explode", "/explode", explode),
          open_row("miss", "/miss", miss),
          std::move(things)};
}

struct World {
  FakeConfiguration configuration;
  FixedClock clock{from_unix_seconds(1'800'000'000)};
  Readiness readiness;
  metrics::Registry metrics;
  RateDefaults rates;
  std::unique_ptr<Limiter> limiter;
  LimitedPage limited_page;
  std::string remote_ip = "127.0.0.1";
  http::Networks readers = *http::Networks::parse({"203.0.113.0/24"});

  World() { configuration.add("acme"); }
  http::Response get(std::string path, std::string host = "acme.login.example", http::Headers headers = {},
                     http::Method method = http::Method::get) {
    if (!limiter) limiter = std::make_unique<Limiter>(rates, nullptr, metrics);
    if (!pipeline)
      pipeline = std::make_unique<Pipeline>(test_rows(), health_rows(readiness, metrics, readers),
                                            configuration, authenticate, clock,
                                            PipelineOptions{.base_domain = "login.example",
                                                            .limiter = limiter.get(),
                                                            .limited_page = limited_page,
                                                            .core_only = &readiness.core_only});
    http::Request request;
    request.method = method;
    request.method_text = std::string(to_string(method));
    request.path = std::move(path);
    request.host = std::move(host);
    request.scheme = "https";
    request.id = "req-1";
    request.remote_ip = remote_ip;
    request.headers = std::move(headers);
    return run_sync(pipeline->handle(std::move(request)));
  }
  std::unique_ptr<Pipeline> pipeline;
};

TEST(Pipeline, a_row_gets_its_tenant_and_issuer_from_the_host) {
  World world;
  const auto response = world.get("/hello/a%2Fb");
  EXPECT_EQ(response.body, "acme https://acme.login.example/ a/b");
  EXPECT_EQ(response.route, "named");
  EXPECT_EQ(response.tenant, "acme");
}

TEST(Pipeline, an_unknown_host_is_a_404_in_json) {
  World world;
  world.configuration.add("northwind");
  const auto response = world.get("/hello", "elsewhere.example");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(json::string_or(json::parse_object(response.body).value(), "error"), "not_found");
}

TEST(Pipeline, unknown_paths_answer_in_the_shape_of_their_face) {
  World world;
  EXPECT_EQ(world.get("/nothing").body, R"({"error":"not_found","error_description":"Not Found"})");
  EXPECT_EQ(world.get("/api/v2/nothing").body,
            R"({"statusCode":404,"error":"Not Found","message":"Not Found"})");
  EXPECT_EQ(world.get("/nothing").status, 404);
}

TEST(Pipeline, a_wrong_method_is_a_405_with_allow) {
  World world;
  const auto response = world.get("/hello", "acme.login.example", {}, http::Method::put);
  EXPECT_EQ(response.status, 405);
  EXPECT_NE(response.headers.get("Allow").find("GET"), std::string_view::npos);
}

TEST(Pipeline, an_exception_is_a_500_that_tells_the_request_id_and_not_the_reason) {
  World world;
  const auto response = world.get("/explode");
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(response.body.find("req-1"), std::string::npos);
  EXPECT_EQ(response.body.find("wheel"), std::string::npos);
}

TEST(Pipeline, health_answers_on_any_host_and_without_a_tenant) {
  World world;
  world.configuration.tenants.clear();
  EXPECT_EQ(world.get("/healthz", "10.0.0.1").status, 200);
  EXPECT_EQ(world.get("/readyz", "10.0.0.1").status, 503);
  world.readiness.ready = true;
  EXPECT_EQ(world.get("/readyz", "10.0.0.1").status, 200);
  world.readiness.draining = true;
  EXPECT_EQ(world.get("/readyz", "10.0.0.1").status, 503);
}

TEST(Pipeline, metrics_are_for_the_networks_that_may_read_them) {
  World world;
  world.metrics.counter("asked_total", "Questions").add();
  world.remote_ip = "203.0.113.7";
  EXPECT_NE(world.get("/metrics").body.find("asked_total 1"), std::string::npos);
  world.remote_ip = "198.51.100.7";
  const auto refused = world.get("/metrics");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body.find("asked_total"), std::string::npos);
}

TEST(Pipeline, every_answer_carries_security_headers) {
  World world;
  const auto response = world.get("/hello");
  EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  EXPECT_NE(response.headers.get("Strict-Transport-Security"), "");
  EXPECT_EQ(world.get("/hello", "acme.localhost:8443").headers.get("Strict-Transport-Security"), "");
}

http::Headers headers_of(std::initializer_list<std::pair<std::string, std::string>> fields) {
  http::Headers headers;
  for (const auto& [name, value] : fields) headers.set(name, value);
  return headers;
}

TEST(Pipeline, a_request_with_no_cache_is_answered_from_the_configuration_of_now) {
  World world;
  world.get("/hello");
  world.get("/hello", "acme.login.example", headers_of({{"Cache-Control", "max-age=0"}}));
  EXPECT_TRUE(world.configuration.caught_up.empty());
  world.get("/hello", "acme.login.example", headers_of({{"Cache-Control", "no-cache"}}));
  EXPECT_EQ(world.configuration.caught_up, std::vector<int64_t>{1});
}

TEST(Pipeline, in_core_only_mode_the_rest_is_refused_in_its_own_shape_with_the_reason) {
  World world;
  world.readiness.ready = true;
  const auto token = headers_of({{"Authorization", "Bearer good"}});
  world.readiness.core_only = true;
  EXPECT_EQ(world.get("/authorize").status, 200);
  const auto refused = world.get("/api/v2/things", "acme.login.example", token);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.get("Retry-After"), "30");
  EXPECT_EQ(refused.body,
            R"({"statusCode":503,"error":"Service Unavailable","message":"Only sign-in, tokens and )"
            R"(sign-out are served at the moment (core-only mode)."})");
  EXPECT_EQ(json::string_or(json::parse_object(world.get("/hello").body).value(), "error"),
            "temporarily_unavailable");
  EXPECT_EQ(world.get("/nothing").status, 404);
  EXPECT_EQ(world.get("/readyz").body, R"({"status":"ready","core_only":true})");
  world.readiness.core_only = false;
  EXPECT_EQ(world.get("/api/v2/things", "acme.login.example", token).status, 200);
}

TEST(Pipeline, a_tenant_that_cannot_be_looked_up_is_a_503_that_says_when_to_come_back) {
  World world;
  world.configuration.is_away = true;
  const auto response = world.get("/hello");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.get("Retry-After"), "1");
}

TEST(Pipeline, an_exception_that_says_unavailable_is_a_503_and_no_fault_of_ours) {
  World world;
  const auto response = world.get("/miss");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.get("Retry-After"), "1");
  EXPECT_EQ(json::string_or(json::parse_object(response.body).value(), "error"), "temporarily_unavailable");
}

TEST(Health, what_is_away_leaves_a_process_ready_and_is_named_with_what_happens) {
  World world;
  world.readiness.ready = true;
  bool is_there = true;
  world.readiness.probes = {{Dependency::redis, [&] { return is_there; }}};
  EXPECT_EQ(world.get("/readyz").body, R"({"status":"ready"})");
  is_there = false;
  const auto response = world.get("/readyz");
  EXPECT_EQ(response.status, 200);
  const auto body = json::parse_object(response.body).value();
  const auto& away = body.at("degraded").as_array().at(0).as_object();
  EXPECT_EQ(json::string_or(away, "away"), "redis");
  const auto of_redis = std::ranges::count(degradations, Dependency::redis, &Degradation::away);
  EXPECT_EQ(away.at("effects").as_array().size(), size_t(of_redis));
}

TEST(Pipeline, a_preflight_is_answered_by_the_row_it_asks_for) {
  World world;
  const auto ask = [&](std::string path) {
    return world.get(std::move(path), "acme.login.example",
                     headers_of({{"Origin", "https://app.example"},
                                 {"Access-Control-Request-Method", "GET"},
                                 {"Access-Control-Request-Headers", "authorization"}}),
                     http::Method::options);
  };
  EXPECT_EQ(ask("/hello").headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(ask("/api/v2/things").headers.get("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(ask("/api/v2/things").headers.get("Access-Control-Allow-Headers"), "authorization");
  EXPECT_EQ(ask("/hello/x").headers.get("Access-Control-Allow-Origin"), "");
}

TEST(Pipeline, only_an_origin_of_the_token_s_client_may_read_a_management_answer) {
  World world;
  auto client = std::make_shared<domain::Client>();
  client->client_id = "spa";
  client->web_origins = {"https://app.example"};
  world.configuration.one_client = client;
  const std::string bearer = "Bearer x." + to_base64url(R"({"azp":"spa"})") + ".good";
  const auto ask = [&](std::string origin) {
    return world.get("/api/v2/things", "acme.login.example",
                     headers_of({{"Authorization", bearer}, {"Origin", origin}}));
  };
  EXPECT_EQ(ask("https://app.example").headers.get("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(ask("https://evil.example").headers.get("Access-Control-Allow-Origin"), "");
}

TEST(Pipeline, too_many_management_requests_are_429_and_say_when_to_come_back) {
  World world;
  world.rates.management = 2;
  const auto ask = [&] {
    return world.get("/api/v2/things", "acme.login.example", headers_of({{"Authorization", "Bearer good"}}));
  };
  EXPECT_EQ(ask().status, 200);
  const auto last = ask();
  EXPECT_EQ(last.headers.get("X-RateLimit-Limit"), "2");
  EXPECT_EQ(last.headers.get("X-RateLimit-Remaining"), "0");
  EXPECT_EQ(last.headers.get("X-RateLimit-Reset"), "1800000001");
  const auto refused = ask();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.get("Retry-After"), "1");
  const auto body = json::parse_object(refused.body).value();
  EXPECT_EQ(json::string_or(body, "error"), "Too Many Requests");
  EXPECT_EQ(json::string_or(body, "errorCode"), "too_many_requests");
  EXPECT_NE(json::string_or(body, "message").find("X-RateLimit-Reset"), std::string::npos);
  world.clock.advance(Seconds(1));
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(world.get("/hello").status, 200);
}

TEST(Pipeline, the_wait_it_names_is_the_real_one) {
  World world;
  world.configuration.entitled.document =
      json::parse_object(R"({"rate_limits":[{"class":"login","scope":"tenant","units":1,"seconds":90}]})")
          .value();
  EXPECT_EQ(world.get("/limited").status, 200);
  world.clock.advance(Seconds(20));
  const auto refused = world.get("/limited");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.get("Retry-After"), "70");
  EXPECT_EQ(refused.headers.get("X-RateLimit-Reset"), "1800000090");
  EXPECT_EQ(json::string_or(json::parse_object(refused.body).value(), "error"), "too_many_requests");
}

TEST(Pipeline, a_browser_is_shown_a_page_in_place_of_one_that_is_limited) {
  World world;
  world.rates.login = 1;
  world.limited_page = [](endpoint::RequestContext, http::Headers) -> Task<http::Response> {
    co_return http::html_response(429, "<p>Please wait</p>");
  };
  EXPECT_EQ(world.get("/limited").status, 200);
  const auto page = world.get("/limited", "acme.login.example",
                              headers_of({{"Accept", "text/html,application/xhtml+xml"}}));
  EXPECT_EQ(page.status, 429);
  EXPECT_EQ(page.body, "<p>Please wait</p>");
  EXPECT_EQ(page.headers.get("Retry-After"), "1");
  EXPECT_TRUE(world.get("/limited").headers.get("content-type").starts_with("application/json"));
}

TEST(Pipeline, a_management_client_has_a_bucket_once_its_token_is_proven) {
  World world;
  world.configuration.entitled.document =
      json::parse_object(R"({"rate_limits":[{"class":"management","scope":"client","units":2}]})").value();
  const auto ask = [&](const char* token) {
    return world.get("/api/v2/things", "acme.login.example", headers_of({{"Authorization", token}})).status;
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask("Bearer forged"), 401);
  EXPECT_EQ(ask("Bearer good"), 200);
  EXPECT_EQ(ask("Bearer good"), 200);
  EXPECT_EQ(ask("Bearer good"), 429);
}

}  // namespace
}  // namespace durward::server
