#include "adapters/sandbox/scripts_wire.h"

#include <gtest/gtest.h>

#include "adapters/sandbox/remote_scripts.h"
#include "adapters/sandbox/scripts_face.h"
#include "http/test_server.h"

namespace durward::adapters::sandbox {
namespace {

// Remembers what it was asked and answers what it is told.
class FakeScripts : public ports::Scripts {
 public:
  Async<ports::ScriptOutcome> run(domain::TenantId tenant, ports::ScriptCall call) override {
    ++asked;
    last_tenant = tenant;
    last = std::move(call);
    co_return answer;
  }
  int asked = 0;
  domain::TenantId last_tenant;
  ports::ScriptCall last;
  Result<ports::ScriptOutcome> answer;
  ScriptShelf shelf;
};

class RemoteScriptsTest : public testing::Test {
 protected:
  Task<http::Response> serve(FakeScripts* scripts, http::Request request) {
    bodies_with_code_ += request.body.find("\"code\"") != request.body.npos;
    if (request.path == scripts_path) return serve_scripts(*scripts, scripts->shelf, std::move(request));
    return say(http::text_response(404, ""));
  }
  static Task<http::Response> say(http::Response response) { co_return response; }
  static ports::ScriptCall call() {
    auto script = std::make_shared<domain::Script>();
    script->id = "a";
    script->name = "An action";
    script->digest = "d";
    script->code = "exports.x = '\xc3\xa4';";
    script->modules = std::make_shared<const std::string>("module.exports = {};");
    script->secrets = {{"KEY", "value"}};
    ports::ScriptCall call{
        .contract = ports::Contract::action, .trigger = "post-login", .handler = "onExecutePostLogin"};
    call.scripts = {script};
    call.input = {{"event", json::Object{{"a", 1}}}};
    call.within = Milliseconds(5'000);
    return call;
  }
  Result<ports::ScriptOutcome> run() { return run_sync(remote_.run({7}, call())); }

  FakeScripts scripts_;
  std::atomic<int> bodies_with_code_{0};
  http::testing::RunningServer server_{
      [this](http::Request request) { return serve(&scripts_, std::move(request)); }};
  SeededRandom random_{1};
  metrics::Registry metrics_;
  std::unique_ptr<http::Client> client_ = *http::Client::create({}, metrics_);
  http::Upstream upstream_{*client_, random_, metrics_, [this] {
                             http::UpstreamOptions options;
                             options.name = "extensions";
                             options.origins = {{false, "127.0.0.1", server_.port()}};
                             options.deadline_field = deadline_field;
                             return options;
                           }()};
  RemoteScripts remote_{upstream_};
};

TEST_F(RemoteScriptsTest, a_call_arrives_as_it_was_made) {
  scripts_.answer = ports::ScriptOutcome{};
  ASSERT_TRUE(run());
  const auto expected = call();
  EXPECT_EQ(scripts_.last_tenant.value, 7);
  EXPECT_EQ(scripts_.last.trigger, expected.trigger);
  EXPECT_EQ(scripts_.last.handler, expected.handler);
  EXPECT_EQ(scripts_.last.input, expected.input);
  ASSERT_EQ(scripts_.last.scripts.size(), 1u);
  EXPECT_EQ(scripts_.last.scripts[0]->code, expected.scripts[0]->code);
  EXPECT_EQ(*scripts_.last.scripts[0]->modules, *expected.scripts[0]->modules);
  EXPECT_EQ(scripts_.last.scripts[0]->secrets, expected.scripts[0]->secrets);
  EXPECT_LE(scripts_.last.within, expected.within);
  EXPECT_GT(scripts_.last.within.count(), 0);
}

TEST_F(RemoteScriptsTest, an_outcome_comes_back_as_it_was) {
  ports::ScriptResult result;
  result.id = "a";
  result.name = "An action";
  result.started_at = from_unix_ms(10);
  result.ended_at = from_unix_ms(20);
  result.commands = {json::Object{{"name", "x.y"}, {"args", json::Array{1, "b"}}}};
  result.console = {{from_unix_ms(15), "warn", "said"}};
  result.error = ports::ScriptError{"thrown", "TypeError", "m", "s", {{"a", 1}}};
  scripts_.answer = ports::ScriptOutcome{{result}, {{"user", json::Object()}}};
  const auto outcome = run();
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->results.size(), 1u);
  const auto& back = outcome->results[0];
  EXPECT_EQ(back.id, result.id);
  EXPECT_EQ(back.ended_at, result.ended_at);
  EXPECT_EQ(back.commands, result.commands);
  EXPECT_EQ(back.console.at(0).text, "said");
  EXPECT_EQ(back.error->name, "TypeError");
  EXPECT_EQ(back.error->members, result.error->members);
  EXPECT_TRUE(outcome->output.contains("user"));
}

TEST_F(RemoteScriptsTest, code_is_sent_once_and_again_to_who_lost_it) {
  scripts_.answer = ports::ScriptOutcome{};
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(run());
    EXPECT_EQ(scripts_.last.scripts[0]->code, call().scripts[0]->code) << i;
    EXPECT_EQ(*scripts_.last.scripts[0]->modules, *call().scripts[0]->modules);
    EXPECT_EQ(scripts_.last.scripts[0]->secrets, call().scripts[0]->secrets);
  }
  EXPECT_EQ(bodies_with_code_, 1);
  std::destroy_at(&scripts_.shelf);
  std::construct_at(&scripts_.shelf);
  ASSERT_TRUE(run());
  EXPECT_EQ(bodies_with_code_, 2);
  EXPECT_EQ(scripts_.asked, 4) << "a call that lacked its code did not run";
}

TEST_F(RemoteScriptsTest, a_refusal_keeps_its_code_and_time_and_is_not_asked_again) {
  scripts_.answer = std::unexpected(Error{ErrorKind::unavailable, "extensions_unavailable", "busy", "", 17});
  const auto outcome = run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(outcome.error().code, "extensions_unavailable");
  EXPECT_EQ(outcome.error().retry_after, 17);
  EXPECT_EQ(scripts_.asked, 1);
}

TEST_F(RemoteScriptsTest, a_role_that_is_not_there_is_unavailable) {
  server_.server().drain();
  const auto outcome = run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "extensions_unavailable");
}

