#include <gtest/gtest.h>

#include <map>

#include "adapters/event_streams/courier.h"
#include "adapters/event_streams/fan_out.h"
#include "adapters/event_streams/webhook.h"
#include "adapters/fetching/http_fetcher.h"
#include "adapters/sqlite/store.h"
#include "base/executor.h"
#include "base/log.h"
#include "http/test_server.h"
#include "ports/testing/small_doors.h"

namespace durward::adapters {
namespace {

const TimePoint start = from_unix_ms(1'700'000'000'000);

// Event streams and nothing else.
struct StreamsOnly : durward::testing::UnchangedConfiguration {
  using Id = domain::TenantId;
  Async<Ptr<domain::Tenant>> tenant_by_name(std::string) override { co_return nullptr; }
  Async<Ptr<domain::Tenant>> only_tenant() override { co_return nullptr; }
  Async<Ptr<domain::TenantSettings>> settings(Id) override { co_return nullptr; }
  Async<Ptr<domain::Branding>> branding(Id) override { co_return nullptr; }
  Async<Ptr<domain::Client>> client(Id, std::string) override { co_return nullptr; }
  Async<Ptr<domain::ResourceServer>> resource_server(Id, std::string) override { co_return nullptr; }
  Async<Ptr<domain::ClientGrant>> client_grant(Id, std::string, std::string, std::string) override {
    co_return nullptr;
  }
  Async<Ptr<domain::Connection>> connection_by_name(Id, std::string) override { co_return nullptr; }
  Async<Ptr<std::vector<domain::Connection>>> connections_of(Id, std::string) override { co_return nullptr; }
  Async<Ptr<domain::KeySet>> keys(Id) override { co_return nullptr; }
  Async<> catch_up(Id tenant) override {
    caught_up.push_back(tenant.value);
    co_return Result<>();
  }
  std::vector<int64_t> caught_up;
};

// Destinations as a test plays them: what arrives, and what fails how.
struct Played : ports::StreamDestination {
  Async<> deliver(domain::TenantId, domain::EventStream stream, json::Object event) override {
    asked.push_back(stream.id + " " + json::string_or(event, "n"));
    if (const auto found = failing.find(stream.id); found != failing.end())
      co_return fail(found->second, "no", "The destination said no.");
    co_return Result<>();
  }
  std::map<std::string, ErrorKind> failing;
  std::vector<std::string> asked;
};

struct Streams : ::testing::Test {
  Streams() {
    log::set_sink([](std::string_view) {});
    tenant = run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
  }
  void add_stream(std::string id, std::vector<std::string> types = {"user.created"}, bool enabled = true) {
    configuration.streams.push_back({.id = std::move(id), .is_enabled = enabled, .types = std::move(types)});
  }
  Result<> hear(int64_t id, std::string type = "user.created") {
    return run_sync(fan_out.handle({.id = id,
                                    .tenant = tenant,
                                    .type = std::move(type),
                                    .time = clock.now(),
                                    .data = {{"object", json::Object{{"user_id", "auth0|1"}}}}}));
  }
  // A delivery whose event says `n`.
  void line_up(const std::string& stream, int64_t id) {
    ports::Writes writes{ports::InsertEventDelivery{{.stream = stream,
                                                     .id = id,
                                                     .type = "user.created",
                                                     .event = {{"n", std::to_string(id)}},
                                                     .created_at = clock.now(),
                                                     .queued_at = clock.now(),
                                                     .due_at = clock.now()}}};
    ASSERT_TRUE(run_sync(store->committer().commit(tenant, std::move(writes))));
  }
  std::optional<domain::EventDelivery> find(const std::string& stream, int64_t id) {
    return run_sync(store->event_deliveries().find(tenant, stream, id)).value();
  }
  int64_t run_once() { return run_sync(courier.run_once()).value(); }
  // As often as it takes within `time`, a second a step.
  void run_for(Seconds time) {
    for (Seconds passed{0}; passed <= time; passed += Seconds(1)) {
      run_once();
      clock.advance(Seconds(1));
    }
  }
  int64_t count(std::string outcome) {
    return int64_t(registry
                       .counter("durward_event_deliveries_total", "",
                                "destination=\"webhook\",outcome=\"" + outcome + "\"")
                       .value());
  }

