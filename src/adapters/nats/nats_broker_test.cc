#include "adapters/nats/nats_broker.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>

#include "adapters/events/dispatcher.h"
#include "adapters/events/queue_worker.h"
#include "adapters/nats/handles.h"
#include "adapters/nats/nats_server.h"
#include "adapters/sqlite/store.h"
#include "base/executor.h"
#include "base/log.h"

namespace durward::adapters {
namespace {

std::unique_ptr<NatsBroker> connect(const NatsServer& server) {
  return NatsBroker::open({.servers = {server.url()}, .timeout = Milliseconds(2000)}).value();
}

TEST(NatsOptions, addresses_that_are_none_are_refused) {
  for (const char* bad : {"", "localhost:4222", "http://localhost:4222", "nats://localhost:port"}) {
    const auto refused = NatsBroker::open({.servers = {bad}});
    ASSERT_FALSE(refused.has_value()) << bad;
    EXPECT_EQ(refused.error().code, "bad_option") << bad;
  }
  EXPECT_EQ(NatsBroker::open({}).error().code, "bad_option");
}

TEST(NatsOptions, a_server_that_is_away_is_unavailable_and_not_waited_for) {
  const auto broker = NatsBroker::open({.servers = {"nats://127.0.0.1:1"}}).value();
  EXPECT_EQ(run_sync(broker->held()).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(run_sync(broker->publish({domain::Event{}})).error().kind, ErrorKind::unavailable);
  ASSERT_TRUE(run_sync(broker->declare({.name = "q", .pattern = ">"})));
  EXPECT_EQ(run_sync(broker->fetch("q", 1, Seconds(10))).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(run_sync(broker->replay({}, 0, 1)).error().kind, ErrorKind::unavailable);
}

// Collects the ids it gets.
class Collector : public Consumer {
 public:
  Async<> handle(domain::Event event) override {
    std::lock_guard lock(mutex);
    ++times[event.id];
    changed.notify_all();
    co_return Result<>();
  }
  Async<> give_up(domain::Event) override { co_return Result<>(); }
  bool await_all(size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, Seconds(30), [&] { return times.size() >= count; });
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::map<int64_t, int> times;
};

// Store, dispatcher and a worker as in a fleet, around a server that dies.
class NatsFaults : public testing::Test {
 protected:
  NatsFaults() {
    log::set_sink([](std::string_view) {});
    tenant = run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
  }
  void append(int64_t from, int64_t to) {
    for (int64_t id = from; id <= to; ++id)
      ASSERT_TRUE(run_sync(store->committer().commit(
          tenant, {ports::AppendEvent{{.id = id, .type = "user.created", .time = clock.now()}}})));
  }
  Rounds::Round dispatching(Dispatcher& one) {
    return [&one]() -> Async<bool> { return more(one); };
  }
  static Async<bool> more(Dispatcher& one) {
    CO_TRY(const int64_t n, co_await one.round());
    co_return n > 0;
  }

  NatsServer server;
  SystemClock clock;
  metrics::Registry registry;
  std::unique_ptr<SqliteStore> store = SqliteStore::open({}, clock).value();
  domain::TenantId tenant;
  std::unique_ptr<NatsBroker> broker = connect(server);
  Dispatcher dispatcher{store->outbox(),
                        store->leases(),
                        *broker,
                        clock,
                        "a",
                        {.batch = 16, .lease = Seconds(2), .check = Seconds(0)},
                        registry};
  Rounds rounds{{.name = "dispatcher", .pause = Milliseconds(20), .longest_pause = Milliseconds(200)},
                dispatching(dispatcher)};
  Collector consumer;
  QueueWorker worker{
      *broker, store->outbox(), consumer, clock, {.name = "q", .pattern = "user.*", .ack_wait = Seconds(2)},
      {},      registry};
};

TEST_F(NatsFaults, a_server_killed_and_restarted_costs_time_and_no_event) {
  rounds.start();
  worker.start();
  append(1, 100);
  ASSERT_TRUE(consumer.await_all(20));
  server.kill();
  append(101, 150);
  server.start();
  append(151, 200);
  EXPECT_TRUE(consumer.await_all(200));
  worker.stop();
  rounds.stop();
  EXPECT_EQ(run_sync(store->outbox().position("dispatcher")).value(),
            run_sync(store->outbox().span()).value().newest);
}

TEST_F(NatsFaults, a_server_that_lost_everything_is_filled_again_from_the_outbox) {
  rounds.start();
  worker.start();
  append(1, 50);
  ASSERT_TRUE(consumer.await_all(50));
  server.kill();
  server.lose_everything();
  append(51, 60);
  server.start();
  ASSERT_TRUE(consumer.await_all(60));
  append(61, 70);
  ASSERT_TRUE(consumer.await_all(70));
  worker.stop();
  rounds.stop();
  EXPECT_EQ(run_sync(broker->replay({}, 0, 1000)).value().size(), 70u) << "also what was delivered before";
}

TEST_F(NatsFaults, a_leader_that_was_killed_is_replaced_within_the_lease) {
  append(1, 5);
  ASSERT_EQ(run_sync(dispatcher.round()).value(), 5) << "and never comes back";
  append(6, 10);
  const auto other = connect(server);
  Dispatcher next(store->outbox(), store->leases(), *other, clock, "b", {.lease = Seconds(2)}, registry);
  Rounds taking_over({.name = "dispatcher", .pause = Milliseconds(20)}, dispatching(next));
  const auto killed = std::chrono::steady_clock::now();
  taking_over.start();
  worker.start();
  EXPECT_TRUE(consumer.await_all(10));
  EXPECT_LT(std::chrono::steady_clock::now() - killed, Seconds(10));
  worker.stop();
  taking_over.stop();
  for (const auto& [id, times] : consumer.times) EXPECT_EQ(times, 1) << id;
}

TEST_F(NatsFaults, a_message_that_is_no_event_is_dropped) {
  ASSERT_TRUE(run_sync(broker->held()));
  nats::Connection raw;
  ASSERT_EQ(nats::make(raw, [&](auto** out) { return natsConnection_ConnectTo(out, server.url().c_str()); }),
            NATS_OK);
  ASSERT_EQ(natsConnection_PublishString(raw.get(), "durward.events.1.user.created", "{}"), NATS_OK);
  ASSERT_EQ(natsConnection_Flush(raw.get()), NATS_OK);
  append(1, 1);
  worker.start();
  rounds.start();
  EXPECT_TRUE(consumer.await_all(1));
  worker.stop();
  rounds.stop();
}

}  // namespace
}  // namespace durward::adapters
