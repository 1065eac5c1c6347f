#include "management/actions/actions.h"

#include <gtest/gtest.h>

#include "management/support/testing/scripts.h"

namespace durward::management::actions {
namespace {

using ports::Collection;
using testing::Answer;

json::Value body(std::string_view text) { return *json::parse(text); }

struct World : testing::World {
  World() { testing::play_builds(*this); }
  Answer create(const std::string& name, const std::string& trigger = "post-login", json::Object more = {}) {
    json::Object action{{"name", name},
                        {"supported_triggers", {{{"id", trigger}}}},
                        {"code", "exports.onExecutePostLogin = async () => {};"}};
    for (const auto& member : more) action[member.key()] = member.value();
    return post("/actions/actions", action);
  }
  std::string deployed(const std::string& name, const std::string& trigger = "post-login") {
    return create(name, trigger, {{"deploy", true}}).text("id");
  }
  Answer bind(const std::string& trigger, std::vector<std::string> names) {
    json::Array bindings;
    for (const auto& name : names)
      bindings.push_back(json::Object{{"ref", {{"type", "action_name"}, {"value", name}}}});
    return patch("/actions/triggers/" + trigger + "/bindings", json::Object{{"bindings", bindings}});
  }
  std::string bound(const std::string& trigger) {
    std::string out;
    const auto listed = get("/actions/triggers/" + trigger + "/bindings");
    for (const auto& binding : listed["bindings"].as_array())
      out += json::string_or(binding.as_object(), "display_name") + " ";
    return out;
  }
};

TEST(actions, a_new_action_is_pending_and_then_built) {
  World world;
  const auto made = world.create("greet");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.text("id").size(), 36u);
  EXPECT_EQ(made.text("status"), "pending");
  EXPECT_EQ(made.text("runtime"), "node22");
  EXPECT_EQ(json::serialize(made["supported_triggers"]), R"([{"id":"post-login","version":"v3"}])");
  EXPECT_TRUE(made.text("created_at").ends_with("000000Z"));
  EXPECT_EQ(made.text("created_at").size(), 30u);
  const auto read = world.get("/actions/actions/" + made.text("id"));
  EXPECT_EQ(read.text("status"), "built");
  EXPECT_TRUE(read.has("built_at"));
  EXPECT_FALSE(read["all_changes_deployed"].as_bool());
  EXPECT_FALSE(read.has("deployed_version"));
  EXPECT_FALSE(read.has("versions_made"));
}

TEST(actions, code_that_does_not_compile_makes_a_failed_draft_that_cannot_be_deployed) {
  World world;
  const auto made = world.create("broken", "post-login", {{"code", "BROKEN"}});
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.text("status"), "failed");
  EXPECT_EQ(json::string_or(made["errors"].at(0).as_object(), "msg"),
            "SyntaxError: Unexpected token (line 3)");
  const auto refused = world.post("/actions/actions/" + made.text("id") + "/deploy");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.text("message"), "The action cannot be deployed: SyntaxError: Unexpected token (line 3)");
  const auto repaired = world.patch("/actions/actions/" + made.text("id"), body(R"({"code":"fine"})"));
  EXPECT_EQ(repaired.text("status"), "built");
  EXPECT_FALSE(repaired.has("errors"));
}

TEST(actions, what_is_to_be_deployed_at_once_and_cannot_be_is_not_made) {
  World world;
  EXPECT_EQ(world.create("broken", "post-login", {{"code", "BROKEN"}, {"deploy", true}}).status, 400);
  world.base.scripts.played = nullptr;
  EXPECT_EQ(world.create("greet", "post-login", {{"deploy", true}}).status, 503);
  EXPECT_EQ(world.count(Collection::actions), 0u);
}

TEST(actions, without_a_sandbox_drafts_wait_and_nothing_is_deployed) {
  World world;
  world.base.scripts.played = nullptr;
  const auto id = world.create("greet").text("id");
  EXPECT_EQ(world.get("/actions/actions/" + id).text("status"), "pending");
  EXPECT_EQ(world.post("/actions/actions/" + id + "/deploy").status, 503);
  EXPECT_EQ(world.count(Collection::action_versions), 0u);
}

