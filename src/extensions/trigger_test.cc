#include "extensions/trigger.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "domain/execution.h"
#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::asks;
using testing::ScriptWorld;

struct TriggerRun : ::testing::Test, ScriptWorld {
  std::string trigger = "post-login";

  // `before`: as the outcome said when the person was sent away.
  TriggerOutcome run(std::string resume_at = {}, std::string before = {}) {
    auto outcome = run_sync(run_trigger(services, {.tenant = tenant_id,
                                                   .trigger = trigger,
                                                   .event = {{"user", json::Object{{"user_id", "u"}}}},
                                                   .more = {{"roles", json::Array{"clerk"}}},
                                                   .resume_at = std::move(resume_at),
                                                   .resume_before = std::move(before),
                                                   .now = clock.now()}));
    return std::move(outcome).value();
  }
  // Sent away by "second".
  std::string before_second() {
    auto act = std::exchange(acts["second"], does({asks("redirect.sendUserTo", {"https://terms.example/"})}));
    const auto outcome = run();
    acts["second"] = std::move(act);
    scripts.calls.clear();
    return outcome.before;
  }
  static std::vector<std::string> names(const TriggerOutcome& outcome) {
    std::vector<std::string> out;
    for (const auto& one : outcome.performed) out.push_back(one.name);
    return out;
  }
  using Names = std::vector<std::string>;
};

TEST_F(TriggerRun, without_bindings_nothing_runs_and_nothing_is_written) {
  const auto outcome = run();
  EXPECT_TRUE(scripts.calls.empty());
  EXPECT_TRUE(outcome.writes.empty());
  EXPECT_TRUE(outcome.execution_id.empty());
  EXPECT_TRUE(cache.values.empty());
}

TEST_F(TriggerRun, all_bindings_run_in_their_order_in_one_call) {
  bind(trigger, "first", does({asks("idToken.setCustomClaim", {"a", 1})}));
  bind(trigger, "second", does());
  const auto outcome = run();
  EXPECT_EQ(names(outcome), (Names{"first", "second"}));
  EXPECT_EQ(outcome.performed[0].binding, "binding of first");
  ASSERT_EQ(scripts.calls.size(), 1u);
  const auto& call = scripts.calls[0];
  EXPECT_EQ(call.handler, "onExecutePostLogin");
  EXPECT_EQ(call.contract, ports::Contract::action);
  EXPECT_EQ(call.within, trigger_time);
  EXPECT_TRUE(call.input.contains("event"));
  EXPECT_TRUE(call.input.contains("roles"));
  EXPECT_TRUE(call.input.contains("cache"));
}

TEST_F(TriggerRun, a_denial_ends_the_chain_even_if_a_worker_goes_on) {
  bind(trigger, "first", does({asks("access.deny", {"no"})}));
  bind(trigger, "second", does());
  scripts.played = [this](domain::TenantId, const ports::ScriptCall& call) -> Result<ports::ScriptOutcome> {
    ports::ScriptOutcome out;
    for (const auto& script : call.scripts) out.results.push_back(acts.at(script->name)(call));
    return out;
  };
  EXPECT_EQ(names(run()), Names{"first"});
}

TEST_F(TriggerRun, more_results_than_bindings_are_not_looked_at) {
  bind(trigger, "only", does());
  scripts.played = [](domain::TenantId, const ports::ScriptCall&) -> Result<ports::ScriptOutcome> {
    return ports::ScriptOutcome{.results = {{}, {.commands = {asks("access.deny", {"no"})}}}};
  };
  EXPECT_EQ(names(run()), Names{"only"});
}

TEST_F(TriggerRun, whatever_fails_closed_ends_the_transaction) {
  for (const std::string kind : {"thrown", "timeout", "memory", "crashed", "output", "invalid"}) {
    configuration.tenant_scripts.triggers.clear();
    bind(trigger, "broken", fails(kind, "why"));
    bind(trigger, "second", does());
    const auto outcome = run();
    ASSERT_TRUE(outcome.failure) << kind;
    EXPECT_EQ(outcome.failure->action, "broken");
    EXPECT_EQ(outcome.failure->kind, kind);
    EXPECT_FALSE(outcome.failure->is_overload);
    EXPECT_TRUE(outcome.performed.empty());
    EXPECT_EQ(execution_in(outcome.writes)->status, "partial");
  }
}

