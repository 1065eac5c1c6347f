#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "adapters/events/dispatcher.h"
#include "adapters/events/event_committer.h"
#include "adapters/events/local_broker.h"
#include "adapters/events/queue_worker.h"
#include "adapters/sqlite/store.h"
#include "base/executor.h"
#include "base/log.h"

namespace durward::adapters {
namespace {

const TimePoint start = from_unix_ms(1'700'000'000'000);

class EventsTest : public testing::Test {
 protected:
  EventsTest() {
    log::set_sink([](std::string_view) {});
    tenant = run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
  }
  template <class... W>
  void commit(W... writes) {
    ASSERT_TRUE(run_sync(committer.commit(tenant, {ports::Write(std::move(writes))...})));
  }
  std::vector<domain::Event> events(int64_t after = 0) {
    return run_sync(store->outbox().read({.after = after, .limit = 1000})).value().events;
  }
  domain::User user(const std::string& id) {
    domain::User u;
    u.user_id = "auth0|" + id;
    u.identities.push_back({.connection = "db", .provider = "auth0", .user_id = id});
    u.profile = {{"email", id + "@x.test"}, {"user_metadata", json::Object{{"k", "v"}}}};
    return u;
  }

  FixedClock clock{start};
  SeededRandom random{1};
  Sequence sequence{clock, random};
  metrics::Registry registry;
  std::unique_ptr<SqliteStore> store = SqliteStore::open({}, clock, &registry).value();
  EventCommitter committer{store->committer(), sequence, clock};
  domain::TenantId tenant;
};

TEST_F(EventsTest, changes_are_heard_as_the_table_says) {
  const std::string id = "auth0|1";
  auto u = user("1"), second = user("2");
  const struct {
    ports::Write write;
    std::string type, data;
  } rows[] = {
      {ports::InsertUser{u, {}, ""}, "user.created", R"("user_id":"auth0|1")"},
      {ports::ReplaceUser{u, {}}, "user.updated", R"("email":"1@x.test")"},
      {ports::RemoveSession{5}, "session.revoked", R"({"session":"5"})"},
      {ports::RemoveSessionsOf{id}, "session.revoked", R"({"user_id":"auth0|1"})"},
      {ports::RevokeRefreshToken{6}, "refresh_token.revoked", R"({"refresh_token":"6"})"},
      {ports::RevokeFamily{7}, "refresh_token.revoked", R"({"family":"7"})"},
      {ports::RevokeRefreshTokensOf{id, "c", "a"}, "refresh_token.revoked",
       R"({"user_id":"auth0|1","client_id":"c","audience":"a"})"},
      {ports::InsertDocument{ports::Collection::roles, {.id = "r"}, {}}, "configuration.changed",
       R"({"collection":"roles","action":"created","id":"r"})"},
      {ports::ReplaceDocument{ports::Collection::roles, {.id = "r"}, {}}, "configuration.changed",
       R"({"collection":"roles","action":"updated","id":"r"})"},
      {ports::RemoveDocument{ports::Collection::roles, "r"}, "configuration.changed",
       R"({"collection":"roles","action":"deleted","id":"r"})"},
      {ports::RemoveDocumentsBy{ports::Collection::client_grants, "client_id", "c"}, "configuration.changed",
       R"({"collection":"client_grants","action":"deleted","id":"","by":{"client_id":"c"}})"},
      {ports::InsertJob{8, "mail", {{"text", "https://secret"}}, start}, "mail.requested", R"({"job":"8"})"},
      {ports::RemoveUser{id}, "user.deleted", R"({"object":{"user_id":"auth0|1","deleted_at":"2023-11-14T)"},
  };
  int64_t after = 0;
  for (const auto& row : rows) {
    commit(row.write);
    const auto heard = events(after);
    ASSERT_EQ(heard.size(), 1u) << row.type;
    after = heard[0].offset;
    EXPECT_EQ(heard[0].type, row.type);
    EXPECT_EQ(heard[0].tenant, tenant);
    EXPECT_EQ(heard[0].time, clock.now());
    EXPECT_NE(json::serialize(heard[0].data).find(row.data), std::string::npos)
        << json::serialize(heard[0].data);
  }
}

TEST_F(EventsTest, who_was_read_before_a_change_is_told_with_it) {
  auto before = user("1"), after = user("1");
  after.profile["email"] = "new@x.test";
  commit(ports::InsertUser{before, {}, ""}, ports::ReplaceUser{after, {}, before},
         ports::RemoveUser{"auth0|1", after});
  const auto heard = events();
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_FALSE(heard[0].data.contains("previous_object"));
  const auto object = [&](size_t i, const char* name) { return heard[i].data.at(name).as_object(); };
  EXPECT_EQ(json::string_or(object(1, "object"), "email"), "new@x.test");
  EXPECT_EQ(json::string_or(object(1, "previous_object"), "email"), "1@x.test");
  EXPECT_EQ(json::string_or(object(2, "object"), "email"), "new@x.test");
  EXPECT_EQ(json::string_or(object(2, "object"), "deleted_at"), to_iso8601(start));
}

TEST_F(EventsTest, linking_updates_one_user_and_deletes_the_other) {
  commit(ports::InsertUser{user("1"), {}, ""}, ports::InsertUser{user("2"), {}, ""});
  auto primary = run_sync(store->users().find(tenant, "auth0|1")).value().value();
  commit(ports::LinkUsers{primary, {}, "auth0|2"});
  const auto heard = events();
  ASSERT_EQ(heard.size(), 4u);
  EXPECT_EQ(heard[2].type, "user.updated");
  EXPECT_EQ(heard[3].type, "user.deleted");
  EXPECT_LT(heard[2].id, heard[3].id);
}

TEST_F(EventsTest, documents_that_change_together_are_heard_together) {
  ports::Writes writes;
  for (int i = 0; i < 501; ++i)
    writes.push_back(ports::InsertDocument{ports::Collection::roles, {.id = std::to_string(i)}, {}});
  writes.push_back(ports::RemoveSession{1});
  ASSERT_TRUE(run_sync(committer.commit(tenant, std::move(writes))));
  const auto heard = events();
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(json::array(heard[0].data, "changes")->size(), 500u);
  EXPECT_EQ(json::array(heard[2].data, "changes")->size(), 1u);
  EXPECT_EQ(heard[1].type, "session.revoked");
}

TEST_F(EventsTest, a_login_has_no_events) {
  commit(ports::InsertUser{user("1"), {}, ""});
  const auto before = events().size();
  domain::Session session;
  session.id = 1;
  session.user_id = "auth0|1";
  session.expires_at = session.idle_expires_at = start + Seconds(60);
  domain::AuthorizationCode code;
  code.id = 1;
  code.authorization.user_id = "auth0|1";
  code.expires_at = start + Seconds(60);
  domain::RefreshToken token;
  token.id = 1;
  token.authorization.user_id = "auth0|1";
  commit(ports::InsertSession{session}, ports::RecordLogin{"auth0|1", "1.1.1.1", start},
         ports::InsertCode{code}, ports::AppendLog{{.id = 1, .date = start, .type = "s"}},
         ports::SetPassword{"auth0|1", "h", start, 0, true});
  commit(ports::ConsumeCode{1, start}, ports::InsertRefreshToken{token},
         ports::AppendLog{{.id = 2, .date = start, .type = "seacft"}});
  commit(ports::RotateRefreshToken{1, start});
  EXPECT_EQ(events().size(), before);
}

TEST_F(EventsTest, a_change_that_fails_is_not_heard) {
  commit(ports::InsertUser{user("1"), {}, ""});
  EXPECT_FALSE(run_sync(committer.commit(tenant, {ports::InsertUser{user("1"), {}, ""}})));
  EXPECT_EQ(events().size(), 1u);
}

TEST_F(EventsTest, a_very_large_user_is_announced_without_the_metadata) {
  auto u = user("1");
  u.profile["app_metadata"] = json::Object{{"k", std::string(100'000, 'x')}};
  commit(ports::InsertUser{u, {}, ""});
  const auto text = json::serialize(events()[0].data);
  EXPECT_LT(text.size(), 1000u);
  EXPECT_NE(text.find("1@x.test"), std::string::npos);
  u = user("2");
  u.profile["name"] = std::string(100'000, 'x');
  commit(ports::InsertUser{u, {}, ""});
  EXPECT_EQ(json::serialize(events()[1].data), R"({"object":{"user_id":"auth0|2"}})");
}

// A broker that keeps what it is given and can be away or lose everything.
class FakeSink : public ports::EventSink {
 public:
  Async<std::optional<int64_t>> held() override {
    if (away) co_return fail(ErrorKind::unavailable, "broker_unavailable");
    co_return events.empty() ? 0 : events.back().offset;
  }
  Async<> publish(std::vector<domain::Event> more) override {
    if (away) co_return fail(ErrorKind::unavailable, "broker_unavailable");
    std::move(more.begin(), more.end(), std::back_inserter(events));
    co_return Result<>();
  }
  std::vector<int64_t> ids() const {
    std::vector<int64_t> out;
    for (const auto& e : events) out.push_back(e.id);
    return out;
  }
  std::vector<domain::Event> events;
  bool away = false;
};

class DispatcherTest : public EventsTest {
 protected:
  Dispatcher dispatcher(const std::string& owner) {
    return Dispatcher(store->outbox(), store->leases(), sink, clock, owner, {.batch = 2}, registry);
  }
  void append(int64_t id) {
    ASSERT_TRUE(run_sync(store->committer().commit(
        tenant, {ports::AppendEvent{{.id = id, .type = "user.created", .time = clock.now()}}})));
  }
  static int64_t round(Dispatcher& d) { return run_sync(d.round()).value(); }
  int64_t gauge(const char* name) { return registry.gauge(name, "").value(); }
  using V = std::vector<int64_t>;
  FakeSink sink;
};

TEST_F(DispatcherTest, takes_all_events_once_in_order_and_in_batches) {
  auto leader = dispatcher("a");
  for (int64_t id : {5, 3, 4}) append(id);
  EXPECT_EQ(round(leader), 2);
  EXPECT_EQ(round(leader), 1);
  EXPECT_EQ(round(leader), 0);
  EXPECT_EQ(sink.ids(), (V{5, 3, 4}));
  EXPECT_EQ(registry.counter("durward_events_published_total", "").value(), 3u);
}

TEST_F(DispatcherTest, a_broker_that_is_away_costs_time_and_no_event) {
  auto leader = dispatcher("a");
  append(1);
  sink.away = true;
  EXPECT_EQ(run_sync(leader.round()).error().kind, ErrorKind::unavailable);
  append(2);
  sink.away = false;
  EXPECT_EQ(round(leader), 2);
  EXPECT_EQ(sink.ids(), (V{1, 2}));
}

TEST_F(DispatcherTest, age_and_lag_tell_how_far_behind_it_is) {
  auto leader = dispatcher("a"), follower = dispatcher("b");
  append(1);
  ASSERT_EQ(round(leader), 1);
  ASSERT_EQ(round(leader), 0);
  EXPECT_EQ(gauge("durward_outbox_lag_events"), 0);
  for (int64_t id : {2, 3, 4}) append(id);
  clock.advance(Seconds(7));
  EXPECT_EQ(round(follower), 0) << "the lease is still that of the leader";
  EXPECT_EQ(gauge("durward_outbox_lag_events"), 3);
  EXPECT_EQ(gauge("durward_outbox_age_seconds"), 7);
  while (round(leader) > 0) continue;
  EXPECT_EQ(gauge("durward_outbox_age_seconds"), 0);
  EXPECT_EQ(gauge("durward_outbox_lag_events"), 0);
}

TEST_F(DispatcherTest, one_leads_and_another_takes_over_when_the_lease_runs_out) {
  auto a = dispatcher("a"), b = dispatcher("b");
  append(1);
  EXPECT_EQ(round(a), 1);
  append(2);
  EXPECT_EQ(round(b), 0);
  clock.advance(Seconds(10));
  EXPECT_EQ(round(b), 1) << "a was killed";
  append(3);
  EXPECT_EQ(round(a), 0) << "a came back";
  EXPECT_EQ(sink.ids(), (V{1, 2}));
  ASSERT_TRUE(run_sync(b.resign()));
  EXPECT_EQ(round(a), 1);
}

TEST_F(DispatcherTest, who_lost_the_lease_while_publishing_does_not_move_the_position) {
  auto a = dispatcher("a"), b = dispatcher("b");
  append(1);
  EXPECT_EQ(round(a), 1);
  ASSERT_TRUE(run_sync(store->leases().release({"dispatcher", "a"})));
  append(2);
  EXPECT_EQ(round(b), 1);
  append(3);
  EXPECT_EQ(run_sync(a.round()).error().code, "lease_lost");
  EXPECT_EQ(round(a), 0);
  EXPECT_EQ(round(b), 1);
  EXPECT_EQ(sink.ids(), (V{1, 2, 3, 3})) << "twice is harmless, never is not";
}

TEST_F(DispatcherTest, a_broker_that_lost_everything_is_filled_again) {
  auto leader = dispatcher("a");
  for (int64_t id : {1, 2, 3}) append(id);
  while (round(leader) > 0) continue;
  sink.events.clear();
  EXPECT_EQ(round(leader), 0) << "it is not asked all the time";
  clock.advance(Seconds(5));
  while (round(leader) > 0) continue;
  EXPECT_EQ(sink.ids(), (V{1, 2, 3}));
}

TEST_F(DispatcherTest, a_broker_that_lost_the_end_is_filled_from_there) {
  auto leader = dispatcher("a");
  for (int64_t id : {1, 2, 3}) append(id);
  while (round(leader) > 0) continue;
  sink.events.pop_back();
  clock.advance(Seconds(5));
  append(4);
  while (round(leader) > 0) continue;
  EXPECT_EQ(sink.ids(), (V{1, 2, 3, 4}));
}

TEST_F(DispatcherTest, an_idle_dispatcher_commits_nothing) {
  auto leader = dispatcher("a");
  append(1);
  ASSERT_EQ(round(leader), 1);
  const auto before = registry.counter("durward_store_flushes_total", "").value();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(round(leader), 0);
    clock.advance(Seconds(60));
  }
  EXPECT_EQ(registry.counter("durward_store_flushes_total", "").value(), before);
}

// Answers with its results in turn, then with success.
class ScriptedConsumer : public Consumer {
 public:
  Async<> handle(domain::Event event) override {
    std::lock_guard lock(mutex);
    handled.push_back(event.id);
    changed.notify_all();
    if (results.empty()) co_return Result<>();
    auto result = std::move(results.front());
    results.erase(results.begin());
    co_return result;
  }
  Async<> give_up(domain::Event event) override {
    given_up.push_back(event.id);
    co_return Result<>();
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Result<>> results;
  std::vector<int64_t> handled, given_up;
};

class QueueWorkerTest : public DispatcherTest {
 protected:
  uint64_t deliveries(const std::string& outcome) {
    return registry.counter("durward_deliveries_total", "", "queue=\"q\",outcome=\"" + outcome + "\"")
        .value();
  }
  QueueWorkerOptions options{.attempts_max = 3, .first_pause = Seconds(10), .longest_pause = Seconds(15)};
  ScriptedConsumer consumer;
  LocalBroker broker{store->outbox(), store->leases(), clock, "me"};
  QueueWorker worker{broker,  store->outbox(), consumer, clock, {.name = "q", .pattern = "user.*"},
                     options, registry};
  int64_t round() { return run_sync(worker.run_once()).value(); }
};

TEST_F(QueueWorkerTest, failing_events_are_retried_after_growing_pauses_and_buried_in_the_end) {
  consumer.results.assign(3, fail(ErrorKind::unavailable, "away"));
  append(1);
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(10) - Milliseconds(1));
  EXPECT_EQ(round(), 0);
  clock.advance(Milliseconds(1));
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(15));
  EXPECT_TRUE(consumer.given_up.empty());
  EXPECT_EQ(round(), 1);
  EXPECT_EQ(consumer.given_up, V{1});
  clock.advance(Seconds(3600));
  EXPECT_EQ(round(), 0);
  EXPECT_EQ(deliveries("retried"), 2u);
  EXPECT_EQ(deliveries("dead"), 1u);
  const auto letters = run_sync(store->outbox().dead_letters("q", 10)).value();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].event.id, 1);
  EXPECT_EQ(letters[0].attempts, 3);
  EXPECT_EQ(letters[0].reason, "away");
}

// Nobody is done before all are here.
class MeetingConsumer : public Consumer {
 public:
  explicit MeetingConsumer(int expected) : missing_(expected) {}
  Async<> handle(domain::Event event) override {
    co_return co_await pool_.run([&]() -> Result<> {
      std::unique_lock lock(mutex_);
      --missing_;
      changed_.notify_all();
      const bool met = changed_.wait_for(lock, std::chrono::seconds(20), [&] { return missing_ <= 0; });
      if (!met) return fail(ErrorKind::unavailable, "alone");
      return event.id == 2 ? Result<>(fail(ErrorKind::invalid, "refused")) : Result<>();
    });
  }
  Async<> give_up(domain::Event event) override {
    given_up.push_back(event.id);
    co_return Result<>();
  }
  std::vector<int64_t> given_up;