TEST(actions, malformed_actions_are_refused) {
  World world;
  const std::string long_code(100'001, 'x');
  const json::Value cases[] = {
      body(R"({"supported_triggers":[{"id":"post-login"}]})"),
      body(R"({"name":"a"})"),
      body(R"({"name":"a","supported_triggers":[]})"),
      body(R"({"name":"a","supported_triggers":[{"id":"post-login"},{"id":"post-login"}]})"),
      body(R"({"name":"a","supported_triggers":[{"id":"nothing"}]})"),
      body(R"({"name":"a","supported_triggers":[{"id":"post-login","version":"v1"}]})"),
      body(R"({"name":"a","supported_triggers":[{"id":"post-login"}],"runtime":"deno"})"),
      body(R"({"name":"a","supported_triggers":[{"id":"post-login"}],"foo":1})"),
      body(
          R"({"name":"a","supported_triggers":[{"id":"post-login"}],"dependencies":[{"name":"../x","version":"1"}]})"),
      body(
          R"({"name":"a","supported_triggers":[{"id":"post-login"}],"dependencies":[{"name":"x","version":"git:x"}]})"),
      body(R"({"name":"a","supported_triggers":[{"id":"post-login"}],
               "dependencies":[{"name":"x","version":"1","registry_url":"https://r.example"}]})"),
      body(R"({"name":"a","supported_triggers":[{"id":"post-login"}],
               "secrets":[{"name":"K","value":"1"},{"name":"K","value":"2"}]})"),
      body(R"({"name":"a","supported_triggers":[{"id":"post-login"}],"modules":[{"module_name":"gone"}]})"),
      json::Object{{"name", "a"}, {"supported_triggers", {{{"id", "post-login"}}}}, {"code", long_code}},
      json::Object{{"name", "a"},
                   {"supported_triggers", {{{"id", "post-login"}}}},
                   {"secrets", {{{"name", "K"}, {"value", std::string(4097, 'x')}}}}},
      json::Object{{"name", "a"},
                   {"supported_triggers", {{{"id", "post-login"}}}},
                   {"secrets", {{{"name", std::string(129, 'k')}, {"value", "v"}}}}},
  };
  for (const auto& refused : cases)
    EXPECT_EQ(world.post("/actions/actions", refused).status, 400) << json::serialize(refused).substr(0, 200);
  EXPECT_EQ(world.count(Collection::actions), 0u);
}

TEST(actions, a_name_is_taken_once) {
  World world;
  world.create("greet");
  EXPECT_EQ(world.create("greet").status, 409);
}

TEST(actions, deployment_freezes_a_numbered_version) {
  World world;
  const auto id = world.create("greet").text("id"), path = "/actions/actions/" + id;
  const auto version = world.post(path + "/deploy");
  EXPECT_EQ(version.status, 200);
  EXPECT_EQ(version["number"].as_int64(), 1);
  EXPECT_TRUE(version["deployed"].as_bool());
  EXPECT_EQ(version.text("status"), "built");
  EXPECT_EQ(version.text("code"), "exports.onExecutePostLogin = async () => {};");
  EXPECT_FALSE(version.has("built_code"));
  EXPECT_EQ(json::string_or(version["action"].as_object(), "name"), "greet");
  EXPECT_TRUE(version["action"].at("all_changes_deployed").as_bool());
  const auto read = world.get(path);
  EXPECT_TRUE(read["all_changes_deployed"].as_bool());
  EXPECT_EQ(json::string_or(read["deployed_version"].as_object(), "id"), version.text("id"));
  const auto changed = world.patch(path, body(R"({"code":"other"})"));
  EXPECT_FALSE(changed["all_changes_deployed"].as_bool());
  EXPECT_EQ(json::string_or(changed["deployed_version"].as_object(), "code"), version.text("code"));
  EXPECT_EQ(world.post(path + "/deploy")["number"].as_int64(), 2);
  const auto versions = world.get(path + "/versions?per_page=1");
  EXPECT_EQ(versions["total"].as_int64(), 2);
  EXPECT_EQ(versions["per_page"].as_int64(), 1);
  EXPECT_EQ(versions["versions"].at(0).at("number").as_int64(), 2) << "newest first";
  EXPECT_FALSE(world.get(path + "/versions/" + version.text("id"))["deployed"].as_bool());
  EXPECT_EQ(world.get(path + "/versions?page=1&per_page=1")["versions"].at(0).at("number").as_int64(), 1);
  EXPECT_TRUE(world.get(path + "/versions?page=9")["versions"].as_array().empty());
}

