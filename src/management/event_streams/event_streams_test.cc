#include "management/event_streams/event_streams.h"

#include <gtest/gtest.h>

#include "domain/event_delivery.h"
#include "management/event_streams/document.h"
#include "management/support/testing/scripts.h"

namespace durward::management::event_streams {
namespace {

using testing::Answer;

json::Value body(std::string_view text) { return *json::parse(text); }
json::Value webhook(std::string_view authorization = R"({"method":"bearer","token":"hunter2"})",
                    std::string_view url = "https://hooks.example/in") {
  return body(R"({"name":"s","subscriptions":[{"event_type":"user.created"}],"destination":{"type":"webhook",
    "configuration":{"webhook_endpoint":")" +
              std::string(url) + R"(","webhook_authorization":)" + std::string(authorization) + "}}}");
}

struct World : testing::World {
  World() { testing::play_builds(*this); }
  std::string create(json::Value stream = webhook()) {
    return post("/event-streams", std::move(stream)).text("id");
  }
  std::string deployed(const char* trigger = "event-stream") {
    const auto made = post("/actions/actions", body(R"({"name":"for )" + std::string(trigger) +
                                                    R"(","code":"c","supported_triggers":[{"id":")" +
                                                    std::string(trigger) + R"("}],"deploy":true})"));
    EXPECT_EQ(made.status, 201) << json::serialize(made.body);
    return made.text("id");
  }
  static json::Value to_action(const std::string& id) {
    return body(R"({"name":"a","subscriptions":[{"event_type":"user.deleted"}],"destination":{"type":"action",
      "configuration":{"action_id":")" +
                id + R"("}}})");
  }
  void add_delivery(const std::string& stream, int64_t id) {
    base.deliveries.all.push_back({.stream = stream, .id = id, .type = "user.created", .tries = 1});
  }
};

