#pragma once
#include <atomic>

#include "adapters/contract/world.h"

namespace durward::adapters::contract {

class DeliveriesContract : public World {
 protected:
  domain::EventDelivery delivery(int64_t id, const std::string& stream = "est_1",
                                 const std::string& type = "user.created") {
    return {.stream = stream,
            .id = id,
            .type = type,
            .event = {{"specversion", "1.0"}, {"data", {{"n", id}}}},
            .created_at = clock.now(),
            .queued_at = clock.now(),
            .due_at = clock.now()};
  }
  ports::InsertEventDelivery insert(int64_t id, const std::string& stream = "est_1",
                                    const std::string& type = "user.created") {
    return {delivery(id, stream, type)};
  }
  std::vector<ports::StreamClaim> claim(int64_t limit = 10, int64_t tenant_max = 10) {
    auto out = get(store->event_deliveries().claim(
        {.now = clock.now(), .lease = Seconds(60), .limit = limit, .tenant_max = tenant_max}));
    std::ranges::sort(out, {}, &ports::StreamClaim::stream);
    return out;
  }
  using V = std::vector<int64_t>;
  static V ids_of(const std::vector<domain::EventDelivery>& found) {
    V out;
    for (const auto& one : found) out.push_back(one.id);
    return out;
  }
  V due(const ports::StreamClaim& claimed, int64_t limit = 10) {
    return ids_of(get(store->event_deliveries().due(claimed, clock.now(), limit)));
  }
  V listed(ports::EventDeliveryQuery query = {}, const std::string& stream = "est_1") {
    return ids_of(get(store->event_deliveries().list(acme, stream, std::move(query))));
  }
  std::optional<domain::EventDelivery> find(int64_t id) {
    return get(store->event_deliveries().find(acme, "est_1", id));
  }
  void release(ports::StreamClaim claimed, Seconds pause = Seconds(0)) {
    ASSERT_TRUE(run_sync(store->event_deliveries().release(std::move(claimed), clock.now() + pause)));
  }
  // Fails once; the next time is in `again`, or never.
  void fail_one(int64_t id, std::optional<Seconds> again) {
    auto one = find(id).value();
    domain::note_failure(one, "no", clock.now(), Milliseconds(7), again.value_or(domain::delivery_time));
    ASSERT_TRUE(run_sync(store->event_deliveries().failed(acme, one)));
  }
};

TEST_P(DeliveriesContract, a_delivery_comes_back_as_it_was_written_to_its_tenant_and_stream_only) {
  ASSERT_TRUE(commit(insert(7)));
  const auto found = find(7);
  ASSERT_TRUE(found);
  EXPECT_EQ(json::serialize(found->to_json()), json::serialize(delivery(7).to_json()));
  EXPECT_EQ(found->created_at, clock.now());
  EXPECT_EQ(found->due_at, clock.now());
  EXPECT_FALSE(get(store->event_deliveries().find(other, "est_1", 7)));
  EXPECT_FALSE(get(store->event_deliveries().find(acme, "est_2", 7)));
}

TEST_P(DeliveriesContract, written_twice_is_there_once_and_belongs_to_its_commit) {
  ASSERT_TRUE(commit(insert(7)));
  fail_one(7, Seconds(5));
  ASSERT_TRUE(commit(insert(7)));
  EXPECT_EQ(find(7)->tries, 1);
  EXPECT_FALSE(commit(insert(8), ports::ConsumeTicket{4711}));
  EXPECT_FALSE(find(8));
}

TEST_P(DeliveriesContract, a_stream_is_served_by_one_until_it_is_given_back_or_the_lease_is_over) {
  ASSERT_TRUE(commit(insert(1), insert(2)));
  const auto mine = claim();
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0].tenant, acme);
  EXPECT_EQ(mine[0].stream, "est_1");
  EXPECT_EQ(due(mine[0]), (V{1, 2}));
  EXPECT_EQ(due(mine[0], 1), (V{1}));
  EXPECT_TRUE(claim().empty());
  clock.advance(Seconds(60));
  EXPECT_EQ(due(mine[0]), V{}) << "too late";
  const auto next = claim();
  ASSERT_EQ(next.size(), 1u) << "whoever died leaves it to the next";
  release(mine[0]);
  EXPECT_TRUE(claim().empty()) << "only who holds it gives it back";
  release(next[0]);
  EXPECT_EQ(claim().size(), 1u) << "there is still something due";
}