TEST(actions, what_runs_is_the_code_as_it_was_built) {
  World world;
  world.deployed("greet");
  EXPECT_NE(world.dump().find("built exports.onExecutePostLogin"), std::string::npos);
}

TEST(actions, rolling_back_makes_a_new_version_of_an_earlier_one) {
  World world;
  const auto id = world.create("greet", "post-login", {{"code", "first"}}).text("id"),
             path = "/actions/actions/" + id;
  const auto first = world.post(path + "/deploy").text("id");
  world.patch(path, body(R"({"code":"second"})"));
  world.post(path + "/deploy");
  const auto back = world.post(path + "/versions/" + first + "/deploy");
  EXPECT_EQ(back.status, 202);
  EXPECT_EQ(back["number"].as_int64(), 3);
  EXPECT_EQ(back.text("code"), "first");
  EXPECT_NE(back.text("id"), first);
  auto read = world.get(path);
  EXPECT_EQ(read.text("code"), "second");
  EXPECT_FALSE(read["all_changes_deployed"].as_bool());
  EXPECT_EQ(json::string_or(read["deployed_version"].as_object(), "code"), "first");
  world.post(path + "/versions/" + first + "/deploy", body(R"({"update_draft":true})"));
  read = world.get(path);
  EXPECT_EQ(read.text("code"), "first");
  EXPECT_TRUE(read["all_changes_deployed"].as_bool());
  const auto other = world.deployed("other");
  EXPECT_EQ(world.post("/actions/actions/" + other + "/versions/" + first + "/deploy").status, 404);
}

TEST(actions, the_newest_hundred_versions_stay) {
  World world;
  const auto path = "/actions/actions/" + world.create("greet").text("id");
  for (int i = 0; i < 102; ++i) EXPECT_EQ(world.post(path + "/deploy").status, 200);
  const auto versions = world.get(path + "/versions?per_page=1&page=99");
  EXPECT_EQ(versions["total"].as_int64(), 100);
  EXPECT_EQ(versions["versions"].at(0).at("number").as_int64(), 3);
}

TEST(actions, secrets_are_written_sealed_and_never_read) {
  World world;
  const auto made = world.create(
      "greet", "post-login",
      {{"secrets", {{{"name", "A"}, {"value", "hunter2"}}, {{"name", "B"}, {"value", "hunter3"}}}}});
  EXPECT_EQ(json::string_or(made["secrets"].at(0).as_object(), "name"), "A");
  EXPECT_TRUE(made["secrets"].at(0).as_object().contains("updated_at"));
  EXPECT_FALSE(made["secrets"].at(0).as_object().contains("value"));
  const auto path = "/actions/actions/" + made.text("id");
  world.post(path + "/deploy");
  EXPECT_EQ(world.dump().find("hunter"), std::string::npos);
  const auto kept = world.patch(path, body(R"({"secrets":[{"name":"B"}]})"));
  EXPECT_EQ(kept["secrets"].as_array().size(), 1u);
  const auto test = [&] {
    world.post(path + "/test", body(R"({"payload":{"event":{}}})"));
    return json::serialize(world.base.scripts.calls.back().scripts.at(0)->secrets);
  };
  EXPECT_EQ(test(), R"({"B":"hunter3"})");
  world.patch(path, body(R"({"secrets":[{"name":"B","value":"new"},{"name":"LATER"}]})"));
  EXPECT_EQ(test(), R"({"B":"new"})") << "one without a value has none yet";
}

TEST(actions, modules_are_fetched_once_a_deployment_and_shared_by_who_uses_the_same) {
  World world;
  const json::Object more{{"dependencies", {{{"name", "ms"}, {"version", "2.1.3"}}}}, {"deploy", true}};
  const auto first = world.create("a", "post-login", more).text("id");
  const auto second = world.create("b", "post-login", more).text("id");
  EXPECT_EQ(world.count(Collection::script_modules), 1u);
  EXPECT_EQ(world.remove("/actions/actions/" + first).status, 204);
  EXPECT_EQ(world.count(Collection::script_modules), 1u);
  EXPECT_EQ(world.remove("/actions/actions/" + second).status, 204);
  EXPECT_EQ(world.count(Collection::script_modules), 0u) << "swept when nothing uses it";
  EXPECT_EQ(world.count(Collection::action_versions), 0u);
}