TEST_F(TriggerRun, whatever_fails_open_is_passed_over) {
  for (const std::string kind : {"thrown", "timeout", "memory", "crashed", "output", "invalid"}) {
    configuration.tenant_scripts.triggers.clear();
    scripts.calls.clear();
    bind(trigger, "first", does());
    bind(trigger, "broken", fails(kind), true);
    bind(trigger, "third", does());
    const auto outcome = run();
    EXPECT_FALSE(outcome.failure) << kind;
    EXPECT_EQ(names(outcome), (Names{"first", "third"}));
    EXPECT_EQ(scripts.calls.size(), 2u) << "one more after the binding that failed";
    EXPECT_EQ(execution_in(outcome.writes)->results.size(), 3u);
  }
}

TEST_F(TriggerRun, a_command_that_is_not_in_the_table_is_a_failure_of_its_script) {
  bind(trigger, "odd", does({asks("process.exit")}));
  EXPECT_EQ(run().failure->kind, "invalid");
  configuration.tenant_scripts.triggers.clear();
  bind(trigger, "odd", does({asks("idToken.setCustomClaim", {"a", 1}), asks("process.exit")}), true);
  const auto outcome = run();
  EXPECT_FALSE(outcome.failure);
  EXPECT_TRUE(outcome.performed.empty()) << "also what was right beside it is not done";
}

TEST_F(TriggerRun, scripts_that_cannot_be_run_fail_as_their_bindings_say) {
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 7};
  bind(trigger, "open", does(), true);
  EXPECT_FALSE(run().failure);
  bind(trigger, "closed", does());
  const auto outcome = run();
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->action, "closed");
  EXPECT_TRUE(outcome.failure->is_overload);
  EXPECT_EQ(outcome.failure->retry_after, 7);
  EXPECT_EQ(execution_in(outcome.writes)->results.size(), 2u) << "the record names both";
}

TEST_F(TriggerRun, a_worker_that_tells_of_fewer_scripts_is_not_asked_for_ever) {
  told = 1;
  bind(trigger, "first", does());
  bind(trigger, "second", does());
  EXPECT_EQ(run().failure->kind, "crashed");
  EXPECT_EQ(scripts.calls.size(), 1u);

  configuration.tenant_scripts.triggers.clear();
  told = 0;
  scripts.calls.clear();
  bind(trigger, "open", does(), true);
  bind(trigger, "open too", does(), true);
  EXPECT_FALSE(run().failure);
  EXPECT_EQ(scripts.calls.size(), 2u);
}

TEST_F(TriggerRun, who_comes_back_goes_on_with_the_binding_that_sent_them) {
  bind(trigger, "first", does());
  bind(trigger, "second", does());
  bind(trigger, "third", does());
  EXPECT_EQ(names(run("binding of second", before_second())), (Names{"second", "third"}));
  EXPECT_EQ(scripts.calls[0].handler, "onContinuePostLogin");
}

TEST_F(TriggerRun, after_a_failure_on_the_way_back_the_rest_begins_as_usual) {
  bind(trigger, "first", does());
  bind(trigger, "second", fails("thrown"), true);
  bind(trigger, "third", does());
  EXPECT_EQ(names(run("binding of second", before_second())), Names{"third"});
  EXPECT_EQ(scripts.calls[1].handler, "onExecutePostLogin");
}

TEST_F(TriggerRun, a_binding_that_failed_open_before_the_one_that_sent_them_does_not_run_again) {
  bind(trigger, "first", fails("thrown"), true);
  bind(trigger, "second", does());
  EXPECT_EQ(names(run("binding of second", before_second())), Names{"second"});
  EXPECT_EQ(scripts.calls[0].handler, "onContinuePostLogin");
}

TEST_F(TriggerRun, everything_begins_anew_when_others_come_before_the_binding_that_sent_them) {
  bind(trigger, "first", does());
  bind(trigger, "second", does());
  const std::string before = before_second();
  bind(trigger, "new", does());
  auto& bound = configuration.tenant_scripts.triggers[trigger];
  std::rotate(bound.begin(), bound.begin() + 2, bound.end());
  EXPECT_EQ(names(run("binding of second", before)), (Names{"new", "first", "second"}));
  EXPECT_EQ(scripts.calls[0].handler, "onExecutePostLogin");
  bound = {bound[1], bound[2], bound[0]};
  EXPECT_EQ(names(run("binding of second", before)), (Names{"second", "new"}))
      << "a later one changes nothing";
}