TEST(event_streams, a_webhook_is_kept_and_its_secret_is_never_shown) {
  World world;
  const auto made = world.post("/event-streams", webhook());
  ASSERT_EQ(made.status, 201) << json::serialize(made.body);
  const auto id = made.text("id");
  EXPECT_TRUE(id.starts_with("est_"));
  EXPECT_EQ(id.size(), 26u);
  EXPECT_EQ(made.text("status"), "enabled");
  EXPECT_EQ(
      json::serialize(made["destination"]),
      R"({"type":"webhook","configuration":{"webhook_endpoint":"https://hooks.example/in","webhook_authorization":{"method":"bearer"}}})");
  EXPECT_EQ(json::serialize(world.get("/event-streams/" + id).body), json::serialize(made.body));
  EXPECT_EQ(world.get("/event-streams").body.as_object().at("eventStreams").as_array().size(), 1u);
  EXPECT_EQ(world.dump().find("hunter"), std::string::npos);
  EXPECT_EQ(world.last_log().type, "sapi");
}

TEST(event_streams, malformed_ones_are_refused) {
  World world;
  const struct {
    json::Value stream;
    std::string_view says;
  } cases[] = {
      {body(R"({"name":"s"})"), "destination"},
      {webhook(R"({"method":"bearer"})"), "token"},
      {webhook(R"({"method":"basic","password":"p"})"), "username"},
      {webhook(R"({"method":"basic","username":"u"})"), "password"},
      {webhook(R"({"method":"custom_header","header_key":"X"})"), "header_value"},
      {webhook(R"({"method":"custom_header","header_key":"Host","header_value":"v"})"), "host"},
      {webhook(R"({"method":"custom_header","header_key":"X Y","header_value":"v"})"), "header_key"},
      {webhook(R"({"method":"bearer","token":"a\r\nX: y"})"), "token"},
      {webhook(R"({"method":"bearer","token":"t","username":"u"})"), "username"},
      {webhook(R"({"method":"digest","token":"t"})"), "method"},
      {webhook(R"({"method":"bearer","token":"t"})", "http://hooks.example/in"), "webhook_endpoint"},
      {webhook(R"({"method":"bearer","token":"t"})", "https://a:b@hooks.example/in"), "webhook_endpoint"},
      {webhook(R"({"method":"bearer","token":"t"})", "https://hooks.example/in#x"), "webhook_endpoint"},
      {body(R"({"destination":{"type":"webhook","configuration":{"webhook_endpoint":"https://a/"}}})"),
       "webhook_authorization"},
      {body(R"({"destination":{"type":"action","configuration":{}}})"), "action_id"},
      {body(
           R"({"destination":{"type":"action","configuration":{"action_id":"a","webhook_endpoint":"https://a/"}}})"),
       "webhook_endpoint"},
      {body(
           R"({"destination":{"type":"eventbridge","configuration":{"aws_account_id":"1","aws_region":"x"}}})"),
       "EventBridge"},
      {body(R"({"subscriptions":[],"destination":{"type":"action","configuration":{"action_id":"a"}}})"),
       "subscriptions"},
      {body(
           R"({"subscriptions":[{"event_type":"user.blocked"}],"destination":{"type":"action","configuration":{"action_id":"a"}}})"),
       "event_type"},
  };
  for (const auto& one : cases) {
    const auto answer = world.post("/event-streams", one.stream);
    EXPECT_EQ(answer.status, 400) << json::serialize(one.stream);
    EXPECT_NE(json::serialize(answer.body).find(one.says), std::string::npos) << json::serialize(answer.body);
  }
  EXPECT_EQ(world.count(ports::Collection::event_streams), 0u);
}

TEST(event_streams, every_type_that_may_be_subscribed_to_may_be_named) {
  World world;
  json::Array all;
  for (const auto type : domain::stream_event_types()) all.push_back(json::Object{{"event_type", type}});
  auto stream = webhook();
  stream.as_object()["subscriptions"] = all;
  EXPECT_EQ(world.post("/event-streams", stream).status, 201);
}

TEST(event_streams, a_change_keeps_the_secret_of_the_same_method_and_drops_that_of_another) {
  World world;
  const auto path = "/event-streams/" + world.create();
  const auto sealed = [&] {
    return json::serialize(
        world.store.rows[{1, ports::Collection::event_streams}][0].document.body.at("_sealed"));
  };
  const auto before = sealed();
  const auto with = [&](std::string_view authorization) {
    return json::Object{
        {"destination", webhook(authorization, "https://other.example/").as_object().at("destination")}};
  };
  EXPECT_EQ(world.patch(path, with(R"({"method":"bearer"})")).status, 200);
  EXPECT_EQ(sealed(), before);
  EXPECT_EQ(world.patch(path, with(R"({"method":"basic","username":"u"})")).status, 400);
  EXPECT_EQ(world.patch(path, with(R"({"method":"basic","username":"u","password":"hunter3"})")).status, 200);
  EXPECT_EQ(sealed().find("token"), std::string::npos);
  EXPECT_NE(sealed().find("password"), std::string::npos);
  EXPECT_EQ(
      world.patch(path, body(R"({"status":"disabled","subscriptions":[{"event_type":"group.created"}]})"))
          .text("status"),
      "disabled");
  EXPECT_EQ(world.dump().find("hunter"), std::string::npos);
  EXPECT_EQ(world.remove(path).status, 204);
  EXPECT_EQ(world.get(path).status, 404);
  EXPECT_EQ(world.remove(path).status, 204);
}

TEST(event_streams, an_action_has_to_be_deployed_for_the_trigger_and_stays_while_it_is_named) {
  World world;
  EXPECT_EQ(world.post("/event-streams", World::to_action("gone")).status, 400);
  EXPECT_EQ(world.post("/event-streams", World::to_action(world.deployed("post-login"))).status, 400);
  const auto draft = world.post(
      "/actions/actions", body(R"({"name":"d","code":"c","supported_triggers":[{"id":"event-stream"}]})"));
  EXPECT_EQ(world.post("/event-streams", World::to_action(draft.text("id"))).status, 400);
  const auto action = world.deployed();
  const auto made = world.post("/event-streams", World::to_action(action));
  ASSERT_EQ(made.status, 201) << json::serialize(made.body);
  const auto other = world.patch("/event-streams/" + made.text("id"),
                                 json::Object{{"destination", webhook().as_object().at("destination")}});
  EXPECT_EQ(other.status, 400) << "a destination keeps its type";
  EXPECT_EQ(world.remove("/actions/actions/" + action).status, 409);
  EXPECT_EQ(world.remove("/actions/actions/" + action + "?force=true").status, 204);
}

TEST(event_streams, a_tenant_has_a_bounded_number_and_only_its_own) {
  World world;
  std::string first;
  for (int64_t i = 0; i < streams_max; ++i) first = world.create();
  const auto answer = world.post("/event-streams", webhook());
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.text("errorCode"), "too_many_entities");
  const auto path = "/event-streams/" + first;
  for (const auto& [method, under] : {std::pair{http::Method::get, path},
                                      {http::Method::patch, path},
                                      {http::Method::get, path + "/deliveries"},
                                      {http::Method::post, path + "/redeliver"}})
    EXPECT_EQ(
        world.call(method, under, method == http::Method::get ? json::Value() : body("{}"), {"*"}, 2).status,
        404)
        << under;
}

TEST(event_streams, deliveries_are_listed_by_page_and_filter) {
  World world;
  const auto stream = world.create(), path = "/event-streams/" + stream + "/deliveries";
  for (int64_t id = 5; id > 0; --id) world.add_delivery(stream, id);
  const auto first = world.get(path + "?take=2");
  EXPECT_EQ(first["deliveries"].as_array().size(), 2u);
  EXPECT_EQ(first.text("next"), domain::event_id(4));
  const auto second = world.get(path + "?take=2&from=" + first.text("next"));
  EXPECT_EQ(json::string_or(second["deliveries"].as_array()[0].as_object(), "id"), domain::event_id(3));
  EXPECT_FALSE(world.get(path + "?take=2&from=" + domain::event_id(3)).has("next"));
  world.get(path + "?event_types=user.created,user.deleted&date_from=2026-01-01T00:00:00Z&statuses=failed");
  EXPECT_EQ(world.base.deliveries.last_query.types.size(), 2u);
  EXPECT_EQ(world.base.deliveries.last_query.created_from, parse_iso8601("2026-01-01T00:00:00Z"));
  for (const char* wrong :
       {"?statuses=delivered", "?event_types=user.blocked", "?date_to=yesterday", "?from=evt_1"})
    EXPECT_EQ(world.get(path + wrong).status, 400) << wrong;
  EXPECT_EQ(world.get(path + "/" + domain::event_id(2)).text("status"), "failed");
  EXPECT_EQ(world.get(path + "/" + domain::event_id(99)).status, 404);
  EXPECT_EQ(world.get(path + "/nonsense").status, 404);
  EXPECT_EQ(world.get("/event-streams/est_gone/deliveries").status, 404);
}

TEST(event_streams, failed_deliveries_are_put_back_in_line) {
  World world;
  const auto stream = world.create(), path = "/event-streams/" + stream + "/redeliver";
  world.add_delivery(stream, 7);
  const auto all = world.post(path, body(R"({"event_types":["user.created"],"statuses":["failed"]})"));
  EXPECT_EQ(all.status, 202);
  EXPECT_EQ(json::serialize(all["event_types"]), R"(["user.created"])");
  EXPECT_EQ(world.post(path).status, 202);
  EXPECT_EQ(world.post(path, body(R"({"event_types":["user.blocked"]})")).status, 400);
  EXPECT_EQ(world.post(path, body(R"({"date_from":"yesterday"})")).status, 400);
  EXPECT_EQ(world.post(path + "/" + domain::event_id(7)).status, 202);
  EXPECT_EQ(world.post(path + "/" + domain::event_id(8)).status, 404);
}

TEST(event_streams, a_test_event_is_lined_up_and_says_what_it_is) {
  World world;
  const auto path = "/event-streams/" + world.create() + "/test";
  const auto made = world.post(path, body(R"({"event_type":"user.created"})"));
  ASSERT_EQ(made.status, 202) << json::serialize(made.body);
  EXPECT_EQ(made.text("status"), "pending");
  EXPECT_TRUE(made.text("id").starts_with("evt_"));
  const auto& event = made["event"].as_object();
  EXPECT_EQ(json::string_or(event, "a0purpose"), "test");
  EXPECT_EQ(json::string_or(event, "source"), "urn:auth0:acme.test");
  EXPECT_NE(json::serialize(event.at("data")).find("user_id"), std::string::npos);
  const auto own = world.post(path, body(R"({"event_type":"group.created","data":{"object":{"id":"g"}}})"));
  EXPECT_EQ(json::serialize(own["event"].as_object().at("data").as_object().at("object")), R"({"id":"g"})");
  EXPECT_EQ(world.post(path, body(R"({"event_type":"user.blocked"})")).status, 400);
  json::Object large{{"event_type", "user.created"}, {"data", {{"x", std::string(70'000, 'x')}}}};
  EXPECT_EQ(world.post(path, large).status, 400);
  world.patch("/event-streams/" + path.substr(15, 26), body(R"({"status":"disabled"})"));
  EXPECT_EQ(world.post(path, body(R"({"event_type":"user.created"})")).status, 400);
}

TEST(event_streams, scopes_are_asked_for) {
  World world;
  const auto path = "/event-streams/" + world.create();
  const auto status = [&](http::Method method, std::string under, std::vector<std::string> scopes) {
    return world.call(method, std::move(under), body("{}"), std::move(scopes)).status;
  };
  EXPECT_EQ(status(http::Method::get, path, {"read:event_deliveries"}), 403);
  EXPECT_EQ(status(http::Method::get, path + "/deliveries", {"read:event_deliveries"}), 200);
  EXPECT_EQ(status(http::Method::post, path + "/redeliver", {"update:event_streams"}), 403);
  EXPECT_EQ(status(http::Method::post, path + "/test", {"update:event_deliveries"}), 403);
}

}  // namespace
}  // namespace durward::management::event_streams
