#include "extensions/notices.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::ScriptWorld;

struct Notices : ::testing::Test, ScriptWorld {
  Notice notice;
  Notices() {
    notice.trigger = "post-user-registration";
    notice.context = context();
    notice.connection = add_connection("db", {"app"});
    notice.user = add_user("1", "ada@example.com");
  }
};

TEST_F(Notices, nothing_runs_and_nothing_is_written_when_nothing_is_bound) {
  testing::finish(run_notice(services, notice));
  EXPECT_TRUE(scripts.calls.empty());
  EXPECT_EQ(state.commits, 0);
}

TEST_F(Notices, scripts_hear_of_the_user_and_their_record_is_kept) {
  bind(notice.trigger, "hears", does());
  testing::finish(run_notice(services, notice));
  ASSERT_EQ(scripts.calls.size(), 1u);
  const auto& user = scripts.calls[0].input.at("event").as_object().at("user").as_object();
  EXPECT_EQ(json::string_or(user, "email"), "ada@example.com");
  EXPECT_FALSE(user.contains("identities"));
  EXPECT_EQ(state.commits, 1);
}

TEST_F(Notices, what_fails_is_recorded_and_changes_nothing) {
  bind(notice.trigger, "broken", fails("thrown"));
  testing::finish(run_notice(services, notice));
  EXPECT_EQ(state.commits, 1);
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy"};
  testing::finish(run_notice(services, notice));
  EXPECT_EQ(state.commits, 2);
}

TEST_F(Notices, hooks_hear_where_no_action_is_bound) {
  add_hook(notice.trigger, fails("thrown"));
  testing::finish(run_notice(services, notice));
  EXPECT_EQ(scripts.calls.back().contract, ports::Contract::hook);
  EXPECT_EQ(state.commits, 0);
}

TEST_F(Notices, nobody_waits_for_them) {
  bind(notice.trigger, "hears", does());
  notify(services, notice);
  EXPECT_EQ(scripts.calls.size(), 1u) << "run to its end here, where nothing is asynchronous";
}

}  // namespace
}  // namespace durward::extensions