TEST(actions, a_dependency_that_is_not_there_refuses_the_deployment_with_its_name) {
  World world;
  world.base.modules.unknown = {"gone"};
  const auto id =
      world.create("a", "post-login", {{"dependencies", {{{"name", "gone"}, {"version", "1.0.0"}}}}})
          .text("id");
  const auto refused = world.post("/actions/actions/" + id + "/deploy");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.text("message").find("gone"), std::string::npos);
  EXPECT_FALSE(world.get("/actions/actions/" + id).has("deployed_version"));
}

TEST(actions, a_deployment_that_loses_a_race_is_made_again) {
  World world;
  const auto id = world.create("greet").text("id"), path = "/actions/actions/" + id;
  world.store.before_commit = [&] { world.patch(path, body(R"({"code":"newer"})")); };
  const auto version = world.post(path + "/deploy");
  EXPECT_EQ(version.status, 200);
  EXPECT_EQ(version.text("code"), "newer");
}

TEST(actions, lists_are_objects_and_filter) {
  World world;
  world.deployed("a");
  world.create("b");
  world.create("c", "credentials-exchange");
  const auto names = [&](const std::string& query) {
    std::string out;
    const auto found = world.get("/actions/actions" + query);
    for (const auto& action : found["actions"].as_array()) out += json::string_or(action.as_object(), "name");
    return out + std::to_string(found["total"].as_int64());
  };
  EXPECT_EQ(names(""), "abc3");
  EXPECT_EQ(names("?triggerId=post-login"), "ab2");
  EXPECT_EQ(names("?actionName=b"), "b1");
  EXPECT_EQ(names("?deployed=true"), "a1");
  EXPECT_EQ(names("?deployed=false"), "bc2");
  EXPECT_EQ(names("?installed=true"), "0");
  EXPECT_EQ(names("?page=1&per_page=2"), "c3");
}

TEST(actions, what_is_not_there_is_404_without_a_code) {
  World world;
  for (const char* path :
       {"/actions/actions/x", "/actions/actions/x/versions", "/actions/actions/x/versions/y",
        "/actions/executions/x", "/actions/modules/x", "/actions/triggers/x/bindings"}) {
    const auto answer = world.get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_FALSE(answer.has("errorCode")) << path;
  }
  EXPECT_EQ(world.post("/actions/actions/x/deploy").status, 404);
  EXPECT_EQ(world.remove("/actions/actions/x").status, 204);
}

TEST(actions, another_tenants_action_is_missing) {
  World world;
  const auto id = world.create("greet").text("id");
  EXPECT_EQ(world.call(http::Method::get, "/actions/actions/" + id, nullptr, {"*"}, 2).status, 404);
}

TEST(actions, triggers_say_how_their_actions_are_used) {
  World world;
  const auto triggers = world.get("/actions/triggers");
  EXPECT_EQ(triggers["triggers"].at(0).at("id").as_string(), "post-login");
  EXPECT_EQ(triggers["triggers"].at(0).at("version").as_string(), "v3");
  EXPECT_EQ(triggers["triggers"].at(0).at("binding_policy").as_string(), "trigger-bound");
  EXPECT_EQ(triggers["triggers"].at(0).at("default_runtime").as_string(), "node22");
}

TEST(actions, bindings_are_replaced_whole_in_order) {
  World world;
  for (const char* name : {"a", "b"}) world.deployed(name);
  const auto set = world.bind("post-login", {"b", "a"});
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(world.bound("post-login"), "b a ");
  const auto id = json::string_or(set["bindings"].at(0).as_object(), "id");
  EXPECT_EQ(json::string_or(set["bindings"].at(0).at("action").as_object(), "name"), "b");
  const json::Object again{{"bindings",
                            {{{"ref", {{"type", "action_name"}, {"value", "a"}}}, {"failure_policy", "open"}},
                             {{"ref", {{"type", "binding_id"}, {"value", id}}}, {"display_name", "shown"}}}}};
  const auto moved = world.patch("/actions/triggers/post-login/bindings", again);
  EXPECT_EQ(world.bound("post-login"), "a shown ");
  EXPECT_EQ(json::string_or(moved["bindings"].at(1).as_object(), "id"), id) << "a binding keeps its id";
  EXPECT_EQ(moved["bindings"].at(0).at("failure_policy").as_string(), "open");
  EXPECT_EQ(moved["bindings"].at(1).at("failure_policy").as_string(), "closed");
  EXPECT_EQ(world.bind("post-login", {}).status, 200);
  EXPECT_EQ(world.bound("post-login"), "");
}

