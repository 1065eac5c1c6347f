#pragma once
#include "adapters/contract/world.h"

namespace durward::adapters::contract {

class ExecutionsContract : public World {
 protected:
  domain::Execution execution(int64_t key) {
    json::Object said{{"at", to_iso8601(clock.now())}, {"level", "log"}, {"text", std::string(1000, 'x')}};
    json::Object result{{"action_name", "greet"}, {"console", json::Array{said}}};
    return {.key = key,
            .id = domain::Execution::id_of(key, "12345678"),
            .trigger_id = "post-login",
            .status = "final",
            .results = {result},
            .created_at = clock.now(),
            .updated_at = clock.now() + Milliseconds(3)};
  }
  Result<> append(int64_t key) { return commit(ports::AppendExecution{execution(key)}); }
  std::vector<int64_t> keys(std::optional<int64_t> after = {}, int64_t limit = 50) {
    std::vector<int64_t> out;
    for (const auto& found : get(store->executions().list(acme, {after, limit}))) out.push_back(found.key);
    return out;
  }
};

TEST_P(ExecutionsContract, an_execution_comes_back_as_it_was_written_to_its_tenant_only) {
  const auto written = execution(7);
  ASSERT_TRUE(commit(ports::AppendExecution{written}));
  const auto found = get(store->executions().find(acme, written.id));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, 7);
  EXPECT_EQ(json::serialize(found->to_json()), json::serialize(written.to_json()));
  EXPECT_FALSE(get(store->executions().find(other, written.id)));
  EXPECT_TRUE(get(store->executions().list(other, {})).empty());
}

TEST_P(ExecutionsContract, an_id_is_found_whole_or_not_at_all) {
  ASSERT_TRUE(append(7));
  EXPECT_FALSE(get(store->executions().find(acme, domain::Execution::id_of(7, "87654321"))));
  for (const char* text : {"", "7", "no-uuid", "'; DROP TABLE executions; --"})
    EXPECT_FALSE(get(store->executions().find(acme, text))) << text;
}

TEST_P(ExecutionsContract, a_key_is_used_once) {
  ASSERT_TRUE(append(7));
  EXPECT_FALSE(append(7));
}

TEST_P(ExecutionsContract, lists_are_oldest_first_from_a_key_on_or_of_the_newest) {
  for (const int64_t key : {1, 2, 3, 4}) ASSERT_TRUE(append(key));
  EXPECT_EQ(keys(), (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(keys({}, 2), (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(keys(1, 2), (std::vector<int64_t>{2, 3}));
  EXPECT_TRUE(keys(4).empty());
}

TEST_P(ExecutionsContract, executions_expire_at_the_exact_millisecond_and_are_swept) {
  ASSERT_TRUE(append(7));
  clock.advance(domain::execution_life - Milliseconds(1));
  EXPECT_EQ(keys().size(), 1u);
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 0);
  clock.advance(Milliseconds(1));
  EXPECT_TRUE(keys().empty());
  EXPECT_FALSE(get(store->executions().find(acme, execution(7).id)));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 1);
}

TEST_P(ExecutionsContract, a_removed_tenant_leaves_no_execution) {
  ASSERT_TRUE(append(7));
  ASSERT_TRUE(run_sync(store->tenants().remove(acme)));
  EXPECT_TRUE(keys().empty());
}

}  // namespace durward::adapters::contract