 private:
  ThreadPool pool_{"meeting", 3, 8};
  std::mutex mutex_;
  std::condition_variable changed_;
  int missing_;
};

TEST_F(QueueWorkerTest, those_of_a_batch_may_be_handled_side_by_side_each_with_its_own_end) {
  MeetingConsumer meeting(3);
  options.side_by_side = true;
  QueueWorker beside(broker, store->outbox(), meeting, clock, {.name = "q", .pattern = "user.*"}, options,
                     registry);
  for (int64_t id = 1; id <= 3; ++id) append(id);
  EXPECT_EQ(run_sync(beside.run_once()).value(), 3);
  EXPECT_EQ(meeting.given_up, V{2});
  EXPECT_EQ(deliveries("done"), 2u);
  EXPECT_EQ(deliveries("dead"), 1u);
  EXPECT_EQ(run_sync(beside.run_once()).value(), 0);
}

TEST_F(QueueWorkerTest, the_age_of_the_queue_grows_while_nothing_is_done) {
  consumer.results.assign(1, fail(ErrorKind::unavailable, "away"));
  append(1);
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(9));
  EXPECT_EQ(round(), 0);
  auto& age = registry.gauge("durward_queue_age_seconds", "", "queue=\"q\"");
  EXPECT_EQ(age.value(), 9);
  clock.advance(Seconds(5));
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(5));
  EXPECT_EQ(round(), 0);
  EXPECT_EQ(age.value(), 0);
}