TEST(ScriptsWire, what_is_not_a_call_an_outcome_or_a_bundle_is_refused) {
  for (const char* text : {"", "[]", "{}", R"({"contract":"other","scripts":[],"input":{}})",
                           R"({"contract":"action","scripts":[1],"input":{}})",
                           R"({"contract":"action","scripts":[{}],"input":{}})"})
    EXPECT_FALSE(call_of(text)) << text;
  for (const char* text : {"", "{}", R"({"results":[{}],"output":{}})", R"({"refused":{"kind":"other"}})"})
    EXPECT_FALSE(outcome_of(text)) << text;
  EXPECT_FALSE(modules_of("{}"));
  EXPECT_FALSE(bundle_of("{}"));
}

TEST(ScriptShelf, what_was_used_longest_ago_goes_and_tenants_do_not_share) {
  ScriptShelf shelf(10);
  const auto with = [](const char* digest, const char* code) {
    auto script = std::make_shared<domain::Script>();
    script->digest = digest;
    script->code = code;
    return std::vector<domain::ScriptPtr>{script};
  };
  const auto knows = [&](int64_t tenant, const char* digest) {
    auto asked = with(digest, "");
    return shelf.complete({tenant}, asked);
  };
  auto a = with("a", "12345"), b = with("b", "12345"), c = with("c", "12345");
  EXPECT_TRUE(shelf.complete({1}, a));
  EXPECT_TRUE(shelf.complete({1}, b));
  EXPECT_TRUE(knows(1, "a"));
  EXPECT_FALSE(knows(2, "a"));
  EXPECT_TRUE(shelf.complete({1}, c));
  EXPECT_FALSE(knows(1, "b"));
  EXPECT_TRUE(knows(1, "a"));
}

TEST(ScriptsWire, modules_and_bundles_survive_the_way) {
  const auto names = modules_of(to_wire(std::vector<ports::ModuleName>{{"left-pad", "1.3.0"}}));
  ASSERT_TRUE(names);
  EXPECT_EQ(names->at(0).version, "1.3.0");
  EXPECT_EQ(*bundle_of(bundle_to_wire(std::string("text"))), "text");
  const auto refused =
      bundle_of(bundle_to_wire(fail(ErrorKind::invalid, "invalid_dependency", "no such module")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_EQ(refused.error().message, "no such module");
}

}  // namespace
}  // namespace durward::adapters::sandbox
