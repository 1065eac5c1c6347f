#include "endpoint/endpoint.h"

#include <gtest/gtest.h>

#include "base/executor.h"

namespace durward::endpoint {
namespace {

constexpr Field note_fields[] = {
    {.path = "id", .flags = read_only},
    {.path = "text", .flags = required, .min = 1},
};
const Schema note("Note", note_fields);

Async<Reply> echo(Call call) {
  Reply reply;
  reply.body = call.body.is_null() ? json::Value(json::Object()) : call.body;
  co_return reply;
}

Async<Reply> fail_conflict(Call) {
  co_return fail(ErrorKind::conflict, "note_exists", "The note already exists.");
}

Async<Reply> say_gone(Call) { co_return Reply{.status = 204, .body = "x"}; }

Async<Principal> authenticate(RequestContext, std::string bearer) {
  if (bearer == "none") co_return Principal{.client_id = "c"};
  if (bearer != "good") co_return fail(ErrorKind::unauthenticated, "invalid_token", "Invalid token");
  co_return Principal{.subject = "c@clients", .client_id = "c", .scopes = {"create:notes"}};
}

Endpoint create_row() {
  return {.id = "create_note",
          .method = http::Method::post,
          .path = "/api/v2/notes/{id}",
          .tag = "notes",
          .summary = "Create a note",
          .scopes = {"create:notes", "update:notes"},
          .success = 201,
          .body = &note,
          .query = {{.name = "size", .type = Type::integer, .min = 1, .max = 9},
                    {.name = "flag", .type = Type::boolean},
                    {.name = "kind", .values = "a b"},
                    {.name = "q", .max = 3}},
          .reply = &note,
          .handler = ManagementHandler(echo)};
}

http::Request request(std::string body = R"({"text":"hi"})") {
  http::Request out;
  out.method = http::Method::post;
  out.path = "/api/v2/notes/1";
  out.headers.set("Authorization", "Bearer good");
  out.headers.set("Content-Type", "application/json; charset=utf-8");
  out.body = std::move(body);
  return out;
}

http::Response run(http::Request message, const Endpoint& row = create_row()) {
  return run_sync(run_management(row, authenticate, {}, std::move(message), {{"id", "1"}}));
}

json::Object body_of(const http::Response& response) { return *json::parse_object(response.body); }

TEST(run_management, a_good_request_gets_the_status_of_its_row) {
  const auto response = run(request());
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, R"({"text":"hi"})");
}

TEST(run_management, a_missing_token_is_401_without_error_code) {
  auto message = request();
  message.headers.remove("Authorization");
  const auto response = run(message);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, R"({"statusCode":401,"error":"Unauthorized","message":"Missing authentication"})");
  EXPECT_EQ(response.headers.get("WWW-Authenticate"), "Bearer");
}

TEST(run_management, an_authorization_that_is_no_bearer_token_is_401) {
  for (const char* value : {"good", "Basic good", "Bearer", "Bearer ", "Bearer a b"}) {
    auto message = request();
    message.headers.set("Authorization", value);
    const auto response = run(message);
    EXPECT_EQ(response.status, 401) << value;
    EXPECT_FALSE(body_of(response).contains("errorCode"));
  }
}

TEST(run_management, two_authorization_fields_are_401) {
  auto message = request();
  message.headers.add("Authorization", "Bearer good");
  EXPECT_EQ(run(message).status, 401);
}

TEST(run_management, the_scheme_compares_without_case) {
  auto message = request();
  message.headers.set("Authorization", "bearer good");
  EXPECT_EQ(run(message).status, 201);
}

TEST(run_management, a_refused_token_is_401_without_error_code) {
  auto message = request();
  message.headers.set("Authorization", "Bearer forged");
  const auto response = run(message);
  EXPECT_EQ(response.body, R"({"statusCode":401,"error":"Unauthorized","message":"Invalid token"})");
  EXPECT_EQ(response.headers.get("WWW-Authenticate"), "Bearer error=\"invalid_token\"");
}