TEST_P(DeliveriesContract, what_arrived_is_gone_and_a_stream_without_work_is_left_alone) {
  ASSERT_TRUE(commit(insert(1)));
  const auto mine = claim();
  ASSERT_TRUE(run_sync(store->event_deliveries().delivered(acme, "est_1", 1)));
  release(mine[0]);
  EXPECT_FALSE(find(1));
  EXPECT_TRUE(claim().empty());
  ASSERT_TRUE(commit(insert(2)));
  EXPECT_EQ(claim().size(), 1u);
}

TEST_P(DeliveriesContract, what_comes_while_a_stream_is_served_is_not_forgotten) {
  ASSERT_TRUE(commit(insert(1)));
  const auto mine = claim();
  ASSERT_TRUE(run_sync(store->event_deliveries().delivered(acme, "est_1", 1)));
  ASSERT_TRUE(commit(insert(2)));
  release(mine[0]);
  const auto next = claim();
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(due(next[0]), V{2});
}

TEST_P(DeliveriesContract, a_failed_one_waits_for_its_time_and_does_not_hold_up_the_next) {
  ASSERT_TRUE(commit(insert(1), insert(2)));
  auto mine = claim();
  fail_one(1, Seconds(5));
  EXPECT_EQ(due(mine[0]), V{2});
  ASSERT_TRUE(run_sync(store->event_deliveries().delivered(acme, "est_1", 2)));
  release(mine[0]);
  EXPECT_TRUE(claim().empty());
  clock.advance(Seconds(5));
  mine = claim();
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(due(mine[0]), V{1});
  EXPECT_EQ(find(1)->tries, 1);
  EXPECT_EQ(
      json::serialize(find(1)->attempts),
      R"([{"status":"failed","timestamp":"2023-11-14T22:13:20.000Z","error_message":"no","duration":7}])");
}

TEST_P(DeliveriesContract, a_paused_stream_waits_also_when_more_comes) {
  ASSERT_TRUE(commit(insert(1)));
  auto mine = claim();
  mine[0].failures = 3;
  release(mine[0], Seconds(10));
  ASSERT_TRUE(commit(insert(2)));
  EXPECT_TRUE(claim().empty());
  clock.advance(Seconds(10));
  mine = claim();
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0].failures, 3);
}

TEST_P(DeliveriesContract, a_tenant_with_many_streams_leaves_room_for_others) {
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(commit(insert(i + 1, "est_" + std::to_string(i))));
  clock.advance(Seconds(1));
  ASSERT_TRUE(commit(other, {ports::InsertEventDelivery{delivery(1, "est_z")}}));
  const auto first = claim(10, 4);
  EXPECT_EQ(first.size(), 5u) << "four of one, the one of the other";
  EXPECT_EQ(first.back().stream, "est_z");
  EXPECT_TRUE(claim(10, 4).empty()) << "those that are served count";
  release(first[0]);
  EXPECT_EQ(claim(10, 4).size(), 1u);
}

TEST_P(DeliveriesContract, sixteen_workers_never_serve_the_same_stream) {
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(commit(insert(i + 1, "est_" + std::to_string(i))));
  std::atomic<int> claimed{0};
  at_once(16, [&](int) {
    for (int i = 0; i < 4; ++i) claimed += int(claim(2).size());
  });
  EXPECT_EQ(claimed, 8);
}

TEST_P(DeliveriesContract, writers_and_who_gives_a_stream_back_never_lose_a_delivery) {
  std::atomic<int> served{0};
  at_once(4, [&](int thread) {
    for (int i = 0; i < 25; ++i) {
      if (thread < 3) ASSERT_TRUE(commit(insert(thread * 100 + i + 1)));
      for (const auto& mine : claim()) {
        for (const int64_t id : due(mine))
          if (run_sync(store->event_deliveries().delivered(acme, "est_1", id))) ++served;
        ASSERT_TRUE(run_sync(store->event_deliveries().release(mine, clock.now())));
      }
    }
  });
  while (true) {
    const auto mine = claim();
    if (mine.empty()) break;
    for (const int64_t id : due(mine[0], 100)) {
      ASSERT_TRUE(run_sync(store->event_deliveries().delivered(acme, "est_1", id)));
      ++served;
    }
    release(mine[0]);
  }
  EXPECT_EQ(served, 75);
}