TEST(actions, a_tenant_has_one_action_of_a_provider) {
  World world;
  const auto mail = world.create("mail", "custom-email-provider").text("id");
  const auto second = world.create("other", "custom-email-provider");
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.text("errorCode"), "action_of_trigger_exists");
  EXPECT_TRUE(second.text("message").contains("'mail'"));
  const auto login = world.create("login").text("id");
  EXPECT_EQ(world
                .patch("/actions/actions/" + login,
                       body(R"({"supported_triggers":[{"id":"custom-email-provider"}]})"))
                .status,
            409);
  EXPECT_EQ(world.patch("/actions/actions/" + mail, body(R"({"code":"exports.x = 2"})")).status, 200);
  EXPECT_EQ(world.create("phone", "custom-phone-provider").status, 201);
  EXPECT_EQ(world.remove("/actions/actions/" + mail).status, 204);
  EXPECT_EQ(world.create("other", "custom-email-provider").status, 201);
}

TEST(actions, of_two_that_race_for_a_trigger_one_wins) {
  World world;
  world.store.before_commit = [&] { world.create("first", "custom-email-provider"); };
  EXPECT_EQ(world.create("second", "custom-email-provider").status, 409);
}

TEST(actions, what_cannot_be_bound_is_refused_and_changes_nothing) {
  World world;
  world.deployed("login");
  world.deployed("machine", "credentials-exchange");
  world.deployed("mail", "custom-email-provider");
  world.create("draft");
  world.bind("post-login", {"login"});
  for (const char* name : {"machine", "draft", "gone"})
    EXPECT_EQ(world.bind("post-login", {name}).status, 400) << name;
  EXPECT_EQ(world.bind("custom-email-provider", {"mail"}).status, 400) << "chosen by the provider";
  EXPECT_EQ(world.bind("nothing", {}).status, 404);
  EXPECT_EQ(world.patch("/actions/triggers/post-login/bindings", body("{}")).status, 400);
  EXPECT_EQ(world
                .patch("/actions/triggers/post-login/bindings",
                       body(R"({"bindings":[{"ref":{"type":"action_name","value":"login"},
                                 "secrets":[{"name":"A","value":"1"}]}]})"))
                .status,
            400);
  EXPECT_EQ(world
                .patch("/actions/triggers/post-login/bindings",
                       body(R"({"bindings":[{"ref":{"type":"action_name","value":"login"},
                                 "failure_policy":"sometimes"}]})"))
                .status,
            400);
  EXPECT_EQ(world.bound("post-login"), "login ");
}

TEST(actions, a_bound_action_goes_by_force_only_and_takes_its_bindings_with_it) {
  World world;
  const auto id = world.deployed("a");
  world.deployed("b");
  world.bind("post-login", {"a", "b"});
  EXPECT_EQ(world.remove("/actions/actions/" + id).status, 409);
  EXPECT_EQ(
      world.patch("/actions/actions/" + id, body(R"({"supported_triggers":[{"id":"event-stream"}]})")).status,
      400);
  EXPECT_EQ(world.remove("/actions/actions/" + id + "?force=true").status, 204);
  EXPECT_EQ(world.bound("post-login"), "b ");
  EXPECT_EQ(world.get("/actions/actions/" + id).status, 404);
}

TEST(actions, every_change_is_in_the_log_without_code_and_secrets) {
  World world;
  world.create(
      "greet", "post-login",
      {{"code", "const password = 'hunter2'"}, {"secrets", {{{"name", "A"}, {"value", "hunter2"}}}}});
  EXPECT_EQ(world.last_log().type, "sapi");
  EXPECT_EQ(world.last_log().description, "Create an action");
  EXPECT_EQ(json::serialize(world.last_log().details).find("hunter2"), std::string::npos);
}

// ---- runs