TEST(run_management, a_missing_scope_is_403_and_names_the_scopes_that_would_do) {
  auto message = request();
  message.headers.set("Authorization", "Bearer none");
  const auto response = run(message);
  EXPECT_EQ(response.body, R"({"statusCode":403,"error":"Forbidden",)"
                           R"("message":"Insufficient scope, expected any of: create:notes,update:notes",)"
                           R"("errorCode":"insufficient_scope"})");
}

TEST(run_management, another_content_type_is_415) {
  auto message = request("text=hi");
  message.headers.set("Content-Type", "application/x-www-form-urlencoded");
  EXPECT_EQ(run(message).status, 415);
}

TEST(run_management, a_missing_content_type_is_read_as_json) {
  auto message = request();
  message.headers.remove("Content-Type");
  EXPECT_EQ(run(message).status, 201);
}

TEST(run_management, broken_json_is_400_invalid_body) {
  for (const char* text : {"{", "{\"text\":\"a\",\"text\":\"b\"}", "{\"text\":\"\xff\"}"}) {
    const auto response = run(request(text));
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(body_of(response).at("errorCode").as_string(), "invalid_body");
  }
}

TEST(run_management, a_body_of_another_type_is_400) {
  for (const char* text : {"", "[]", "\"x\"", "null"}) {
    const auto response = run(request(text));
    EXPECT_EQ(response.status, 400) << text;
    EXPECT_TRUE(std::string_view(body_of(response).at("message").as_string())
                    .starts_with("Payload validation error: "));
  }
}

TEST(run_management, a_body_that_is_optional_may_be_missing_but_not_wrong) {
  constexpr Field fields[] = {{.path = "text", .min = 1}};
  const Schema schema("Optional", fields);
  auto row = create_row();
  row.body = &schema;
  EXPECT_EQ(run(request(""), row).status, 400);
  row.body_optional = true;
  for (const char* body : {"", "null", "{}"}) EXPECT_EQ(run(request(body), row).body, "{}");
  for (const char* body : {"[]", R"({"text":1})"}) EXPECT_EQ(run(request(body), row).status, 400);
}

TEST(run_management, unknown_query_parameters_are_ignored_and_known_ones_checked) {
  auto message = request();
  message.query = "nothing=1&size=3&flag=true&kind=a&q=abc";
  EXPECT_EQ(run(message).status, 201);
  for (const char* text : {"size=0", "size=10", "size=x", "size=1e0", "flag=maybe", "kind=c", "q=abcd",
                           "a=%zz", "size=3&size=x"}) {
    message.query = text;
    const auto response = run(message);
    EXPECT_EQ(response.status, 400) << text;
    EXPECT_EQ(body_of(response).at("errorCode").as_string(), "invalid_query_string") << text;
  }
}

TEST(run_management, a_required_query_parameter_that_is_missing_is_400) {
  auto row = create_row();
  row.query = {{.name = "email", .flags = required}};
  EXPECT_EQ(run(request(), row).status, 400);
}

TEST(run_management, an_error_of_the_handler_becomes_shape_b) {
  auto row = create_row();
  row.handler = ManagementHandler(fail_conflict);
  const auto response = run(request(), row);
  EXPECT_EQ(response.body, R"({"statusCode":409,"error":"Conflict","message":"The note already exists.",)"
                           R"("errorCode":"note_exists"})");
}

TEST(run_management, a_204_has_no_body) {
  auto row = create_row();
  row.handler = ManagementHandler(say_gone);
  const auto response = run(request(), row);
  EXPECT_EQ(response.status, 204);
  EXPECT_TRUE(response.body.empty());
}

TEST(management_error, every_kind_has_its_status) {
  EXPECT_EQ(status_of(ErrorKind::invalid), 400);
  EXPECT_EQ(status_of(ErrorKind::not_found), 404);
  EXPECT_EQ(status_of(ErrorKind::limited), 429);
  EXPECT_EQ(management_error({.kind = ErrorKind::unavailable}).status, 503);
  EXPECT_EQ(management_error({.kind = ErrorKind::internal, .debug = "secret"}).body,
            R"({"statusCode":500,"error":"Internal Server Error","message":"Internal Server Error"})");
}