TEST_F(TriggerRun, bindings_have_a_name_by_who_they_are_and_in_which_order) {
  const auto name = [this] { return *run_sync(name_of_bindings(services, tenant_id, trigger)); };
  EXPECT_EQ(name(), "");
  bind(trigger, "first", does());
  bind(trigger, "second", does());
  const std::string both = name();
  EXPECT_EQ(name(), both);
  std::swap(configuration.tenant_scripts.triggers[trigger][0],
            configuration.tenant_scripts.triggers[trigger][1]);
  EXPECT_NE(name(), both);
}

TEST_F(TriggerRun, everything_begins_anew_when_the_binding_that_sent_them_is_gone) {
  bind(trigger, "first", does());
  bind(trigger, "new", does());
  EXPECT_EQ(names(run("binding of second")), (Names{"first", "new"}))
      << "no check is skipped because bindings changed meanwhile";
  EXPECT_EQ(scripts.calls[0].handler, "onExecutePostLogin");
}

TEST_F(TriggerRun, the_cache_comes_back_in_the_next_call) {
  bind(trigger, "counts", does({asks("cache.set", {"n", "1", to_unix_ms(clock.now()) + 1000})}));
  run();
  run();
  const auto& entries = scripts.calls[1].input.at("cache").as_object();
  EXPECT_EQ(json::string_or(entries.at("n").as_object(), "value"), "1");
  clock.advance(Milliseconds(1000));
  run();
  EXPECT_TRUE(scripts.calls[2].input.at("cache").as_object().empty());
}

TEST_F(TriggerRun, scripts_that_do_not_speak_of_the_cache_cost_none) {
  auto& binding = bind(trigger, "plain", does());
  auto script = *binding.script;
  script.code = "exports.f = () => {};";
  binding.script = std::make_shared<const domain::Script>(script);
  run();
  EXPECT_TRUE(cache.values.empty());
}

TEST_F(TriggerRun, the_record_says_what_ran_and_what_it_asked_for) {
  bind(trigger, "greet", [](const ports::ScriptCall&) {
    return ports::ScriptResult{.commands = {asks("idToken.setCustomClaim", {"a", 1})},
                               .console = {{testing::start, "log", "hello"}}};
  });
  const auto outcome = run();
  const auto* execution = execution_in(outcome.writes);
  ASSERT_TRUE(execution);
  EXPECT_EQ(execution->id, outcome.execution_id);
  EXPECT_EQ(domain::Execution::key_of(execution->id), execution->key);
  EXPECT_EQ(execution->trigger_id, trigger);
  EXPECT_EQ(execution->status, "final");
  const auto& row = execution->results.at(0).as_object();
  EXPECT_EQ(json::string_or(row, "action_name"), "greet");
  EXPECT_EQ(json::string_or(row, "binding_id"), "binding of greet");
  EXPECT_EQ(domain::console_lines(*execution).size(), 1u);
}

TEST_F(TriggerRun, the_trace_of_a_log_record_has_no_arguments) {
  bind(trigger, "greet", does({asks("user.setAppMetadata", {"health", "secret"})}));
  bind(trigger, "broken", fails("thrown", "hunter2"));
  const std::string trace = json::serialize(run().trace());
  EXPECT_TRUE(trace.contains("user.setAppMetadata"));
  EXPECT_TRUE(trace.contains("broken"));
  EXPECT_FALSE(trace.contains("secret"));
  EXPECT_FALSE(trace.contains("hunter2"));
}

TEST_F(TriggerRun, secrets_of_scripts_are_in_no_record) {
  auto& binding = bind(trigger, "keeps", does());
  auto script = *binding.script;
  script.secrets["KEY"] = "hunter2";
  binding.script = std::make_shared<const domain::Script>(script);
  const auto outcome = run();
  EXPECT_FALSE(json::serialize(execution_in(outcome.writes)->to_json()).contains("hunter2"));
  EXPECT_FALSE(json::serialize(scripts.calls[0].input).contains("hunter2"));
}

}  // namespace
}  // namespace durward::extensions
