#include "domain/event_stream.h"

#include <gtest/gtest.h>

#include <set>

#include "domain/event_delivery.h"

namespace durward::domain {
namespace {

const TimePoint start = *parse_iso8601("2026-01-31T09:30:00.123Z");

json::Object object(std::string_view text) { return json::parse(text)->as_object(); }

TEST(EventId, is_read_back_and_nothing_else_is) {
  std::set<std::string> seen;
  for (const int64_t id : {int64_t(0), int64_t(1), int64_t(62), int64_t(4711) << 40, INT64_MAX}) {
    const auto text = event_id(id);
    EXPECT_EQ(text.size(), 26u);
    EXPECT_TRUE(text.starts_with("evt_"));
    EXPECT_EQ(parse_event_id(text), id);
    seen.insert(text);
    auto other = text;
    other.back() = other.back() == '0' ? '1' : '0';
    EXPECT_FALSE(parse_event_id(other)) << "made up";
  }
  EXPECT_EQ(seen.size(), 5u);
  for (const char* text : {"", "evt_", "evt_zzzzzzzzzzzzzzzzzzzzzz", "est_0000000000000000000000",
                           "evt_000000000000000000000-", "evt_00000000000000000000000"})
    EXPECT_FALSE(parse_event_id(text)) << text;
}

TEST(CloudEvent, says_what_the_specification_asks_for) {
  const Event event{
      .id = 5, .type = "user.created", .time = start, .data = object(R"({"object":{"user_id":"a|1"}})")};
  const auto out = cloud_event(event, {"acme", "login.example"}, "est_1");
  EXPECT_EQ(
      json::serialize(out),
      R"({"specversion":"1.0","type":"user.created","source":"urn:auth0:acme.login.example","id":")" +
          event_id(5) +
          R"(","time":"2026-01-31T09:30:00.123Z","data":{"object":{"user_id":"a|1"},"context":{"tenant":{"id":"acme"}}},)"
          R"("a0tenant":"acme","a0stream":"est_1"})");
  EXPECT_EQ(json::string_or(cloud_event(event, {"acme", "x"}, "est_1", "test"), "a0purpose"), "test");
}

TEST(EventStreams, know_their_destination_and_what_authorizes_there) {
  const auto webhook = [](std::string_view authorization) {
    return object(
        R"({"id":"est_1","status":"enabled","subscriptions":[{"event_type":"user.created"}],"destination":
      {"type":"webhook","configuration":{"webhook_endpoint":"https://a/","webhook_authorization":)" +
        std::string(authorization) + "}}}");
  };
  const json::Object secrets{{"password", "p"}, {"token", "t"}, {"header_value", "v"}};
  const auto basic = EventStream::from_json(webhook(R"({"method":"basic","username":"u"})"), secrets);
  EXPECT_EQ(basic.webhook_endpoint, "https://a/");
  EXPECT_EQ(basic.header, "Authorization");
  EXPECT_EQ(basic.header_value, "Basic dTpw");
  EXPECT_TRUE(basic.wants("user.created"));
  EXPECT_FALSE(basic.wants("user.deleted"));
  EXPECT_EQ(EventStream::from_json(webhook(R"({"method":"bearer"})"), secrets).header_value, "Bearer t");
  const auto own =
      EventStream::from_json(webhook(R"({"method":"custom_header","header_key":"X-Key"})"), secrets);
  EXPECT_EQ(own.header + ": " + own.header_value, "X-Key: v");
  auto off = webhook(R"({"method":"bearer"})");
  off["status"] = "disabled";
  EXPECT_FALSE(EventStream::from_json(off, secrets).wants("user.created"));
  const auto action = EventStream::from_json(
      object(R"({"destination":{"type":"action","configuration":{"action_id":"act_1"}}})"), {});
  EXPECT_EQ(action.action_id, "act_1");
}

TEST(EventDeliveries, a_failure_is_noted_until_it_is_too_late) {
  EventDelivery delivery{.stream = "est_1", .queued_at = start, .due_at = start};
  EXPECT_EQ(json::string_or(delivery.to_json(), "status"), "pending");
  note_failure(delivery, "no", start, Milliseconds(3), Seconds(5));
  EXPECT_EQ(delivery.due_at, start + Seconds(5));
  EXPECT_EQ(json::string_or(delivery.to_json(), "status"), "failed");
  for (size_t i = 0; i < 30; ++i) note_failure(delivery, "no", start, Milliseconds(3), Seconds(5));
  EXPECT_EQ(delivery.tries, 31);
  EXPECT_EQ(delivery.attempts.size(), delivery_attempts_max);
  note_failure(delivery, "last", start + delivery_time, Milliseconds(3), Seconds(5));
  EXPECT_FALSE(delivery.due_at);
  EXPECT_EQ(json::string_or(delivery.attempts.back().as_object(), "error_message"), "last");
}

}  // namespace
}  // namespace durward::domain
