#include "management/support/audit.h"

#include <gtest/gtest.h>

#include "management/support/testing/world.h"

namespace durward::management {
namespace {

using testing::World;

json::Value body(std::string_view text) { return *json::parse(text); }
std::string logged(std::string_view text, const endpoint::Schema* schema = nullptr) {
  return json::serialize(loggable(body(text), schema));
}

TEST(audit, text_of_unknown_members_is_hidden) {
  EXPECT_EQ(logged(R"({"name":"App","password":"hunter2","enabled":true,"size":3,"gone":null})"),
            R"({"name":"App","password":"[redacted]","enabled":true,"size":3,"gone":null})");
  EXPECT_EQ(logged(R"([{"client_id":"c","status":true,"ticket":["x"]}])"),
            R"([{"client_id":"c","status":true,"ticket":["[redacted]"]}])");
}

TEST(audit, free_members_show_their_shape_only) {
  EXPECT_EQ(logged(R"({"options":{"name":"n","pin":1234,"on":true,"deep":{"id":"i"}}})"),
            R"({"options":{"name":"[redacted]","pin":"[redacted]","on":true,"deep":{"id":"[redacted]"}}})");
}

TEST(audit, what_the_schema_calls_secret_is_hidden_whatever_its_name) {
  constexpr endpoint::Field fields[] = {
      {.path = "name", .flags = endpoint::secret},
      {.path = "list", .type = endpoint::Type::array},
      {.path = "list[].id", .flags = endpoint::secret},
  };
  const endpoint::Schema schema("Probe", fields);
  EXPECT_EQ(logged(R"({"name":"n","list":[{"id":"i"}]})", &schema),
            R"({"name":"[redacted]","list":[{"id":"[redacted]"}]})");
}

TEST(audit, long_texts_lists_and_bodies_are_bounded) {
  EXPECT_EQ(logged(R"({"name":")" + std::string(257, 'a') + R"("})"), R"({"name":"[redacted]"})");
  json::Array many;
  for (int i = 0; i < 100; ++i) many.push_back(json::Value("u"));
  EXPECT_EQ(loggable(json::Object{{"users", many}}, nullptr).at("users").as_array().size(), 20u);
  json::Object large;
  for (int i = 0; i < 1000; ++i) large["switch_" + std::to_string(i)] = true;
  EXPECT_TRUE(loggable(large, nullptr).is_null());
  EXPECT_TRUE(loggable(nullptr, nullptr).as_object().empty());
}

TEST(audit, a_record_names_the_object_and_never_its_secrets) {
  World world;
  const auto made = world.post("/connections", body(R"({"name":"git","strategy":"github",
      "options":{"client_id":"i","client_secret":"hunter2hunter2"}})"));
  const auto& details = world.last_log().details;
  EXPECT_EQ(details.at("response").at("statusCode").as_int64(), 201);
  EXPECT_EQ(details.at("response").at("body").at("id").as_string(), made.text("id"));
  EXPECT_EQ(details.at("request").at("body").at("name").as_string(), "git");
  EXPECT_TRUE(details.at("request").at("auth").at("user").as_object().empty());
  EXPECT_EQ(json::serialize(details).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace durward::management
