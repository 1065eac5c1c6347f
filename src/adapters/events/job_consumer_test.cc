#include "adapters/events/job_consumer.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/events/local_broker.h"
#include "adapters/sqlite/store.h"
#include "base/executor.h"
#include "base/log.h"

namespace durward::adapters {
namespace {

const TimePoint at = *parse_iso8601("2026-01-31T09:30:05.000Z");

// Answers each job with the next of its results, then with success.
class ScriptedNotifier : public ports::Notifier {
 public:
  Async<bool> serves(domain::TenantId) override { co_return is_ours; }
  Async<> give_up(ports::Job job) override {
    given_up.push_back(ports::mail_of(job).to);
    co_return Result<>();
  }
  Async<> deliver(ports::Job job) override {
    sent.push_back(ports::mail_of(job).to);
    attempts.push_back(job.attempts);
    if (results.empty()) co_return Result<>();
    auto result = results.front();
    if (results.size() > 1 || !forever) results.erase(results.begin());
    co_return result;
  }
  std::vector<Result<>> results;
  bool forever = false, is_ours = true;
  std::vector<std::string> sent, given_up;
  std::vector<int> attempts;
};

class JobConsumerTest : public testing::Test {
 protected:
  JobConsumerTest() {
    log::set_sink([](std::string_view) {});
    tenant = run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
  }
  // As the committer of the server does: the job, and the event that says where it is.
  domain::Event add(int64_t id) {
    const domain::Event event{.id = 1000 + id,
                              .type = "mail.requested",
                              .time = clock.now(),
                              .data = {{"job", std::to_string(id)}}};
    EXPECT_TRUE(run_sync(store->committer().commit(
        tenant,
        {ports::mail_job(id, {.to = std::to_string(id) + "@x"}, clock.now()), ports::AppendEvent{event}})));
    return event;
  }
  int64_t round() { return run_sync(worker.run_once()).value(); }
  uint64_t mails(const std::string& outcome) {
    return registry.counter("durward_mails_total", "", "outcome=\"" + outcome + "\"").value();
  }
  bool has_job(int64_t id) {
    const auto job = run_sync(store->jobs().claim(id, clock.now(), Seconds(0)));
    return !job || *job;
  }

  FixedClock clock{at};
  std::unique_ptr<SqliteStore> store = SqliteStore::open({}, clock).value();
  domain::TenantId tenant;
  ScriptedNotifier notifier;
  metrics::Registry registry;
  JobConsumer consumer{store->jobs(), notifier, clock, "durward_mails_total", registry};
  LocalBroker broker{store->outbox(), store->leases(), clock, "me"};
  QueueWorker worker{broker, store->outbox(), consumer, clock, job_queue("mail", "mail"), {}, registry};
};

TEST_F(JobConsumerTest, a_mail_is_sent_once_however_often_its_event_comes) {
  const auto event = add(1);
  EXPECT_EQ(round(), 1);
  EXPECT_EQ(round(), 0);
  EXPECT_TRUE(run_sync(consumer.handle(event)));
  EXPECT_EQ(notifier.sent, std::vector<std::string>{"1@x"});
  EXPECT_FALSE(has_job(1));
}

TEST_F(JobConsumerTest, a_mail_that_another_worker_is_sending_is_left_to_it) {
  const auto event = add(1);
  ASSERT_TRUE(run_sync(store->jobs().claim(1, clock.now(), Seconds(60))).value());
  EXPECT_EQ(run_sync(consumer.handle(event)).error().code, "job_busy");
  EXPECT_TRUE(notifier.sent.empty());
}

TEST_F(JobConsumerTest, an_attempt_that_was_asked_for_is_counted) {
  notifier.results = {fail(ErrorKind::unavailable, "notification_retry"),
                      fail(ErrorKind::unavailable, "away")};
  add(1);
  for (int i = 0; i < 3; ++i) {
    round();
    clock.advance(Seconds(60));
  }
  EXPECT_EQ(notifier.attempts, (std::vector<int>{0, 1, 1}));
}

TEST_F(JobConsumerTest, a_job_that_waits_for_its_next_attempt_is_not_forgotten) {
  notifier.results = {fail(ErrorKind::unavailable, "away")};
  notifier.forever = true;
  add(1);
  for (int attempt = 0; attempt < 5; ++attempt) {
    EXPECT_EQ(round(), 1) << attempt;
    clock.advance(Seconds(30 << attempt));
    ASSERT_TRUE(run_sync(store->jobs().sweep(clock.now(), 100)));
  }
  EXPECT_EQ(notifier.sent.size(), 5u);
  EXPECT_EQ(run_sync(store->outbox().read({})).value().events.size(), 1u) << "it was announced once";
}

TEST_F(JobConsumerTest, a_job_that_another_worker_holds_is_not_postponed) {
  const auto event = add(1);
  ASSERT_TRUE(run_sync(store->jobs().claim(1, clock.now(), Seconds(60))).value());
  ASSERT_TRUE(run_sync(consumer.postponed(event, clock.now() + Seconds(600))));
  clock.advance(Seconds(60));
  EXPECT_TRUE(run_sync(store->jobs().claim(1, clock.now(), Seconds(60))).value()) << "as it was held";
}

TEST_F(JobConsumerTest, a_job_that_is_somebody_elses_is_left_alone) {
  notifier.is_ours = false;
  add(1);
  EXPECT_EQ(round(), 1);
  EXPECT_TRUE(notifier.sent.empty());
  EXPECT_TRUE(has_job(1));
}

TEST_F(JobConsumerTest, an_event_without_a_job_is_invalid) {
  for (const json::Object& data : {json::Object{}, json::Object{{"job", "x"}}, json::Object{{"job", 1}}}) {
    EXPECT_EQ(run_sync(consumer.handle({.type = "mail.requested", .data = data})).error().kind,
              ErrorKind::invalid);
    EXPECT_TRUE(run_sync(consumer.give_up({.type = "mail.requested", .data = data})));
  }
}

TEST_F(JobConsumerTest, a_passing_failure_is_tried_again_after_a_growing_pause) {
  notifier.results = {fail(ErrorKind::unavailable, "away"), fail(ErrorKind::unavailable, "away")};
  add(1);
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(29));
  EXPECT_EQ(round(), 0);
  clock.advance(Seconds(1));
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(59));
  EXPECT_EQ(round(), 0);
  clock.advance(Seconds(1));
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(86400));
  EXPECT_EQ(round(), 0);
  EXPECT_EQ(notifier.sent.size(), 3u);
}

