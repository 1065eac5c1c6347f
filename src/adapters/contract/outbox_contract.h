#pragma once
#include <atomic>
#include <set>

#include "adapters/contract/world.h"

namespace durward::adapters::contract {

class OutboxContract : public World {
 protected:
  ports::AppendEvent event(int64_t id, const std::string& type = "user.created") {
    return {{.id = id, .type = type, .time = clock.now(), .data = {{"n", id}}}};
  }
  ports::EventPage read(ports::EventQuery query = {}) { return get(store->outbox().read(std::move(query))); }
  std::vector<int64_t> ids(ports::EventQuery query = {}) {
    std::vector<int64_t> out;
    for (const auto& e : read(std::move(query)).events) out.push_back(e.id);
    return out;
  }
  using V = std::vector<int64_t>;
  const ports::Lease lease{"test", "me"};
  void hold() { ASSERT_TRUE(get(store->leases().acquire(lease, clock.now(), Seconds(10)))); }
  Result<> move(const std::string& reader, int64_t offset, ports::Lease held) {
    return run_sync(store->outbox().set_position(reader, offset, std::move(held), clock.now()));
  }
};

TEST_P(OutboxContract, an_event_comes_back_as_written_with_its_tenant_and_an_offset) {
  ASSERT_TRUE(commit(event(7)));
  const auto page = read();
  ASSERT_EQ(page.events.size(), 1u);
  const auto& e = page.events[0];
  EXPECT_EQ(e.id, 7);
  EXPECT_EQ(e.tenant, acme);
  EXPECT_EQ(e.type, "user.created");
  EXPECT_EQ(e.time, clock.now());
  EXPECT_EQ(e.data, (json::Object{{"n", 7}}));
  EXPECT_GT(e.offset, 0);
  EXPECT_EQ(page.scanned_to, e.offset);
}

TEST_P(OutboxContract, an_event_belongs_to_the_change_it_came_with) {
  EXPECT_FALSE(commit(event(1), ports::ConsumeTicket{4711}));
  EXPECT_EQ(ids(), V{});
  ASSERT_TRUE(commit(insert_user("u1"), event(2)));
  EXPECT_EQ(ids(), V{2});
}

TEST_P(OutboxContract, reading_goes_on_from_any_offset_in_the_order_of_commits) {
  for (int64_t id : {30, 10, 20, 40}) ASSERT_TRUE(commit(event(id)));
  EXPECT_EQ(ids(), (V{30, 10, 20, 40}));
  const auto first = read({.limit = 2});
  ASSERT_EQ(first.events.size(), 2u);
  EXPECT_EQ(ids({.after = first.scanned_to}), (V{20, 40}));
  EXPECT_EQ(ids({.after = first.events[0].offset, .until = first.events[1].offset}), V{10});
  const auto end = read({.after = read().scanned_to});
  EXPECT_TRUE(end.events.empty());
  EXPECT_EQ(end.scanned_to, read().scanned_to);
}

TEST_P(OutboxContract, readers_choose_by_type_and_tenant) {
  ASSERT_TRUE(commit(event(1), event(2, "user.deleted"), event(3, "session.revoked")));
  ASSERT_TRUE(commit(other, {event(4)}));
  EXPECT_EQ(ids({.filter = {"user.*"}}), (V{1, 2, 4}));
  EXPECT_EQ(ids({.filter = {"*.revoked"}}), V{3});
  EXPECT_EQ(ids({.filter = {">", acme}}), (V{1, 2, 3}));
  const auto page = read({.filter = {"no.such"}});
  EXPECT_TRUE(page.events.empty());
  EXPECT_EQ(page.scanned_to, read().scanned_to) << "what was passed over need not be read again";
}

TEST_P(OutboxContract, a_reader_that_follows_writers_misses_nothing) {
  constexpr int writers = 8, each = 25;
  std::atomic<int> running{writers};
  std::set<int64_t> seen;
  std::thread reader([&] {
    for (int64_t after = 0;;) {
      const bool last = running == 0;
      const auto page = read({.after = after, .limit = 7});
      for (const auto& e : page.events) {
        EXPECT_GT(e.offset, after);
        seen.insert(e.id);
      }
      if (last && page.scanned_to == after) return;
      after = page.scanned_to;
    }
  });
  at_once(writers, [&](int n) {
    for (int i = 1; i <= each; ++i) EXPECT_TRUE(commit(event(n * 1000 + i)));
    --running;
  });
  reader.join();
  EXPECT_EQ(seen.size(), size_t(writers * each));
}

TEST_P(OutboxContract, the_span_tells_oldest_and_newest) {
  EXPECT_EQ(get(store->outbox().span()).newest, 0);
  for (int64_t id : {1, 2, 3}) ASSERT_TRUE(commit(event(id)));
  const auto all = read().events;
  EXPECT_EQ(get(store->outbox().span()).oldest, all.front().offset);
  EXPECT_EQ(get(store->outbox().span()).newest, all.back().offset);
}

TEST_P(OutboxContract, a_position_moves_for_the_holder_of_the_lease_only) {
  EXPECT_EQ(get(store->outbox().position("r")), 0);
  expect_error(move("r", 5, lease), ErrorKind::conflict, "lease_lost");
  hold();
  ASSERT_TRUE(move("r", 5, lease));
  ASSERT_TRUE(move("r", 3, lease)) << "also back: a broker may have to be filled again";
  EXPECT_EQ(get(store->outbox().position("r")), 3);
  EXPECT_EQ(get(store->outbox().position("another")), 0);
  expect_error(move("r", 9, {"test", "somebody"}), ErrorKind::conflict, "lease_lost");
  clock.advance(Seconds(10));
  expect_error(move("r", 9, lease), ErrorKind::conflict, "lease_lost");
  EXPECT_EQ(get(store->outbox().position("r")), 3);
}

TEST_P(OutboxContract, dead_letters_are_kept_once_per_queue_newest_first) {
  ASSERT_TRUE(commit(event(1), event(2)));
  const auto all = read().events;
  const auto bury = [&](const std::string& queue, size_t n) {
    return run_sync(store->outbox().bury({queue, all[n], 3, "away", clock.now()}));
  };
  ASSERT_TRUE(bury("mail", 0));
  ASSERT_TRUE(bury("mail", 0));
  clock.advance(Seconds(1));
  ASSERT_TRUE(bury("mail", 1));
  ASSERT_TRUE(bury("hooks", 0));
  const auto letters = get(store->outbox().dead_letters("mail", 10));
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].event.id, 2);
  EXPECT_EQ(letters[1].event.to_json(), all[0].to_json());
  EXPECT_EQ(letters[1].attempts, 3);
  EXPECT_EQ(letters[1].reason, "away");
  EXPECT_EQ(get(store->outbox().dead_letters("", 10)).size(), 3u);
  EXPECT_EQ(get(store->outbox().dead_letters("", 1)).size(), 1u);
}

