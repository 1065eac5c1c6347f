#include "adapters/sandbox/supervisor.h"

#include "adapters/sandbox/testing.h"

namespace durward::adapters::sandbox {
namespace {

class SupervisorTest : public testing::SandboxTest {};

TEST_F(SupervisorTest, an_action_runs_in_a_sandboxed_process_and_says_what_it_wants) {
  const auto outcome = run(action(R"(
    console.log('hello', event.transaction ? 1 : 2);
    api.idToken.setCustomClaim('https://a.example/x', 1);)"));
  ASSERT_TRUE(outcome) << outcome.error().debug;
  ASSERT_EQ(outcome->results.size(), 1u);
}

TEST_F(SupervisorTest, a_script_that_loops_is_killed_at_its_deadline_and_the_tenant_goes_on) {
  EXPECT_EQ(kind_of(action("console.log('before'); for (;;);", Milliseconds(300))).substr(0, 7), "timeout");
  EXPECT_EQ(kind_of(action("")), "ok");
}

}  // namespace
}  // namespace durward::adapters::sandbox
