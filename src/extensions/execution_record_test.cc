#include "extensions/execution_record.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::asks;

struct Kept : ::testing::Test {
  testing::ScriptWorld world;
  domain::BoundScript binding = world.bind("post-login", "greet", testing::ScriptWorld::does());
  ports::ScriptResult result{
      .id = "greet", .name = "greet", .started_at = testing::start, .ended_at = testing::start};

  domain::Execution stored(json::Object row) {
    auto execution =
        execution_of(world.services, "post-login", {std::move(row)}, false, testing::start).execution;
    execution.results = json::parse(json::serialize(execution.results))->as_array();
    return execution;
  }
  json::Object row(json::Array commands) {
    return record_of(result, Performed{"binding", "greet", *judge_all("post-login", commands)});
  }
};

TEST_F(Kept, commands_are_read_back_with_their_arguments) {
  const auto performed = performed_of(stored(row(
      {asks("idToken.setCustomClaim", {"a", json::Object{{"b", 1}}}), asks("session.revoke", {"lost"})})));
  ASSERT_TRUE(performed);
  ASSERT_EQ(performed->size(), 1u);
  EXPECT_EQ(performed->front().binding, "binding");
  EXPECT_EQ(performed->front().name, "greet");
  ASSERT_EQ(performed->front().commands.size(), 2u);
  EXPECT_EQ(performed->front().commands[0].args, (json::Array{"a", json::Object{{"b", 1}}}));
  EXPECT_EQ(performed->front().commands[1].args, (json::Array{"lost", nullptr}));
}

TEST_F(Kept, of_more_than_sixteen_kilobytes_only_the_names_stay_and_nothing_is_replayed) {
  const auto large = row({asks("user.setAppMetadata", {"a", std::string(commands_kept_max, 'x')})});
  EXPECT_TRUE(json::boolean_or(large, "truncated", false));
  EXPECT_LT(json::serialize(large).size(), 500u);
  EXPECT_EQ(json::string_or(large.at("commands").at(0).as_object(), "name"), "user.setAppMetadata");
  EXPECT_EQ(performed_of(stored(large)).error().code, "execution_truncated");
}

TEST_F(Kept, a_record_that_nobody_wrote_is_refused) {
  auto forged = row({});
  forged["commands"] = json::Array{asks("process.exit")};
  EXPECT_EQ(performed_of(stored(forged)).error().code, "invalid_command");
}

TEST_F(Kept, a_failure_is_told_with_an_excerpt_of_its_words) {
  const auto failed = record_of(
      result, binding,
      {.kind = "thrown", .name = "TypeError", .message = std::string(4000, 'm'), .stack = "at secret.js"});
  EXPECT_EQ(json::string_or(failed.at("error").as_object(), "msg").size(), words_max);
  EXPECT_FALSE(json::serialize(failed).contains("secret.js"));
  const auto failure = failure_of(stored(failed));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->action, "greet");
  EXPECT_EQ(failure->kind, "thrown");
  EXPECT_FALSE(failure->is_overload);
  EXPECT_TRUE(performed_of(stored(failed))->empty());
}

TEST_F(Kept, what_failed_open_is_no_failure_of_the_whole) {
  binding.fail_open = true;
  EXPECT_FALSE(failure_of(stored(record_of(result, binding, {.kind = "timeout"}))));
}

TEST_F(Kept, what_never_began_was_too_much_work) {
  const auto failure =
      failure_of(stored(record_of(binding, {ErrorKind::unavailable, "extensions_unavailable", "busy"})));
  ASSERT_TRUE(failure);
  EXPECT_TRUE(failure->is_overload);
  EXPECT_EQ(failure->to_text(), "Action greet: extensions_unavailable: busy");
}

TEST_F(Kept, what_a_script_said_stands_beside_what_it_did) {
  result.console.push_back({testing::start, "info", "hello"});
  const auto lines = domain::console_lines(stored(row({})));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(json::string_or(lines[0].as_object(), "text"), "hello");
}

}  // namespace
}  // namespace durward::extensions