  FixedClock clock{start};
  SeededRandom random{1};
  metrics::Registry registry;
  std::unique_ptr<SqliteStore> store = SqliteStore::open({}, clock, &registry).value();
  StreamsOnly configuration;
  domain::TenantId tenant;
  EventFanOut fan_out{configuration, store->tenants(), store->committer(), clock, "login.example"};
  Played destination;
  Courier courier{
      store->event_deliveries(), configuration, store->committer(), destination, clock, random, {}, registry};
};

TEST_F(Streams, an_event_goes_to_each_enabled_stream_that_subscribed) {
  add_stream("est_1");
  add_stream("est_2", {"user.created", "user.deleted"});
  add_stream("est_3", {"user.deleted"});
  add_stream("est_off", {"user.created"}, false);
  int woken = 0;
  fan_out.on_delivery([&] { ++woken; });
  ASSERT_TRUE(hear(7));
  EXPECT_EQ(woken, 1);
  for (const char* id : {"est_1", "est_2"}) {
    const auto found = find(id, 7);
    ASSERT_TRUE(found) << id;
    EXPECT_EQ(json::string_or(found->event, "a0stream"), id);
    EXPECT_EQ(json::string_or(found->event, "id"), domain::event_id(7));
    EXPECT_EQ(json::string_or(found->event, "source"), "urn:auth0:acme.login.example");
  }
  EXPECT_FALSE(find("est_3", 7));
  EXPECT_FALSE(find("est_off", 7));
  EXPECT_EQ(configuration.caught_up, std::vector<int64_t>{tenant.value});
  ASSERT_TRUE(hear(8, "user.updated"));
  EXPECT_EQ(woken, 1) << "nobody subscribed";
}

TEST_F(Streams, a_stream_hears_nothing_of_before_it_was_made_and_a_gone_tenant_nothing_at_all) {
  add_stream("est_1");
  configuration.streams[0].created_at = clock.now() + Seconds(61);
  ASSERT_TRUE(hear(7));
  EXPECT_FALSE(find("est_1", 7));
  configuration.streams[0].created_at = clock.now();
  ASSERT_TRUE(run_sync(store->tenants().remove(tenant)));
  ASSERT_TRUE(hear(7));
  EXPECT_FALSE(find("est_1", 7));
}

TEST_F(Streams, events_arrive_in_order_and_are_gone) {
  add_stream("est_1");
  for (const int64_t id : {1, 2, 3}) line_up("est_1", id);
  EXPECT_EQ(run_once(), 1);
  EXPECT_EQ(destination.asked, (std::vector<std::string>{"est_1 1", "est_1 2", "est_1 3"}));
  EXPECT_FALSE(find("est_1", 1));
  EXPECT_EQ(count("delivered"), 3);
  EXPECT_EQ(run_once(), 0);
}

TEST_F(Streams, what_a_destination_refuses_comes_again_and_the_others_go_on) {
  add_stream("est_1");
  destination.failing["est_1"] = ErrorKind::conflict;
  line_up("est_1", 1);
  line_up("est_1", 2);
  run_once();
  EXPECT_EQ(destination.asked.size(), 2u) << "the second is tried although the first failed";
  EXPECT_EQ(find("est_1", 1)->tries, 1);
  destination.failing.clear();
  run_for(Seconds(3));
  EXPECT_FALSE(find("est_1", 1));
  EXPECT_EQ(count("failed"), 2);
}

TEST_F(Streams, a_destination_that_is_away_is_asked_less_and_less_and_delays_nobody_else) {
  add_stream("est_1");
  add_stream("est_2");
  destination.failing["est_1"] = ErrorKind::unavailable;
  for (int64_t id = 1; id <= 20; ++id) line_up("est_1", id);
  line_up("est_2", 1);
  EXPECT_EQ(run_once(), 2);
  EXPECT_EQ(destination.asked, (std::vector<std::string>{"est_1 1", "est_2 1"})) << "one is enough to know";
  run_for(Seconds(3600));
  EXPECT_LT(destination.asked.size(), 30u);
  EXPECT_GT(destination.asked.size(), 15u);
  destination.failing.clear();
  run_for(Seconds(900));
  for (int64_t id = 1; id <= 20; ++id) EXPECT_FALSE(find("est_1", id)) << id;
}

TEST_F(Streams, after_a_day_a_delivery_is_given_up) {
  add_stream("est_1");
  destination.failing["est_1"] = ErrorKind::conflict;
  line_up("est_1", 1);
  for (int hour = 0; hour < 26; ++hour) {
    run_once();
    clock.advance(Seconds(3600));
  }
  const auto found = find("est_1", 1);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->due_at);
  EXPECT_EQ(count("given_up"), 1);
  EXPECT_GT(found->tries, 5);
}

TEST_F(Streams, a_disabled_stream_gets_nothing_and_what_waits_is_there_when_it_is_enabled) {
  add_stream("est_1", {"user.created"}, false);
  line_up("est_1", 1);
  run_for(Seconds(60));
  EXPECT_TRUE(destination.asked.empty());
  configuration.streams[0].is_enabled = true;
  run_for(Seconds(60));
  EXPECT_FALSE(find("est_1", 1));
}

TEST_F(Streams, nothing_stays_for_a_stream_that_is_gone) {
  line_up("est_gone", 1);
  run_once();
  EXPECT_FALSE(find("est_gone", 1));
  EXPECT_TRUE(destination.asked.empty());
}

TEST_F(Streams, a_worker_that_dies_leaves_its_streams_to_the_next) {
  add_stream("est_1");
  line_up("est_1", 1);
  ASSERT_EQ(run_sync(store->event_deliveries().claim({.now = clock.now(), .lease = Seconds(90)}))->size(),
            1u);
  EXPECT_EQ(run_once(), 0);
  clock.advance(Seconds(90));
  EXPECT_EQ(run_once(), 1);
  EXPECT_FALSE(find("est_1", 1));
}

TEST_F(Streams, a_running_courier_delivers_side_by_side_and_stops) {
  for (const char* id : {"est_1", "est_2", "est_3"}) {
    add_stream(id);
    for (int64_t n = 1; n <= 20; ++n) line_up(id, n);
  }
  courier.start();
  while (count("delivered") < 60) std::this_thread::yield();
  courier.stop();
  courier.stop();
  EXPECT_EQ(count("delivered"), 60);
}

class WebhookTest : public ::testing::Test {
 protected:
  Task<http::Response> answer(http::Request request) {
    got = std::move(request);
    co_return http::text_response(status, "thanks");
  }
  Result<> deliver() {
    domain::EventStream stream{
        .id = "est_1",
        .webhook_endpoint = "http://127.0.0.1:" + std::to_string(server.port()) + "/in?x=1",
        .header = "Authorization",
        .header_value = "Bearer t"};
    return run_sync(webhook.deliver({1}, std::move(stream), {{"id", "evt_1"}}));
  }
  int status = 204;
  http::Request got;
  http::testing::RunningServer server{[this](http::Request request) { return answer(std::move(request)); }};
  metrics::Registry metrics;
  bool allowed = true;
  HttpFetcher fetcher{metrics, {.may_connect = [this](const auto&, auto, uint16_t) { return allowed; }}};
  Webhook webhook{fetcher};
};

TEST_F(WebhookTest, gets_the_event_with_its_authorization) {
  ASSERT_TRUE(deliver());
  EXPECT_EQ(got.method, http::Method::post);
  EXPECT_EQ(got.path + "?" + got.query, "/in?x=1");
  EXPECT_EQ(got.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(got.headers.get("Authorization"), "Bearer t");
  EXPECT_EQ(got.body, R"({"id":"evt_1"})");
}

TEST_F(WebhookTest, only_success_is_success_and_a_busy_server_is_busy_as_a_whole) {
  for (const int refusal : {301, 400, 401, 404, 500}) {
    status = refusal;
    const auto done = deliver();
    ASSERT_FALSE(done) << refusal;
    EXPECT_EQ(done.error().kind, ErrorKind::conflict) << refusal;
    EXPECT_EQ(done.error().message, "The webhook answered " + std::to_string(refusal) + ".");
  }
  for (const int busy : {429, 502, 503, 504}) {
    status = busy;
    EXPECT_EQ(deliver().error().kind, ErrorKind::unavailable) << busy;
  }
}

TEST_F(WebhookTest, an_address_that_is_not_public_is_not_connected_to) {
  allowed = false;
  const auto done = deliver();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(done.error().message, "The webhook could not be reached: the address is not public.");
  EXPECT_TRUE(got.path.empty());
}

}  // namespace
}  // namespace durward::adapters
