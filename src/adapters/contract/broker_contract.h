#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/executor.h"
#include "base/log.h"
#include "ports/broker.h"
#include "ports/storage/commit.h"
#include "ports/storage/tenants.h"

// What every implementation of ports/broker.h must do; broker_contract_test.cc names them.
namespace durward::adapters::contract {

// A broker, empty, with a store whose outbox it may read, and clients of it like those of other processes.
class BrokerUnderTest {
 public:
  virtual ~BrokerUnderTest() = default;
  virtual std::unique_ptr<ports::Broker> client() = 0;
  virtual ports::Outbox& outbox() = 0;
  virtual ports::Committer& committer() = 0;
  virtual ports::Tenants& tenants() = 0;
  virtual TimePoint now() = 0;
  // Lets time go by where it is ours; a broker with a clock of its own needs no help.
  virtual void pass(Milliseconds time) = 0;
};

struct BrokerMaker {
  std::string name;
  std::function<std::unique_ptr<BrokerUnderTest>()> make;
};

class BrokerContract : public testing::TestWithParam<BrokerMaker> {
 protected:
  BrokerContract() {
    log::set_sink([](std::string_view) {});
    acme = tenant("acme");
    other = tenant("other");
    get(broker->held());  // as the dispatcher does first
  }
  domain::TenantId tenant(const std::string& name) {
    return run_sync(under_test->tenants().create(name, "k", under_test->now())).value().id;
  }
  template <class T>
  static T get(Async<T> task) {
    auto result = run_sync(std::move(task));
    if (!result) throw std::runtime_error(result.error().code + " " + result.error().debug);
    return std::move(*result);
  }

  // Into the outbox and from there to the broker.
  void publish(int64_t id, const std::string& type = "user.created",
               std::optional<domain::TenantId> of = {}) {
    append(id, type, of);
    ASSERT_TRUE(run_sync(broker->publish(unpublished())));
  }
  void append(int64_t id, const std::string& type = "user.created", std::optional<domain::TenantId> of = {}) {
    ASSERT_TRUE(run_sync(under_test->committer().commit(
        of.value_or(acme),
        {ports::AppendEvent{{.id = id, .type = type, .time = under_test->now(), .data = {{"n", id}}}}})));
  }
  std::vector<domain::Event> unpublished() {
    auto page = get(under_test->outbox().read({.after = published}));
    published = page.scanned_to;
    return page.events;
  }

  void declare(const std::string& name, const std::string& pattern = ">", Seconds ack_wait = Seconds(1),
               int64_t pending_max = 100) {
    ASSERT_TRUE(run_sync(broker->declare({name, pattern, ack_wait, pending_max})));
  }
  using Deliveries = std::vector<ports::Delivery>;
  Deliveries now(const std::string& queue, int64_t max = 10) {
    return get(broker->fetch(queue, max, Milliseconds(0)));
  }
  // Waits until there are `count`, or fails.
  Deliveries some(const std::string& queue, size_t count, ports::Broker* from = nullptr) {
    Deliveries out;
    for (int i = 0; i < 20 && out.size() < count; ++i)
      for (auto& one :
           get((from ? from : broker.get())->fetch(queue, int64_t(count - out.size()), Seconds(1))))
        out.push_back(std::move(one));
    EXPECT_EQ(out.size(), count);
    return out;
  }
  void ack(const std::string& queue, const Deliveries& deliveries) {
    for (const auto& one : deliveries) ASSERT_TRUE(run_sync(broker->ack(queue, one)));
  }
  using V = std::vector<int64_t>;
  static V ids(const Deliveries& deliveries) {
    V out;
    for (const auto& one : deliveries) out.push_back(one.event.id);
    return out;
  }
  V replayed(ports::EventFilter filter, int64_t offset, int64_t limit = 100) {
    V out;
    for (const auto& e : get(broker->replay(std::move(filter), offset, limit))) out.push_back(e.id);
    return out;
  }