TEST_F(QueueWorkerTest, a_hopeless_event_is_buried_at_once_and_holds_up_nobody) {
  consumer.results = {fail(ErrorKind::invalid, "nonsense")};
  append(1);
  append(2);
  EXPECT_EQ(round(), 2);
  EXPECT_EQ(consumer.given_up, V{1});
  EXPECT_EQ(deliveries("done"), 1u);
}

TEST_F(QueueWorkerTest, a_started_worker_is_woken_by_the_dispatcher_and_stops_cleanly) {
  QueueWorkerOptions patient = options;
  patient.wait = Seconds(600);
  QueueWorker started(broker, store->outbox(), consumer, clock, {.name = "q", .pattern = "user.*"}, patient,
                      registry);
  Dispatcher dispatching(store->outbox(), store->leases(), broker, clock, "me", {}, registry);
  started.start();
  for (int64_t id = 1; id <= 3; ++id) {
    append(id);
    ASSERT_EQ(run_sync(dispatching.round()).value(), 1);
    std::unique_lock lock(consumer.mutex);
    ASSERT_TRUE(
        consumer.changed.wait_for(lock, Seconds(10), [&] { return consumer.handled.size() == size_t(id); }));
  }
  started.stop();
  started.stop();
  append(4);
  EXPECT_EQ(consumer.handled.size(), 3u);
  EXPECT_EQ(round(), 1) << "the lease was given back";
}