TEST_P(DeliveriesContract, lists_show_failed_ones_newest_first_and_filter) {
  for (int64_t i = 1; i <= 4; ++i) {
    ASSERT_TRUE(commit(insert(i, "est_1", i % 2 ? "user.created" : "user.updated")));
    if (i < 4) fail_one(i, i == 1 ? std::nullopt : std::optional(Seconds(5)));
    clock.advance(Seconds(1));
  }
  EXPECT_EQ(listed(), (V{3, 2, 1})) << "the fourth was not tried yet";
  EXPECT_EQ(listed({.types = {"user.created"}}), (V{3, 1}));
  EXPECT_EQ(listed({.types = {"user.created", "user.updated"}}), (V{3, 2, 1}));
  EXPECT_EQ(listed({.types = {"user"}}), V{});
  EXPECT_EQ(listed({.created_from = clock.now() - Seconds(2)}), V{3});
  EXPECT_EQ(listed({.created_to = clock.now() - Seconds(2)}), (V{2, 1}));
  EXPECT_EQ(listed({.before = 3, .limit = 1}), V{2});
  EXPECT_EQ(listed({}, "est_2"), V{});
  EXPECT_FALSE(find(1)->due_at) << "given up";
}

TEST_P(DeliveriesContract, failed_ones_are_put_back_in_line) {
  for (int64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(commit(insert(i, "est_1", i % 2 ? "user.created" : "user.updated")));
    fail_one(i, std::nullopt);
  }
  auto mine = claim();
  release(mine.at(0), Seconds(600));
  ASSERT_TRUE(commit(ports::RequeueEventDeliveries{.stream = "est_1", .at = clock.now(), .id = 2}));
  mine = claim();
  ASSERT_EQ(mine.size(), 1u) << "who asks does not wait for a pause";
  EXPECT_EQ(due(mine[0]), V{2});
  EXPECT_EQ(listed(), (V{3, 1}));
  ASSERT_TRUE(
      commit(ports::RequeueEventDeliveries{.stream = "est_1", .at = clock.now(), .types = {"user.created"}}));
  EXPECT_EQ(due(mine[0]), (V{1, 2, 3}));
  EXPECT_EQ(find(1)->tries, 0);
  EXPECT_EQ(find(1)->attempts.size(), 1u) << "what happened stays";
  ASSERT_TRUE(commit(ports::RequeueEventDeliveries{.stream = "est_none", .at = clock.now()}));
}

TEST_P(DeliveriesContract, nothing_is_left_of_a_removed_stream_or_tenant) {
  ASSERT_TRUE(commit(insert(1), insert(2, "est_2")));
  ASSERT_TRUE(commit(ports::RemoveEventDeliveries{"est_1"}));
  EXPECT_FALSE(find(1));
  EXPECT_EQ(claim().size(), 1u);
  clock.advance(Seconds(60));
  ASSERT_TRUE(run_sync(store->tenants().remove(acme)));
  EXPECT_TRUE(claim().empty());
}

TEST_P(DeliveriesContract, the_sweep_gives_up_after_a_day_and_forgets_after_ten) {
  ASSERT_TRUE(commit(insert(1)));
  clock.advance(domain::delivery_time);
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 1);
  EXPECT_FALSE(find(1)->due_at);
  EXPECT_EQ(listed(), V{1}) << "it never arrived";
  clock.advance(domain::delivery_life - domain::delivery_time - Milliseconds(1));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 0);
  clock.advance(Milliseconds(1));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 1);
  EXPECT_FALSE(find(1));
}

TEST_P(DeliveriesContract, of_a_stream_the_newest_are_kept) {
  ports::Writes writes;
  for (int64_t i = 1; i <= domain::stream_deliveries_max + 3; ++i) writes.push_back(insert(i));
  ASSERT_TRUE(commit(acme, std::move(writes)));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 3);
  EXPECT_FALSE(find(3));
  EXPECT_TRUE(find(4));
}

}  // namespace durward::adapters::contract