TEST(call, an_unknown_path_parameter_is_a_broken_row) {
  EXPECT_THROW(Call{}.parameter("id"), std::logic_error);
}

TEST(check_rows, good_rows_pass) {
  auto other = create_row();
  other.id = "other";
  other.method = http::Method::get;
  EXPECT_NO_THROW(check_rows({create_row(), other}));
}

TEST(check_rows, wrong_rows_do_not_start) {
  const std::vector<std::function<void(Endpoint&)>> mistakes = {
      [](Endpoint& e) { e.id.clear(); },
      [](Endpoint& e) { e.path = "api"; },
      [](Endpoint& e) { e.path = "/a/{}"; },
      [](Endpoint& e) { e.path = "/a/{id"; },
      [](Endpoint& e) { e.path = "/a/id}"; },
      [](Endpoint& e) { e.path = "/a/{x}/{x}"; },
      [](Endpoint& e) { e.scopes.clear(); },
      [](Endpoint& e) { e.open_because = "public"; },
      [](Endpoint& e) { e.success = 404; },
      [](Endpoint& e) { e.handler = ManagementHandler(); },
      [](Endpoint& e) { e.method = http::Method::other; },
  };
  for (const auto& mistake : mistakes) {
    auto row = create_row();
    mistake(row);
    EXPECT_THROW(check_rows({row}), std::logic_error);
  }
}

TEST(check_rows, ids_and_routes_are_unique) {
  auto same_id = create_row(), same_route = create_row();
  same_id.path = "/other";
  same_route.id = "other";
  same_route.path = "/api/v2/notes/{note_id}";
  EXPECT_THROW(check_rows({create_row(), same_id}), std::logic_error);
  EXPECT_THROW(check_rows({create_row(), same_route}), std::logic_error);
}

void find_references(const json::Value& value, std::vector<std::string>& out) {
  if (value.is_array())
    for (const auto& item : value.get_array()) find_references(item, out);
  if (!value.is_object()) return;
  for (const auto& member : value.get_object()) {
    if (member.key() == "$ref") out.emplace_back(json::view(member.value().as_string()));
    find_references(member.value(), out);
  }
}

TEST(openapi, the_document_has_the_structure_that_3_1_asks_for) {
  auto update = create_row();
  update.id = "update_note";
  update.method = http::Method::patch;
  const auto document = openapi({create_row(), update}, "1.2.3");
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  EXPECT_EQ(document.at("info").at("version").as_string(), "1.2.3");
  const auto& post = document.at("paths").at("/api/v2/notes/{id}").at("post").as_object();
  EXPECT_EQ(post.at("operationId").as_string(), "create_note");
  EXPECT_TRUE(post.at("responses").as_object().contains("201"));
  EXPECT_EQ(post.at("parameters").as_array().size(), 5u);
  EXPECT_EQ(post.at("parameters").at(0).at("in").as_string(), "path");
  EXPECT_TRUE(post.at("parameters").at(0).at("required").as_bool());
  const auto& schemas = document.at("components").at("schemas").as_object();
  EXPECT_TRUE(schemas.at("NoteRequest").as_object().contains("required"));
  EXPECT_FALSE(schemas.at("NotePatch").as_object().contains("required"));
}

TEST(openapi, every_reference_resolves) {
  const json::Value document = openapi({create_row()}, "1");
  std::vector<std::string> references;
  find_references(document, references);
  EXPECT_GE(references.size(), 3u);
  for (const auto& path : references) {
    ASSERT_TRUE(path.starts_with("#"));
    boost::json::error_code error;
    EXPECT_NE(document.find_pointer(path.substr(1), error), nullptr) << path;
  }
}

}  // namespace
}  // namespace durward::endpoint