TEST_P(OutboxContract, a_commit_with_an_event_wakes_and_a_failed_one_does_not) {
  std::atomic<int> woken{0};
  store->outbox().on_event([&woken] { ++woken; });
  ASSERT_TRUE(commit(event(1)));
  EXPECT_EQ(woken, 1);
  ASSERT_TRUE(commit(insert_user("u1")));
  EXPECT_FALSE(commit(event(2), insert_user("u1")));
  EXPECT_EQ(woken, 1);
}

TEST_P(OutboxContract, old_events_are_swept_once_they_were_published) {
  for (int64_t id = 1; id <= 5; ++id) ASSERT_TRUE(commit(event(id)));
  const auto all = read().events;
  ASSERT_TRUE(run_sync(store->outbox().bury({"mail", all[0], 3, "away", clock.now()})));
  clock.advance(Seconds(366LL * 86400));
  ASSERT_TRUE(commit(event(6)));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 1) << "the dead letter";
  hold();
  ASSERT_TRUE(move("dispatcher", all[3].offset, lease));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 3)), 3);
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 1);
  EXPECT_EQ(ids(), (V{5, 6})) << "what was not published stays however old it is";
  ASSERT_TRUE(commit(event(7)));
  EXPECT_GT(read().events.back().offset, all.back().offset + 1) << "an offset never comes back";
}

TEST_P(OutboxContract, a_removed_tenant_takes_its_events_along) {
  ASSERT_TRUE(commit(event(1)));
  ASSERT_TRUE(commit(other, {event(2)}));
  ASSERT_TRUE(run_sync(store->outbox().bury({"mail", read().events[0], 3, "away", clock.now()})));
  ASSERT_TRUE(run_sync(store->tenants().remove(acme)));
  EXPECT_EQ(ids(), V{2});
  EXPECT_TRUE(get(store->outbox().dead_letters("", 10)).empty());
}

class LeasesContract : public World {
 protected:
  bool acquire(const std::string& owner, const std::string& name = "dispatcher") {
    return get(store->leases().acquire({name, owner}, clock.now(), Seconds(10)));
  }
};

TEST_P(LeasesContract, one_owner_holds_a_lease_and_renews_it) {
  EXPECT_TRUE(acquire("a"));
  EXPECT_FALSE(acquire("b"));
  EXPECT_TRUE(acquire("b", "another"));
  clock.advance(Seconds(9));
  EXPECT_TRUE(acquire("a"));
  clock.advance(Seconds(9));
  EXPECT_FALSE(acquire("b"));
}

TEST_P(LeasesContract, a_lease_that_ran_out_goes_to_the_next) {
  EXPECT_TRUE(acquire("a"));
  clock.advance(Seconds(10) - Milliseconds(1));
  EXPECT_FALSE(acquire("b"));
  clock.advance(Milliseconds(1));
  EXPECT_TRUE(acquire("b"));
  EXPECT_FALSE(acquire("a"));
}

TEST_P(LeasesContract, only_its_owner_gives_a_lease_back) {
  EXPECT_TRUE(acquire("a"));
  ASSERT_TRUE(run_sync(store->leases().release({"dispatcher", "b"})));
  EXPECT_FALSE(acquire("b"));
  ASSERT_TRUE(run_sync(store->leases().release({"dispatcher", "a"})));
  EXPECT_TRUE(acquire("b"));
}

TEST_P(LeasesContract, of_sixteen_at_once_one_gets_it) {
  std::atomic<int> got{0};
  at_once(16, [&](int n) { got += acquire(std::to_string(n)); });
  EXPECT_EQ(got, 1);
}

}  // namespace durward::adapters::contract