TEST_F(JobConsumerTest, a_refused_mail_is_given_up_at_once_and_a_failing_one_after_twelve_attempts) {
  notifier.results = {fail(ErrorKind::invalid, "refused")};
  add(1);
  EXPECT_EQ(round(), 1);
  EXPECT_FALSE(has_job(1)) << "its link is of no use any more";
  notifier.results = {fail(ErrorKind::unavailable, "away")};
  notifier.forever = true;
  add(2);
  for (int i = 0; i < 20; ++i) {
    clock.advance(Seconds(3600));
    round();
  }
  EXPECT_EQ(notifier.sent.size(), 13u);
  EXPECT_EQ(mails("refused"), 1u);
  EXPECT_EQ(mails("given_up"), 2u);
  EXPECT_EQ(notifier.given_up, (std::vector<std::string>{"1@x", "2@x"}));
  EXPECT_EQ(notifier.attempts.back(), 0) << "nobody asked for these attempts";
  EXPECT_FALSE(has_job(2));
  const auto letters = run_sync(store->outbox().dead_letters("mail", 10)).value();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].reason, "away");
  EXPECT_EQ(letters[0].attempts, 12);
  EXPECT_EQ(letters[1].reason, "refused");
}

// Answers after the test says so, as a slow server does.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void await_waiter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_; });
  }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false, open_ = false;
};

class SlowNotifier : public ScriptedNotifier {
 public:
  explicit SlowNotifier(Gate& gate) : gate_(gate) {}
  Async<> deliver(ports::Job) override {
    gate_.pass();
    ++count;
    co_return Result<>();
  }
  int count = 0;

 private:
  Gate& gate_;
};

TEST_F(JobConsumerTest, stopping_waits_for_the_mail_being_sent_and_leaves_the_rest_to_the_next_worker) {
  Gate gate;
  SlowNotifier slow(gate);
  for (int64_t id = 1; id <= 3; ++id) add(id);
  JobConsumer sending(store->jobs(), slow, clock, "durward_mails_total", registry);
  QueueWorker busy(broker, store->outbox(), sending, clock, job_queue("mail", "mail"), {}, registry);
  busy.start();
  gate.await_waiter();
  std::thread stopper([&] { busy.stop(); });
  gate.open();
  stopper.join();
  const int sent = slow.count;
  EXPECT_GE(sent, 1);
  EXPECT_EQ(round(), 3 - sent);
  EXPECT_EQ(int(notifier.sent.size()), 3 - sent);
}

}  // namespace
}  // namespace durward::adapters