TEST(actions, a_test_runs_the_draft_and_answers_what_it_would_do) {
  World world;
  ports::ScriptResult said{.id = "a", .name = "greet"};
  said.commands.push_back(json::Object{{"name", "access.deny"}, {"args", {"no"}}});
  said.console.push_back({.at = world.base.clock.now(), .level = "log", .text = "hello"});
  said.error = ports::ScriptError{.kind = "thrown", .name = "Error", .message = "oops", .stack = "at 1"};
  testing::play_builds(world, {.results = {said}});
  const auto made = world.create("greet", "post-login",
                                 {{"secrets", {{{"name", "KEY"}, {"value", "v"}}}},
                                  {"dependencies", {{{"name", "ms"}, {"version", "2.1.3"}}}}});
  const auto path = "/actions/actions/" + made.text("id") + "/test";
  const auto answer = world.post(path, body(R"({"payload":{"event":{"user":{"email":"a@b.c"}}}})"));
  EXPECT_EQ(answer.status, 200);
  const auto& payload = answer["payload"];
  EXPECT_EQ(payload.at("commands").at(0).at("name").as_string(), "access.deny");
  EXPECT_EQ(payload.at("console").at(0).at("text").as_string(), "hello");
  EXPECT_EQ(payload.at("error").at("message").as_string(), "oops");
  const auto& call = world.base.scripts.calls.back();
  EXPECT_EQ(call.handler, "onExecutePostLogin");
  EXPECT_EQ(call.trigger, "post-login");
  EXPECT_EQ(json::serialize(call.input), R"({"event":{"user":{"email":"a@b.c"}}})");
  ASSERT_EQ(call.scripts.size(), 1u);
  EXPECT_TRUE(call.scripts[0]->digest.empty()) << "a draft is not remembered";
  EXPECT_TRUE(call.scripts[0]->code.starts_with("built "));
  EXPECT_EQ(json::serialize(call.scripts[0]->secrets), R"({"KEY":"v"})");
  EXPECT_TRUE(call.scripts[0]->modules->contains("ms"));
  world.post(path,
             body(R"({"payload":{"event":{},"handler":"onContinuePostLogin","continue":{"state":"s"}}})"));
  EXPECT_EQ(world.base.scripts.calls.back().handler, "onContinuePostLogin");
  for (const char* refused : {R"({})", R"({"payload":{}})", R"({"payload":{"event":{},"handler":"exit"}})"})
    EXPECT_EQ(world.post(path, body(refused)).status, 400) << refused;
  EXPECT_EQ(world.count(Collection::action_versions), 0u);
}

