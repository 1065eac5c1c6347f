#include "adapters/sandbox/supervisor.h"

#include <future>

#include "adapters/sandbox/testing.h"
#include "http/test_server.h"

namespace durward::adapters::sandbox {
namespace {

class SupervisorTest : public testing::SandboxTest {
 protected:
  SupervisorOptions options() override {
    auto out = SandboxTest::options();
    if (change_) change_(out);
    return out;
  }
  // On a thread of its own, so that several are under way at once.
  std::future<std::string> begin(ports::ScriptCall call, int64_t tenant = 1) {
    supervisor();
    return std::async(std::launch::async, [this, call = std::move(call), tenant]() mutable {
      return kind_of(std::move(call), tenant);
    });
  }
  void wait_until_sent(int calls) {
    const std::string line = "durward_script_queue_seconds_count " + std::to_string(calls) + "\n";
    while (metrics_.text().find(line) == std::string::npos) std::this_thread::yield();
  }
  uint64_t ended(const char* reason) {
    return metrics_
        .counter("durward_script_workers_ended_total", "", "reason=\"" + std::string(reason) + "\"")
        .value();
  }
  std::function<void(SupervisorOptions&)> change_;
};

constexpr const char* never = "await new Promise(() => {});";
// Long enough for a process that has to share the processor to begin with a call.
constexpr Milliseconds a_moment{1500};

TEST_F(SupervisorTest, an_action_runs_in_a_sandboxed_process_and_says_what_it_wants) {
  const auto outcome = run(action(R"(
    console.log('hello', 1);
    api.idToken.setCustomClaim('https://a.example/x', 1);)"));
  ASSERT_TRUE(outcome) << outcome.error().debug;
  ASSERT_EQ(outcome->results.size(), 1u);
  const auto& result = outcome->results[0];
  EXPECT_FALSE(result.error) << result.error->message;
  EXPECT_EQ(result.id, "action");
  EXPECT_LE(result.started_at, result.ended_at);
  ASSERT_EQ(result.console.size(), 1u);
  EXPECT_EQ(result.console[0].text, "hello 1");
  ASSERT_EQ(result.commands.size(), 1u);
  EXPECT_EQ(json::string(result.commands[0].as_object(), "name"), "idToken.setCustomClaim");
}

TEST_F(SupervisorTest, what_a_script_throws_is_an_outcome_and_the_next_one_does_not_run) {
  const auto outcome =
      run(call_of({script("exports.onExecutePostLogin = async () => { throw new TypeError('mine'); };", "a"),
                   script("exports.onExecutePostLogin = async () => {};", "b")}));
  ASSERT_TRUE(outcome) << outcome.error().debug;
  ASSERT_EQ(outcome->results.size(), 1u);
  EXPECT_EQ(outcome->results[0].error->kind, "thrown");
  EXPECT_EQ(outcome->results[0].error->name, "TypeError");
  EXPECT_EQ(outcome->results[0].error->message, "mine");
}

TEST_F(SupervisorTest, a_script_that_loops_is_killed_at_its_deadline_and_the_tenant_goes_on) {
  EXPECT_EQ(kind_of(action("")), "ok");  // a process is there
  const auto outcome = run(action("console.log('before'); for (;;);", a_moment));
  ASSERT_TRUE(outcome) << outcome.error().debug;
  ASSERT_EQ(outcome->results.size(), 1u);
  EXPECT_EQ(outcome->results[0].error->kind, "timeout");
  EXPECT_EQ(outcome->results[0].console.at(0).text, "before");
  EXPECT_EQ(kind_of(action("")), "ok");
}

TEST_F(SupervisorTest, of_a_chain_the_results_before_the_loop_are_kept) {
  EXPECT_EQ(kind_of(action("")), "ok");
  auto call =
      call_of({script("exports.onExecutePostLogin = async (e, api) => api.accessToken.addScope('a');", "a"),
               script("exports.onExecutePostLogin = async () => { for (;;); };", "b")});
  call.within = a_moment;
  const auto outcome = run(std::move(call));
  ASSERT_TRUE(outcome) << outcome.error().debug;
  ASSERT_EQ(outcome->results.size(), 2u);
  EXPECT_EQ(outcome->results[0].commands.size(), 1u);
  EXPECT_EQ(outcome->results[1].id, "b");
  EXPECT_EQ(outcome->results[1].error->kind, "timeout");
}

TEST_F(SupervisorTest, a_promise_that_never_settles_is_cancelled_and_hurts_no_neighbour) {
  EXPECT_EQ(kind_of(action("")), "ok");
  auto neighbour = begin(action("await new Promise(done => setTimeout(done, 3000));"));
  EXPECT_EQ(kind_of(action(never, a_moment)).substr(0, 7), "timeout");
  EXPECT_EQ(neighbour.get(), "ok");
  EXPECT_EQ(ended("timeout"), 0u);
}

TEST_F(SupervisorTest, a_neighbour_of_a_killed_run_may_be_tried_again) {
  change_ = [](auto& options) { options.pool.tenant_max = 1; };
  EXPECT_EQ(kind_of(action("")), "ok");
  auto neighbour = begin(action(never));
  wait_until_sent(2);
  EXPECT_EQ(kind_of(action("await 0; for (;;);", a_moment)).substr(0, 7), "timeout");
  EXPECT_EQ(neighbour.get(), "extensions_unavailable: timeout");
}

TEST_F(SupervisorTest, a_heap_that_grows_without_end_is_the_scripts_own_fault) {
  EXPECT_EQ(
      kind_of(action("const all = []; for (;;) all.push(new Array(1000).fill(all.length));")).substr(0, 6),
      "memory");
  EXPECT_EQ(kind_of(action("")), "ok");
}

TEST_F(SupervisorTest, an_engine_that_aborts_is_a_crash) {
  EXPECT_EQ(kind_of(action("process.abort();")).substr(0, 7), "crashed");
  EXPECT_EQ(kind_of(action("")), "ok");
}

TEST_F(SupervisorTest, a_flood_of_output_ends_the_process) {
  EXPECT_EQ(
      kind_of(
          action("const fs = require('fs'); const text = 'x'.repeat(65536); for (;;) fs.writeSync(2, text);"))
          .substr(0, 6),
      "output");
  EXPECT_EQ(kind_of(action("")), "ok");
}

TEST_F(SupervisorTest, what_is_no_protocol_on_the_control_descriptor_ends_the_process) {
  EXPECT_EQ(kind_of(action("require('fs').writeSync(3, 'nonsense and more'); await new Promise(() => {});"))
                .substr(0, 7),
            "crashed");
}

TEST_F(SupervisorTest, an_answer_for_a_run_of_nobody_changes_nothing) {
  EXPECT_EQ(kind_of(action(R"(
    const text = Buffer.from('{"type":"done","id":999,"output":{}}');
    const head = Buffer.alloc(4); head.writeUInt32BE(text.length);
    require('fs').writeSync(3, Buffer.concat([head, text]));)")),
            "ok");
}

TEST_F(SupervisorTest, no_two_tenants_share_a_process_and_a_tenant_keeps_its_own) {
  EXPECT_EQ(said("global.mine = (global.mine ?? 0) + 1; console.log(global.mine)", 1), "1\n");
  EXPECT_EQ(said("global.mine = (global.mine ?? 0) + 1; console.log(global.mine)", 2), "1\n");
  EXPECT_EQ(said("global.mine = (global.mine ?? 0) + 1; console.log(global.mine)", 1), "2\n");
}

TEST_F(SupervisorTest, when_all_places_are_taken_an_idle_process_of_another_tenant_goes) {
  change_ = [](auto& options) {
    options.pool.processes_max = 1;
    options.pool.warm = 0;
  };
  for (int64_t tenant = 1; tenant <= 3; ++tenant) EXPECT_EQ(kind_of(action(""), tenant), "ok") << tenant;
  EXPECT_EQ(ended("idle"), 2u);
}

TEST_F(SupervisorTest, where_all_places_are_taken_one_is_made_ready_before_the_next_tenant_comes) {
  change_ = [](auto& options) { options.pool.processes_max = 4; };
  for (int64_t tenant = 1; tenant <= 4; ++tenant) EXPECT_EQ(kind_of(action(""), tenant), "ok") << tenant;
  const auto& warm = metrics_.gauge("durward_script_workers", "", "state=\"warm\"");
  while (warm.value() == 0) std::this_thread::yield();
  EXPECT_GE(ended("idle"), 1u);
  EXPECT_EQ(kind_of(action(""), 5), "ok");
}

TEST_F(SupervisorTest, whoever_finds_no_place_in_time_is_told_when_to_come_back) {
  change_ = [](auto& options) {
    options.pool.processes_max = 1;
    options.pool.warm = 0;
  };
  EXPECT_EQ(kind_of(action(""), 1), "ok");
  auto busy = begin(action(never), 1);
  wait_until_sent(2);
  const auto refused = run(action("", Milliseconds(200)), 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(refused.error().code, "extensions_unavailable");
  EXPECT_GE(refused.error().retry_after, 1);
  supervisor_.reset();
  EXPECT_EQ(busy.get(), "extensions_unavailable: idle");
}

TEST_F(SupervisorTest, a_tenant_with_too_many_calls_is_refused_at_once_and_others_are_not) {
  change_ = [](auto& options) { options.tenant_max = 2; };
  auto first = begin(action(never)), second = begin(action(never));
  wait_until_sent(2);
  EXPECT_EQ(kind_of(action("")), "extensions_unavailable: too many calls of the tenant");
  EXPECT_EQ(kind_of(action(""), 2), "ok");
  supervisor_.reset();
  EXPECT_EQ(first.get(), "extensions_unavailable: idle");
  EXPECT_EQ(second.get(), "extensions_unavailable: idle");
}

TEST_F(SupervisorTest, code_that_does_nothing_but_time_out_is_left_alone_for_a_while) {
  EXPECT_EQ(kind_of(action("")), "ok");
  // A process is new after each; who waited for it in vain has not run.
  for (int timeouts = 0; timeouts < Breaker::faults_max;)
    timeouts += kind_of(action(never, Milliseconds(200))).starts_with("timeout");
  const auto refused = run(action(never, Milliseconds(200)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "extensions_unavailable");
  EXPECT_GT(refused.error().retry_after, 1);
  EXPECT_EQ(kind_of(action("")), "ok") << "other code of the tenant";
}

TEST_F(SupervisorTest, calls_under_way_are_refused_when_it_ends) {
  EXPECT_EQ(kind_of(action("")), "ok");
  auto waiting = begin(action(never));
  wait_until_sent(2);
  supervisor_.reset();
  EXPECT_EQ(waiting.get(), "extensions_unavailable: idle");
}

TEST_F(SupervisorTest, an_input_that_no_frame_can_carry_is_refused) {
  auto call = action("");
  call.input["event"].as_object()["big"] = std::string(frame_max, 'x');
  const auto refused = run(std::move(call));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
}

TEST_F(SupervisorTest, secrets_are_those_of_the_script_alone) {
  auto secret = std::make_shared<domain::Script>(
      *script("exports.onExecutePostLogin = async event => console.log(Object.keys(event.secrets), "
              "event.secrets.KEY);"));
  secret->secrets = {{"KEY", "value"}};
  auto other = std::make_shared<domain::Script>(*script(
      "exports.onExecutePostLogin = async event => { console.log(Object.keys(event.secrets).length); };",
      "other"));
  const auto outcome = run(call_of({secret, other}));
  ASSERT_TRUE(outcome) << outcome.error().debug;
  ASSERT_EQ(outcome->results.size(), 2u);
  EXPECT_EQ(outcome->results[0].console.at(0).text, "[ 'KEY' ] value");
  EXPECT_EQ(outcome->results[1].console.at(0).text, "0");
}

class WayOutTest : public SupervisorTest {
 protected:
  static Task<http::Response> answer(http::Request request) {
    co_return http::text_response(200, "you sent " + std::to_string(request.body.size()));
  }
  void allow() {
    change_ = [this](auto& options) { options.egress_allow = {"127.0.0.1:" + port()}; };
  }
  std::string port() const { return std::to_string(server_.port()); }
  std::string url() const { return "'http://127.0.0.1:" + port() + "/'"; }

  http::testing::RunningServer server_{answer};
};

TEST_F(WayOutTest, a_private_address_is_refused) {
  EXPECT_NE(said("await fetch(" + url() + ").catch(e => console.log((e.cause ?? e).code))").find("EACCES"),
            std::string::npos);
  for (const char* host :
       {"localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"}) {
    const std::string result =
        said("await fetch('http://" + std::string(host) + ":" + port() +
             "/').then(() => console.log('open'), e => console.log((e.cause ?? e).code))");
    EXPECT_NE(result.find("EACCES"), std::string::npos) << host << ": " << result;
  }
  EXPECT_EQ(server_.open_connections(), 0);
}

TEST_F(WayOutTest, what_the_operator_allows_is_reached_with_fetch_and_http) {
  allow();
  EXPECT_EQ(said("console.log(await (await fetch(" + url() + ")).text())"), "you sent 0\n");
  EXPECT_EQ(said(R"(
    const http = require('http');
    const text = await new Promise((done, failed) => {
      const request = http.request()" +
                 url() + R"(, {method: 'POST'}, async answer => {
        let all = ''; for await (const piece of answer) all += piece; done(all);
      });
      request.on('error', failed);
      request.end('x'.repeat(300000));
    });
    console.log(text);)"),
            "you sent 300000\n");
}

TEST_F(WayOutTest, another_port_of_an_allowed_host_stays_closed) {
  allow();
  EXPECT_NE(
      said("await fetch('http://127.0.0.1:8/').catch(e => console.log((e.cause ?? e).code))").find("EACCES"),
      std::string::npos);
}

TEST_F(WayOutTest, a_ticket_counts_once_and_an_invented_one_never) {
  allow();
  EXPECT_EQ(said(R"(
    const net = require('net');
    // The runtime's net would ask for a connection: this is the socket itself.
    const fs = require('fs');
    console.log(fs.existsSync('/run/egress.sock'));)"),
            "true\n");
  EXPECT_EQ(said(R"(
    const net = require('net');
    await new Promise(done => net.connect({path: '/run/egress.sock'})
      .on('connect', function () { this.write('0'.repeat(32) + '\n'); })
      .on('data', () => console.log('open')).on('error', e => { console.log('closed'); done(); })
      .on('close', () => done()));)")
                .find("open"),
            std::string::npos);
}

}  // namespace
}  // namespace durward::adapters::sandbox
