#include "extensions/event_stream.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::ScriptWorld;

struct EventStream : ::testing::Test, ScriptWorld {
  Result<> run(std::string action = "act_1") {
    return run_sync(
        run_event_stream(services, {1}, std::move(action), {{"type", "user.created"}, {"id", "evt_1"}}));
  }
  // A deployed action that no trigger is bound to.
  void deploy(Act act) {
    auto& bound = configuration.tenant_scripts.triggers["event-stream"];
    configuration.tenant_scripts.actions["act_1"] = bind("event-stream", "hears", std::move(act)).script;
    bound.clear();
  }
};

TEST_F(EventStream, the_action_gets_the_message_and_its_record_is_kept) {
  deploy(does());
  ASSERT_TRUE(run());
  ASSERT_EQ(scripts.calls.size(), 1u);
  EXPECT_EQ(scripts.calls[0].handler, "onExecuteEventStream");
  EXPECT_EQ(json::serialize(scripts.calls[0].input.at("event")),
            R"({"message":{"type":"user.created","id":"evt_1"}})");
  EXPECT_EQ(state.commits, 1);
}

TEST_F(EventStream, what_fails_is_told_and_recorded) {
  deploy(fails("thrown", "no such table"));
  const auto done = run();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::conflict);
  EXPECT_NE(done.error().message.find("no such table"), std::string::npos);
  EXPECT_EQ(state.commits, 1);
}

TEST_F(EventStream, code_that_cannot_be_run_now_is_run_later) {
  deploy(does());
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy"};
  EXPECT_EQ(run().error().kind, ErrorKind::unavailable);
}

TEST_F(EventStream, an_action_that_is_not_deployed_is_no_destination) {
  const auto done = run("act_gone");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "action_not_deployed");
  EXPECT_TRUE(scripts.calls.empty());
}

TEST_F(EventStream, commands_of_other_triggers_are_refused) {
  deploy(does({testing::asks("access.deny", {"no"})}));
  EXPECT_FALSE(run());
}

}  // namespace
}  // namespace durward::extensions