TEST(actions, testing_a_draft_that_does_not_compile_says_why) {
  World world;
  const auto id = world.create("broken", "post-login", {{"code", "BROKEN"}}).text("id");
  const auto answer = world.post("/actions/actions/" + id + "/test", body(R"({"payload":{"event":{}}})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer["payload"].at("error").at("kind").as_string(), "invalid");
}

domain::Execution execution(int64_t key, const char* text) {
  const json::Object said{{"at", "2026-01-31T09:30:00.000Z"}, {"level", "log"}, {"text", text}};
  const json::Object result{{"action_name", "greet"}, {"console", json::Array{said}}};
  return {.key = key,
          .id = domain::Execution::id_of(key, "12345678"),
          .trigger_id = "post-login",
          .status = "final",
          .results = {result}};
}

TEST(actions, an_execution_is_read_by_its_id) {
  World world;
  world.base.executions.all = {execution(7, "hello")};
  const auto found = world.get("/actions/executions/" + domain::Execution::id_of(7, "12345678"));
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.text("trigger_id"), "post-login");
  EXPECT_EQ(found["results"].at(0).at("action_name").as_string(), "greet");
}

TEST(actions, the_tail_is_server_sent_events_after_a_key) {
  World world;
  world.base.executions.all = {execution(7, "first\nline"), execution(8, "second")};
  const auto text = world.get_text("/actions/logs/tail?from=7");
  EXPECT_EQ(text.find("first"), std::string::npos);
  EXPECT_NE(text.find("event: console\ndata: {"), std::string::npos);
  EXPECT_NE(text.find("\"text\":\"second\""), std::string::npos);
  EXPECT_NE(text.find("id: 8\nevent: execution\n"), std::string::npos);
  EXPECT_EQ(world.get_text("/actions/logs/tail?from=8"), "retry: 1000\n\n");
  EXPECT_NE(world.get_text("/actions/logs/tail").find("first\\nline"), std::string::npos);
  EXPECT_EQ(world.call(http::Method::get, "/actions/logs/tail?from=x").status, 400);
  EXPECT_EQ(world.call(http::Method::get, "/actions/logs/tail?take=1000").status, 400);
  EXPECT_EQ(world.call(http::Method::get, "/actions/logs/tail", nullptr, {"read:logs"}).status, 403);
}

// ---- modules

TEST(actions, a_published_module_is_part_of_the_actions_that_name_it) {
  World world;
  const auto made = world.post("/actions/modules", body(R"({"name":"shared","code":"exports.x = 1",
      "secrets":[{"name":"TOKEN","value":"hunter2"}],"dependencies":[{"name":"ms","version":"2.1.3"}],"publish":true})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_TRUE(made["all_changes_published"].as_bool());
  EXPECT_EQ(made["latest_version_number"].as_int64(), 1);
  EXPECT_EQ(json::string_or(made["latest_version"].as_object(), "code"), "exports.x = 1");
  EXPECT_EQ(made["actions_using_module_total"].as_int64(), 0);
  const auto path = "/actions/modules/" + made.text("id");
  const auto action = world.create("greet", "post-login", {{"modules", {{{"module_name", "shared"}}}}});
  EXPECT_EQ(action["modules"].at(0).at("module_id").as_string(), made.text("id"));
  EXPECT_EQ(action["modules"].at(0).at("module_version_number").as_int64(), 1);
  EXPECT_EQ(world.get(path)["actions_using_module_total"].as_int64(), 1);
  const auto users = world.get(path + "/actions");
  EXPECT_EQ(users["actions"].at(0).at("action_name").as_string(), "greet");
  world.post("/actions/actions/" + action.text("id") + "/test", body(R"({"payload":{"event":{}}})"));
  const auto& script = world.base.scripts.calls.back().scripts.at(0);
  EXPECT_NE(script->modules->find(R"(module.exports["actions:shared"])"), std::string::npos);
  EXPECT_NE(script->modules->find("built exports.x = 1"), std::string::npos);
  EXPECT_NE(script->modules->find("exports['ms']"), std::string::npos);
  EXPECT_EQ(json::serialize(script->secrets), R"({"TOKEN":"hunter2"})");
  EXPECT_EQ(world.post("/actions/actions/" + action.text("id") + "/deploy").status, 200);
  EXPECT_EQ(world.dump().find("hunter2"), std::string::npos);
  EXPECT_EQ(world.remove(path).status, 409) << "a draft names it";
  world.patch("/actions/actions/" + action.text("id"), body(R"({"modules":[]})"));
  EXPECT_EQ(world.remove(path).status, 204);
  EXPECT_EQ(world.count(Collection::action_module_versions), 0u);
}

TEST(actions, a_module_has_versions_and_a_draft_that_goes_back_to_one) {
  World world;
  const auto path =
      "/actions/modules/" + world.post("/actions/modules", body(R"({"name":"m","code":"one"})")).text("id");
  EXPECT_FALSE(world.get(path)["all_changes_published"].as_bool());
  const auto first = world.post(path + "/versions");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first["version_number"].as_int64(), 1);
  EXPECT_FALSE(world.patch(path, body(R"({"code":"two"})"))["all_changes_published"].as_bool());
  EXPECT_EQ(world.post(path + "/versions")["version_number"].as_int64(), 2);
  EXPECT_EQ(world.get(path + "/versions")["versions"].at(0).at("version_number").as_int64(), 2);
  EXPECT_EQ(world.get(path + "/versions/" + first.text("id")).text("code"), "one");
  const auto back = world.post(path + "/rollback", json::Object{{"module_version_id", first.text("id")}});
  EXPECT_EQ(back.text("code"), "one");
  EXPECT_FALSE(back["all_changes_published"].as_bool());
  EXPECT_EQ(world.post(path + "/rollback", body(R"({"module_version_id":"gone"})")).status, 404);
  EXPECT_EQ(world.patch(path, body(R"({"name":"other"})")).status, 400);
  EXPECT_EQ(world.post("/actions/modules", body(R"({"name":"m","code":"x"})")).status, 409);
  world.patch(path, body(R"({"code":"BROKEN"})"));
  EXPECT_EQ(world.post(path + "/versions").status, 400);
}

}  // namespace
}  // namespace durward::management::actions