TEST(Rounds, go_on_at_once_while_there_is_more_and_after_a_wake_up) {
  std::mutex mutex;
  std::condition_variable changed;
  int made = 0;
  Rounds rounds({.name = "test", .pause = Seconds(3600)}, [&]() -> Async<bool> {
    std::lock_guard lock(mutex);
    changed.notify_all();
    return [](int n) -> Async<bool> { co_return n % 3 != 0; }(++made);
  });
  const auto await = [&](int n) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, Seconds(10), [&] { return made >= n; }));
  };
  rounds.start();
  await(3);
  rounds.waker()();
  await(6);
  rounds.stop();
  rounds.waker()();
  EXPECT_EQ(made, 6);
}

TEST(Rounds, a_failing_round_is_tried_again) {
  log::set_sink([](std::string_view) {});
  std::atomic<int> made{0};
  Rounds rounds({.name = "test", .pause = Milliseconds(1), .longest_pause = Milliseconds(2)},
                [&]() -> Async<bool> {
                  ++made;
                  return [](int n) -> Async<bool> {
                    if (n == 1) co_return fail(ErrorKind::unavailable, "away");
                    if (n == 2) throw std::runtime_error("broken");
                    co_return false;
                  }(made);
                });
  rounds.start();
  while (made < 3) std::this_thread::yield();
  rounds.stop();
}

}  // namespace
}  // namespace durward::adapters
