#include "server/node_lease.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "adapters/sqlite/store.h"
#include "base/executor.h"

namespace durward::server {
namespace {

constexpr int64_t epoch_ms = 1704067200000;
int64_t node_of(int64_t key) { return key >> 12 & 0x3ff; }
TimePoint time_of(int64_t key) { return from_unix_ms((key >> 22) + epoch_ms); }

// A store whose nodes can be away.
class Nodes : public ports::Nodes {
 public:
  explicit Nodes(ports::Nodes& real) : real_(real) {}
  Async<ports::NodeLease> take(std::string holder, TimePoint now, TimePoint until) override {
    if (away) co_return fail(ErrorKind::unavailable, "store_unavailable", "");
    co_return co_await real_.take(std::move(holder), now, until);
  }
  Async<> renew(ports::NodeLease lease, TimePoint until) override {
    if (away) co_return fail(ErrorKind::unavailable, "store_unavailable", "");
    co_return co_await real_.renew(std::move(lease), until);
  }
  Async<> release(ports::NodeLease lease, TimePoint unused_from) override {
    if (away) co_return fail(ErrorKind::unavailable, "store_unavailable", "");
    co_return co_await real_.release(std::move(lease), unused_from);
  }
  std::atomic<bool> away{false};

 private:
  ports::Nodes& real_;
};

class NodeLeaseTest : public testing::Test {
 protected:
  static constexpr NodeLeaseOptions options{.lease = Seconds(60), .renew_every = Milliseconds(3'600'000)};
  std::unique_ptr<NodeLease> take(Sequence& sequence, NodeLeaseOptions with = options) {
    return NodeLease::take(nodes, sequence, clock, random, registry, with).value();
  }
  // 0: not within half a minute.
  static int64_t key_soon(Sequence& sequence) {
    const auto end = std::chrono::steady_clock::now() + Seconds(30);
    while (std::chrono::steady_clock::now() < end) try {
        return sequence.next();
      } catch (const std::runtime_error&) {
        std::this_thread::yield();
      }
    return 0;
  }
  FixedClock clock{from_unix_seconds(1'800'000'000)};
  SystemRandom random;
  metrics::Registry registry;
  std::unique_ptr<adapters::SqliteStore> store = adapters::SqliteStore::open({}, clock).value();
  Nodes nodes{store->nodes()};
};

TEST_F(NodeLeaseTest, two_processes_never_make_the_same_key) {
  Sequence here(clock), there(clock);
  const auto first = take(here), second = take(there);
  std::set<int64_t> keys;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(keys.insert(here.next()).second);
    EXPECT_TRUE(keys.insert(there.next()).second);
  }
  EXPECT_NE(node_of(here.next()), node_of(there.next()));
}

TEST_F(NodeLeaseTest, without_a_lease_no_key_is_made) {
  Sequence sequence(clock);
  EXPECT_THROW(sequence.next(), std::runtime_error);
  take(sequence).reset();
  EXPECT_THROW(sequence.next(), std::runtime_error) << "given back";
}

TEST_F(NodeLeaseTest,
       a_process_that_slept_longer_than_its_lease_goes_on_with_its_number_when_nobody_took_it) {
  Sequence sequence(clock);
  const auto lease = take(sequence);
  const auto before = sequence.next();
  clock.advance(Seconds(3600));
  const auto after = sequence.next();
  EXPECT_EQ(node_of(after), node_of(before));
  EXPECT_EQ(time_of(after), clock.now());
}

TEST_F(NodeLeaseTest, a_process_that_lost_its_lease_makes_no_further_key_with_it) {
  Sequence sleeper(clock);
  const auto lease = take(sleeper);
  const auto before = sleeper.next();
  clock.advance(options.lease + ports::Nodes::clock_difference);
  std::vector<ports::NodeLease> others;  // every number, that of the sleeper too
  for (int i = 0; i < 1024; ++i)
    others.push_back(run_sync(nodes.take("o", clock.now(), clock.now() + Seconds(60))).value());
  EXPECT_THROW(sleeper.next(), std::runtime_error) << "none is left for it";
  ASSERT_TRUE(run_sync(nodes.release(others[5], clock.now())));
  const auto after = key_soon(sleeper);
  EXPECT_EQ(node_of(after), others[5].number);
  EXPECT_GE(time_of(after), others[5].from);
  EXPECT_GT(after, before);
}

TEST_F(NodeLeaseTest, threads_that_find_the_time_over_wait_for_one_renewal_and_make_different_keys) {
  Sequence sequence(clock);
  const auto lease = take(sequence);
  for (int round = 0; round < 20; ++round) {
    clock.advance(Seconds(3600));
    std::mutex mutex;
    std::set<int64_t> keys;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 100; ++n) {
          const auto key = sequence.next();
          std::lock_guard lock(mutex);
          EXPECT_TRUE(keys.insert(key).second);
        }
      });
    for (auto& thread : threads) thread.join();
  }
}

TEST_F(NodeLeaseTest, a_store_that_is_away_stops_keys_when_the_time_is_over_and_not_before) {
  Sequence sequence(clock);
  const auto lease = take(sequence);
  nodes.away = true;
  clock.advance(options.lease - Milliseconds(1));
  EXPECT_NO_THROW(sequence.next());
  clock.advance(Milliseconds(1));
  EXPECT_THROW(sequence.next(), std::runtime_error);
  EXPECT_THROW(sequence.next(), std::runtime_error);
  nodes.away = false;
  EXPECT_NE(key_soon(sequence), 0) << "the thread renews by itself";
}

TEST_F(NodeLeaseTest, the_lease_is_renewed_while_the_process_lives) {
  Sequence sequence(clock);
  const auto lease = take(sequence, {.lease = Seconds(60), .renew_every = Milliseconds(1)});
  const auto number = node_of(sequence.next());
  for (int i = 0; i < 50; ++i) {
    clock.advance(Seconds(30));
    EXPECT_EQ(node_of(sequence.next()), number);
  }
}

TEST_F(NodeLeaseTest, when_every_number_is_held_a_process_does_not_start) {
  for (int i = 0; i < 1024; ++i)
    ASSERT_TRUE(run_sync(nodes.take("o", clock.now(), clock.now() + Seconds(60))));
  Sequence sequence(clock);
  const auto refused = NodeLease::take(nodes, sequence, clock, random, registry, options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "no_node");
}

}  // namespace
}  // namespace durward::server
