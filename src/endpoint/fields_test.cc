#include "endpoint/fields.h"

#include <gtest/gtest.h>

namespace durward::endpoint {
namespace {

constexpr Field thing_fields[] = {
    {.path = "id", .flags = read_only},
    {.path = "name",
     .flags = required,
     .min = 1,
     .max = 10,
     .format = "/^[^<>]+$/",
     .doc = "The name of the thing"},
    {.path = "kind", .flags = create_only, .values = "small large"},
    {.path = "status", .flags = update_only},
    {.path = "logo_uri", .format = "absolute-uri-or-empty"},
    {.path = "mail", .format = "email"},
    {.path = "host", .format = "hostname"},
    {.path = "page", .format = "https-uri"},
    {.path = "at", .format = "date-time"},
    {.path = "lifetime", .type = Type::integer, .min = 1, .max = 100, .fallback = "10"},
    {.path = "ratio", .type = Type::number, .min = -1, .max = 0},
    {.path = "enabled", .type = Type::boolean, .fallback = "false"},
    {.path = "secret", .flags = secret, .values = "a b"},
    {.path = "tags", .type = Type::array, .min = 1, .max = 2, .values = "red green"},
    {.path = "urls", .type = Type::array},
    {.path = "urls[]", .max = 5},
    {.path = "numbers", .type = Type::array, .items = Type::integer},
    {.path = "jwt", .type = Type::object, .flags = nullable},
    {.path = "jwt.alg", .flags = required},
    {.path = "jwt.lifetime", .type = Type::integer, .fallback = "36000"},
    {.path = "jwt.key", .flags = secret},
    {.path = "scopes", .type = Type::array},
    {.path = "scopes[].value", .flags = required, .min = 1, .max = 280},
    {.path = "scopes[].description"},
    {.path = "scopes[].id", .flags = read_only},
    {.path = "metadata", .type = Type::map, .max = 2},
    {.path = "metadata.*", .max = 5},
    {.path = "free", .type = Type::object},
    {.path = "whatever", .type = Type::any},
};

const Schema& thing() {
  static const Schema schema("Thing", thing_fields);
  return schema;
}

json::Object object(std::string_view text) { return *json::parse_object(text); }

std::string message_of(std::string_view text, bool update = false) {
  auto body = object(text);
  const auto result = update ? thing().check_update(body) : thing().check_create(body);
  if (result) return "accepted";
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  EXPECT_EQ(result.error().code, "invalid_body");
  const std::string prefix = "Payload validation error: ";
  EXPECT_TRUE(result.error().message.starts_with(prefix));
  return result.error().message.substr(prefix.size());
}

std::string created(std::string_view text) {
  auto body = object(text);
  EXPECT_TRUE(thing().check_create(body));
  return json::serialize(body);
}

TEST(fields, defaults_are_filled_on_create_only) {
  EXPECT_EQ(created(R"({"name":"a"})"), R"({"name":"a","lifetime":10,"enabled":false})");
  auto body = object(R"({"mail":"a@example.com"})");
  ASSERT_TRUE(thing().check_update(body));
  EXPECT_EQ(json::serialize(body), R"({"mail":"a@example.com"})");
}

TEST(fields, defaults_of_a_nested_object_are_filled_when_it_is_given) {
  EXPECT_EQ(created(R"({"name":"a","lifetime":1,"enabled":true,"jwt":{"alg":"x"}})"),
            R"({"name":"a","lifetime":1,"enabled":true,"jwt":{"alg":"x","lifetime":36000}})");
}

TEST(fields, members_that_the_server_sets_are_dropped_at_every_level) {
  EXPECT_EQ(created(R"({"id":"x","name":"a","lifetime":1,"enabled":true,"scopes":[{"id":1,"value":"v"}]})"),
            R"({"name":"a","lifetime":1,"enabled":true,"scopes":[{"value":"v"}]})");
}

TEST(fields, an_address_whose_scheme_is_code_is_refused) {
  for (const char* text : {"javascript:alert", "JavaScript:alert", "data:text/html,x", "vbscript:x"})
    EXPECT_NE(message_of(R"({"name":"a","logo_uri":")" + std::string(text) + "\"}"), "accepted") << text;
  EXPECT_EQ(message_of(R"({"name":"a","logo_uri":"https://a.example/logo.png"})"), "accepted");
}

struct Refusal {
  const char *body, *message;
};

TEST(fields, every_rule_refuses_with_its_message) {
  const Refusal cases[] = {
      {R"({})", "'Missing required property: name'."},
      {R"({"name":"a","foo":1})", "'Additional properties not allowed: foo'."},
      {R"({"name":1})",
       "'Expected type string but found type integer' on property name (The name of the thing)."},
      {R"({"name":null})",
       "'Expected type string but found type null' on property name (The name of the thing)."},
      {R"({"name":""})",
       "'String is too short (0 chars), minimum 1' on property name (The name of the thing)."},
      {R"({"name":"12345678901"})",
       "'String is too long (11 chars), maximum 10' on property name (The name of the thing)."},
      {R"({"name":"<b>"})",
       "'String does not match pattern ^[^<>]+$: <b>' on property name (The name of the thing)."},
      {R"({"name":"a","kind":"medium"})", "'No enum match for: medium' on property kind."},
      {R"({"name":"a","status":"x"})", "'Additional properties not allowed: status'."},
      {R"({"name":"a","logo_uri":"no uri"})",
       "'Object didn't pass validation for format absolute-uri-or-empty: no uri' on property logo_uri."},
      {R"({"name":"a","mail":"a@b@c"})",
       "'Object didn't pass validation for format email: a@b@c' on property mail."},
      {R"({"name":"a","host":"-a.example"})",
       "'Object didn't pass validation for format hostname: -a.example' on property host."},
      {R"({"name":"a","page":"http://a.example"})",
       "'Object didn't pass validation for format https-uri: http://a.example' on property page."},
      {R"({"name":"a","at":"yesterday"})",
       "'Object didn't pass validation for format date-time: yesterday' on property at."},
      {R"({"name":"a","lifetime":0})", "'Value 0 is less than minimum 1' on property lifetime."},
      {R"({"name":"a","lifetime":101})", "'Value 101 is greater than maximum 100' on property lifetime."},
      {R"({"name":"a","lifetime":1.5})",
       "'Expected type integer but found type number' on property lifetime."},
      {R"({"name":"a","ratio":0.5})", "'Value 0.5 is greater than maximum 0' on property ratio."},
      {R"({"name":"a","enabled":"yes"})",
       "'Expected type boolean but found type string' on property enabled."},
      {R"({"name":"a","tags":[]})", "'Array is too short (0), minimum 1' on property tags."},
      {R"({"name":"a","tags":["red","red","red"]})", "'Array is too long (3), maximum 2' on property tags."},
      {R"({"name":"a","tags":["blue"]})", "'No enum match for: blue' on property tags.0."},
      {R"({"name":"a","tags":"red"})", "'Expected type array but found type string' on property tags."},
      {R"({"name":"a","urls":["123456"]})", "'String is too long (6 chars), maximum 5' on property urls.0."},
      {R"({"name":"a","numbers":[1,"2"]})",
       "'Expected type integer but found type string' on property numbers.1."},
      {R"({"name":"a","jwt":{}})", "'Missing required property: alg' on property jwt."},
      {R"({"name":"a","jwt":{"alg":"x","more":1}})",
       "'Additional properties not allowed: more' on property jwt."},
      {R"({"name":"a","jwt":[]})", "'Expected type object but found type array' on property jwt."},
      {R"({"name":"a","scopes":[{"value":"a"},{}]})",
       "'Missing required property: value' on property scopes.1."},
      {R"({"name":"a","scopes":["a"]})",
       "'Expected type object but found type string' on property scopes.0."},
      {R"({"name":"a","scopes":[{"value":"a","x":1}]})",
       "'Additional properties not allowed: x' on property scopes.0."},
      {R"({"name":"a","metadata":{"a":"","b":"","c":""}})",
       "'Too many properties defined (3), maximum 2' on property metadata."},
      {R"({"name":"a","metadata":{"a":"123456"}})",
       "'String is too long (6 chars), maximum 5' on property metadata.a."},
  };
  for (const auto& [body, message] : cases) EXPECT_EQ(message_of(body), message) << body;
}

TEST(fields, a_secret_is_not_quoted_in_its_refusal) {
  EXPECT_EQ(message_of(R"({"name":"a","secret":"hunter2"})"), "'No enum match for: ***' on property secret.");
}

TEST(fields, lengths_count_characters_and_not_bytes) {
  EXPECT_EQ(message_of(R"({"name":"ääääääääää"})"), "accepted");
}

TEST(fields, a_long_text_never_reaches_a_regular_expression) {
  constexpr Field fields[] = {{.path = "a", .format = "/^(x|y)*$/"}};
  const Schema schema("A", fields);
  json::Object body;
  body["a"] = std::string(100'000, 'x');
  const auto result = schema.check_create(body);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("String is too long"), std::string::npos);
}

TEST(fields, an_update_needs_no_required_member_but_whole_nested_objects) {
  EXPECT_EQ(message_of(R"({})", true), "accepted");
  EXPECT_EQ(message_of(R"({"status":"x"})", true), "accepted");
  EXPECT_EQ(message_of(R"({"jwt":{}})", true), "'Missing required property: alg' on property jwt.");
  EXPECT_EQ(message_of(R"({"jwt":null})", true), "accepted");
}

TEST(fields, an_update_refuses_what_is_fixed_at_creation) {
  EXPECT_EQ(message_of(R"({"kind":"small"})", true), "'Additional properties not allowed: kind'.");
}

TEST(fields, an_object_without_rows_and_any_accept_everything) {
  EXPECT_EQ(message_of(R"({"name":"a","free":{"x":[1]},"whatever":[null]})"), "accepted");
}

TEST(fields, an_open_schema_accepts_unknown_members_but_checks_known_ones) {
  constexpr Field fields[] = {{.path = "a", .type = Type::boolean}};
  const Schema schema("Open", fields, true);
  auto good = object(R"({"a":true,"b":1})"), bad = object(R"({"a":1})");
  EXPECT_TRUE(schema.check_create(good));
  EXPECT_FALSE(schema.check_create(bad));
}

TEST(fields, a_body_that_is_an_array_is_checked_item_by_item) {
  constexpr Field fields[] = {{.path = "[].client_id", .flags = required},
                              {.path = "[].status", .type = Type::boolean, .flags = required}};
  const Schema schema("Clients", fields);
  auto good = *json::parse(R"([{"client_id":"a","status":true}])");
  auto bad = *json::parse(R"([{"client_id":"a"}])");
  auto object_instead = *json::parse("{}");
  EXPECT_TRUE(schema.check(good, true));
  EXPECT_EQ(schema.check(bad, true).error().message,
            "Payload validation error: 'Missing required property: status' on property 0.");
  EXPECT_FALSE(schema.check(object_instead, true));
}

TEST(fields, secret_paths_name_every_secret) {
  EXPECT_EQ(thing().secret_paths(), (std::vector<std::string>{"secret", "jwt.key"}));
}

TEST(fields, tables_that_contradict_themselves_do_not_start) {
  const std::vector<std::vector<Field>> tables = {
      {{.path = "a.b"}},
      {{.path = "a"}, {.path = "a"}},
      {{.path = "a", .flags = create_only | update_only}},
      {{.path = "a", .flags = required | read_only}},
      {{.path = "a", .format = "no-such-format"}},
      {{.path = "a", .format = "/["}},
      {{.path = "a", .format = "/[/"}},
      {{.path = "a", .fallback = "{"}},
      {{.path = "a", .type = Type::integer, .values = "1 2"}},
      {{.path = "a", .min = 5, .max = 2}},
      {{.path = "a"}, {.path = "a.b"}},
      {{.path = "a"}, {.path = "a[].b"}},
      {{.path = ""}},
  };
  for (const auto& table : tables) EXPECT_THROW(Schema("Bad", table), std::logic_error) << table.front().path;
}

TEST(fields, the_json_schema_follows_the_table) {
  const auto request = thing().openapi(true), reply = thing().openapi(false);
  EXPECT_EQ(json::serialize(request.at("required").as_array()), R"(["name"])");
  EXPECT_FALSE(request.at("properties").as_object().contains("id"));
  EXPECT_TRUE(reply.at("properties").as_object().contains("id"));
  EXPECT_EQ(json::serialize(request.at("properties").at("jwt").at("type")), R"(["object","null"])");
  EXPECT_EQ(request.at("properties").at("scopes").at("items").at("required").as_array().size(), 1u);
  EXPECT_EQ(request.at("properties").at("lifetime").at("default").to_number<int>(), 10);
  EXPECT_EQ(request.at("additionalProperties").as_bool(), false);
}

TEST(merge_patch, replaces_members_whole_and_null_removes) {
  auto target = object(R"({"a":{"x":1,"y":2},"b":1,"c":3})");
  merge_patch(target, object(R"({"a":{"x":5},"b":null,"d":[1]})"));
  EXPECT_EQ(json::Value(target), *json::parse(R"({"a":{"x":5},"c":3,"d":[1]})"));
}

TEST(merge_patch, merges_the_named_members_one_level_deep) {
  auto target = object(R"({"m":{"a":1,"b":{"x":1},"c":1}})");
  constexpr std::string_view merged[] = {"m", "n"};
  merge_patch(target, object(R"({"m":{"a":null,"b":{"y":2}},"n":{"z":1,"q":null}})"), merged);
  EXPECT_EQ(json::Value(target), *json::parse(R"({"m":{"b":{"y":2},"c":1},"n":{"z":1}})"));
}

TEST(project, keeps_or_drops_the_named_paths) {
  const auto whole = object(R"({"a":1,"b":{"c":2,"d":3},"e":[{"f":1,"g":2}]})");
  EXPECT_EQ(json::serialize(project(whole, "a, b.c,e.f", true)), R"({"a":1,"b":{"c":2},"e":[{"f":1}]})");
  EXPECT_EQ(json::serialize(project(whole, "a,b.c", false)), R"({"b":{"d":3},"e":[{"f":1,"g":2}]})");
  EXPECT_EQ(project(whole, "", true), whole);
  EXPECT_TRUE(project(whole, "nothing", true).empty());
}

}  // namespace
}  // namespace durward::endpoint