  std::unique_ptr<BrokerUnderTest> under_test = GetParam().make();
  std::unique_ptr<ports::Broker> broker = under_test->client();
  domain::TenantId acme, other;
  int64_t published = 0;
};

TEST_P(BrokerContract, a_queue_gets_its_events_in_order_as_they_were) {
  declare("q", "user.*");
  for (int64_t id : {30, 10, 20}) publish(id);
  publish(40, "session.revoked");
  const auto got = some("q", 3);
  EXPECT_EQ(ids(got), (V{30, 10, 20}));
  EXPECT_EQ(got[0].attempt, 1);
  EXPECT_EQ(got[0].event.to_json(), get(under_test->outbox().read({})).events[0].to_json());
  EXPECT_TRUE(now("q").empty());
}

TEST_P(BrokerContract, events_from_before_the_queue_are_delivered_too) {
  publish(1);
  declare("q");
  EXPECT_EQ(ids(some("q", 1)), V{1});
}

TEST_P(BrokerContract, what_is_acknowledged_does_not_come_again) {
  declare("q");
  publish(1);
  ack("q", some("q", 1));
  under_test->pass(Seconds(5));
  publish(2);
  EXPECT_EQ(ids(some("q", 1)), V{2});
}

TEST_P(BrokerContract, what_is_not_acknowledged_in_time_comes_again) {
  declare("q");
  publish(1);
  EXPECT_EQ(some("q", 1)[0].attempt, 1);
  EXPECT_TRUE(now("q").empty());
  under_test->pass(Seconds(1));
  const auto again = some("q", 1);
  EXPECT_EQ(ids(again), V{1});
  EXPECT_EQ(again[0].attempt, 2);
}

TEST_P(BrokerContract, a_retry_comes_after_its_pause_and_is_counted) {
  declare("q", ">", Seconds(60));
  publish(1);
  publish(2);
  auto both = some("q", 2);
  ASSERT_TRUE(run_sync(broker->retry("q", both[0], Milliseconds(300))));
  ack("q", {both[1]});
  EXPECT_TRUE(now("q").empty());
  under_test->pass(Milliseconds(300));
  const auto again = some("q", 1);
  EXPECT_EQ(ids(again), V{1});
  EXPECT_EQ(again[0].attempt, 2);
}

TEST_P(BrokerContract, each_queue_gets_every_event) {
  declare("a");
  declare("b");
  publish(1);
  ack("a", some("a", 1));
  EXPECT_EQ(ids(some("b", 1)), V{1});
}

TEST_P(BrokerContract, an_event_goes_to_one_worker_of_a_queue) {
  declare("q", ">", Seconds(60));
  for (int64_t id = 1; id <= 4; ++id) publish(id);
  const auto first = some("q", 2), second = some("q", 2);
  EXPECT_EQ(ids(first), (V{1, 2}));
  EXPECT_EQ(ids(second), (V{3, 4}));
}

TEST_P(BrokerContract, no_more_than_the_bound_is_under_way) {
  declare("q", ">", Seconds(60), 2);
  for (int64_t id = 1; id <= 4; ++id) publish(id);
  const auto first = some("q", 2);
  EXPECT_TRUE(now("q").empty());
  ack("q", first);
  EXPECT_EQ(ids(some("q", 2)), (V{3, 4}));
}

TEST_P(BrokerContract, publishing_twice_is_harmless) {
  declare("q", ">", Seconds(60));
  append(1);
  append(2);
  const auto events = unpublished();
  ASSERT_TRUE(run_sync(broker->publish(events)));
  ASSERT_TRUE(run_sync(broker->publish(events)));
  EXPECT_EQ(ids(some("q", 2)), (V{1, 2}));
  EXPECT_TRUE(now("q").empty());
}

TEST_P(BrokerContract, a_restarted_worker_gets_what_was_not_acknowledged) {
  declare("q");
  for (int64_t id = 1; id <= 3; ++id) publish(id);
  const auto got = some("q", 3);
  ack("q", {got[0]});
  ack("q", {got[1]});
  ASSERT_TRUE(run_sync(broker->leave("q")));
  broker = under_test->client();
  declare("q");
  under_test->pass(Seconds(1));
  EXPECT_EQ(ids(some("q", 1)), V{3});
}

TEST_P(BrokerContract, a_worker_that_died_is_replaced) {
  declare("q");
  publish(1);
  EXPECT_EQ(ids(some("q", 1)), V{1});
  const auto next = under_test->client();
  ASSERT_TRUE(run_sync(next->declare({"q", ">", Seconds(1), 100})));
  under_test->pass(Seconds(20));
  EXPECT_EQ(ids(some("q", 1, next.get())), V{1});
}

TEST_P(BrokerContract, the_age_of_a_queue_is_that_of_its_oldest_open_event) {
  declare("q", "user.*", Seconds(60));
  EXPECT_EQ(get(broker->oldest("q")), std::nullopt);
  publish(1, "session.revoked");
  EXPECT_EQ(get(broker->oldest("q")), std::nullopt);
  const TimePoint first = under_test->now();
  publish(2);
  under_test->pass(Seconds(1));
  publish(3);
  const auto near = [&](TimePoint at) {
    const auto oldest = get(broker->oldest("q"));
    return oldest && *oldest >= at && *oldest < at + Milliseconds(900);
  };
  EXPECT_TRUE(near(first));
  const auto got = some("q", 2);
  EXPECT_TRUE(near(first)) << "under way is not done";
  ack("q", {got[1]});
  EXPECT_TRUE(near(first));
  ack("q", {got[0]});
  EXPECT_EQ(get(broker->oldest("q")), std::nullopt);
}

TEST_P(BrokerContract, the_stream_is_replayed_from_any_offset) {
  for (int64_t id = 1; id <= 6; ++id)
    publish(id, id % 2 ? "user.created" : "session.revoked", id > 4 ? other : acme);
  const auto all = get(under_test->outbox().read({})).events;
  EXPECT_EQ(replayed({}, 0), (V{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(replayed({}, all[3].offset), (V{5, 6}));
  EXPECT_EQ(replayed({"user.>"}, all[0].offset), (V{3, 5}));
  EXPECT_EQ(replayed({">", other}, 0), (V{5, 6}));
  EXPECT_EQ(replayed({}, all[1].offset, 2), (V{3, 4}));
  EXPECT_EQ(replayed({}, all[5].offset), V{});
}

TEST_P(BrokerContract, subscribers_hear_what_they_asked_for_until_they_leave) {
  std::mutex mutex;
  std::condition_variable heard;
  V users, all;
  const auto hear_into = [&](V& list) {
    return [&](const domain::Event& event) {
      std::lock_guard lock(mutex);
      list.push_back(event.id);
      heard.notify_all();
    };
  };
  auto of_users = broker->subscribe({"user.*", acme}, hear_into(users));
  auto of_all = broker->subscribe({}, hear_into(all));
  ASSERT_TRUE(of_users && of_all);
  publish(1);
  publish(2, "session.revoked");
  publish(3, "user.created", other);
  publish(4, "user.deleted");
  const auto wait_for = [&](const V& list, const V& wanted) {
    std::unique_lock lock(mutex);
    heard.wait_for(lock, Seconds(10), [&] { return list == wanted; });
    EXPECT_EQ(list, wanted);
  };
  wait_for(users, {1, 4});
  wait_for(all, {1, 2, 3, 4});
  of_users->reset();
  publish(5);
  wait_for(all, {1, 2, 3, 4, 5});
  wait_for(users, {1, 4});
}

TEST_P(BrokerContract, who_waits_is_woken_by_an_event) {
  declare("q");
  Deliveries got;
  std::thread waiting([&] { got = get(broker->fetch("q", 1, Seconds(20))); });
  publish(1);
  waiting.join();
  EXPECT_EQ(ids(got), V{1});
}

TEST_P(BrokerContract, an_interruption_ends_the_waiting) {
  declare("q");
  std::atomic<bool> done{false};
  std::thread waiting([&] {
    EXPECT_TRUE(get(broker->fetch("q", 1, Seconds(300))).empty());
    done = true;
  });
  while (!done) {
    broker->interrupt();
    std::this_thread::yield();
  }
  waiting.join();
}

TEST_P(BrokerContract, it_tells_what_it_holds) {
  const auto before = get(broker->held());
  if (!before) return;  // it cannot lose anything
  EXPECT_EQ(*before, 0);
  publish(1);
  publish(2);
  EXPECT_EQ(get(broker->held()), published);
}

inline std::string broker_name(const testing::TestParamInfo<BrokerMaker>& info) { return info.param.name; }

}  // namespace durward::adapters::contract
