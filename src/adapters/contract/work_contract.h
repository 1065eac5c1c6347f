#pragma once
#include <atomic>
#include <set>

#include "adapters/contract/world.h"

namespace durward::adapters::contract {

class LogsContract : public World {
 protected:
  ports::AppendLog record(int64_t id, const std::string& type, const std::string& user_id = {}) {
    return {{.id = id,
             .date = clock.now(),
             .type = type,
             .description = "d",
             .connection = "db",
             .client_id = "c1",
             .ip = "1.1.1.1",
             .user_id = user_id,
             .user_name = "n",
             .details = {{"k", 1}}}};
  }
  std::vector<int64_t> ids(ports::LogQuery query) {
    std::vector<int64_t> out;
    for (const auto& r : get(store->logs().list(acme, std::move(query)))) out.push_back(r.id);
    return out;
  }
};

TEST_P(LogsContract, records_come_back_as_written_to_their_tenant_only) {
  ASSERT_TRUE(commit(record(1, "s")));
  const auto found = get(store->logs().find(acme, 1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, "s");
  EXPECT_EQ(found->user_name, "n");
  EXPECT_EQ(found->client_id, "c1");
  EXPECT_EQ(found->details, (json::Object{{"k", 1}}));
  EXPECT_EQ(found->date, clock.now());
  EXPECT_FALSE(get(store->logs().find(other, 1)));
  EXPECT_TRUE(get(store->logs().list(other, {})).empty());
}

TEST_P(LogsContract, lists_filter_and_page) {
  add_user("u1");
  for (int64_t i = 1; i <= 4; ++i) {
    ASSERT_TRUE(commit(record(i, i % 2 ? "s" : "fp", i < 3 ? "auth0|u1" : "")));
    clock.advance(Seconds(1));
  }
  using V = std::vector<int64_t>;
  EXPECT_EQ(ids({}), (V{4, 3, 2, 1}));
  EXPECT_EQ(ids({.newest_first = false, .offset = 1, .limit = 2}), (V{2, 3}));
  EXPECT_EQ(ids({.type = "fp"}), (V{4, 2}));
  EXPECT_EQ(ids({.user_id = "auth0|u1"}), (V{2, 1}));
  EXPECT_EQ(ids({.type = "s", .user_id = "auth0|u1", .connection = "db"}), (V{1}));
  EXPECT_EQ(ids({.ip = "2.2.2.2"}), V{});
  EXPECT_EQ(ids({.since = clock.now() - Seconds(2)}), (V{4, 3}));
  EXPECT_EQ(ids({.until = clock.now() - Seconds(2)}), (V{2, 1}));
  EXPECT_EQ(ids({.limit = 2, .after = 1}), (V{2, 3}));
  ASSERT_TRUE(commit(ports::RemoveUser{"auth0|u1"}));
  EXPECT_EQ(ids({.user_id = "auth0|u1"}), (V{2, 1})) << "what a removed user did stays on record";
}

class JobsContract : public World {
 protected:
  ports::InsertJob job(int64_t id, Seconds in = Seconds(0)) {
    return {id, "mail", {{"to", "x"}}, clock.now() + in};
  }
  Result<std::optional<ports::Job>> claim(int64_t id) {
    return run_sync(store->jobs().claim(id, clock.now(), Seconds(30)));
  }
  void expect_busy(int64_t id) {
    const auto claimed = claim(id);
    ASSERT_FALSE(claimed.has_value());
    EXPECT_EQ(claimed.error().kind, ErrorKind::conflict);
    EXPECT_EQ(claimed.error().code, "job_busy");
  }
};

TEST_P(JobsContract, a_job_is_handed_out_once_per_lease_until_it_is_complete) {
  ASSERT_TRUE(commit(job(1)));
  const auto claimed = get(store->jobs().claim(1, clock.now(), Seconds(30)));
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->kind, "mail");
  EXPECT_EQ(claimed->tenant, acme);
  EXPECT_EQ(claimed->payload, (json::Object{{"to", "x"}}));
  clock.advance(Seconds(30) - Milliseconds(1));
  expect_busy(1);
  clock.advance(Milliseconds(1));
  EXPECT_TRUE(claim(1).value()) << "the worker died, the next one takes over";
  ASSERT_TRUE(run_sync(store->jobs().complete(1)));
  clock.advance(Seconds(30));
  EXPECT_FALSE(claim(1).value());
}

TEST_P(JobsContract, a_job_belongs_to_the_change_it_came_with) {
  EXPECT_FALSE(commit(job(1), ports::ConsumeTicket{4711}));
  EXPECT_FALSE(claim(1).value());
}

TEST_P(JobsContract, a_retry_waits_and_is_counted) {
  ASSERT_TRUE(commit(job(1)));
  ASSERT_TRUE(claim(1).value());
  ASSERT_TRUE(run_sync(store->jobs().retry(1, clock.now() + Seconds(5))));
  expect_busy(1);
  clock.advance(Seconds(5));
  EXPECT_EQ(claim(1).value()->attempts, 1);
}

TEST_P(JobsContract, a_job_that_is_released_waits_and_counts_nothing) {
  ASSERT_TRUE(commit(job(1)));
  ASSERT_TRUE(claim(1).value());
  ASSERT_TRUE(run_sync(store->jobs().release(1, clock.now() + Seconds(5))));
  expect_busy(1);
  clock.advance(Seconds(5));
  EXPECT_EQ(claim(1).value()->attempts, 0);
}

TEST_P(JobsContract, jobs_wait_for_their_time) {
  ASSERT_TRUE(commit(job(1, Seconds(10)), job(2)));
  expect_busy(1);
  EXPECT_TRUE(claim(2).value());
  clock.advance(Seconds(10));
  EXPECT_TRUE(claim(1).value());
}

TEST_P(JobsContract, sixteen_workers_never_get_the_same_job) {
  for (int64_t i = 1; i <= 8; ++i) ASSERT_TRUE(commit(job(i)));
  std::atomic<int> claimed{0};
  at_once(16, [&](int) {
    for (int64_t i = 1; i <= 8; ++i)
      if (const auto got = claim(i); got && *got) ++claimed;
  });
  EXPECT_EQ(claimed, 8);
}

TEST_P(JobsContract, a_job_nobody_takes_is_announced_again_by_the_sweep) {
  ASSERT_TRUE(commit(job(1), job(2, Seconds(3600))));
  clock.advance(ports::Jobs::forgotten_after - Seconds(1));
  get(store->jobs().sweep(clock.now(), 100));
  EXPECT_TRUE(get(store->outbox().read({})).events.empty());
  clock.advance(Seconds(1));
  get(store->jobs().sweep(clock.now(), 100));
  get(store->jobs().sweep(clock.now(), 100));
  const auto events = get(store->outbox().read({})).events;
  ASSERT_EQ(events.size(), 1u) << "the job that is due, once";
  EXPECT_EQ(events[0].type, "mail.requested");
  EXPECT_EQ(events[0].tenant, acme);
  EXPECT_EQ(events[0].data, (json::Object{{"job", "1"}}));
  EXPECT_TRUE(claim(1).value());
}

TEST_P(JobsContract, the_sweep_takes_expired_rows_in_batches_and_leaves_the_living) {
  add_user("u1");
  const std::string id = "auth0|u1";
  for (int64_t i = 1; i <= 10; ++i)
    ASSERT_TRUE(commit(ports::InsertSession{session(i, id)}, ports::InsertCode{code(i, id)}));
  auto token = refresh_token(1, id), forever = refresh_token(2, id);
  token.expires_at = clock.now() + Seconds(5);
  ASSERT_TRUE(commit(ports::InsertRefreshToken{token}, ports::InsertRefreshToken{forever},
                     ports::InsertTicket{{.id = 1, .user_id = id, .expires_at = clock.now() + Seconds(1)}},
                     ports::RevokeGrant{1, clock.now() + Seconds(1)},
                     ports::AppendLog{{.id = 1, .date = clock.now()}}));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 0);
  clock.advance(Seconds(60));
  auto living = session(99, id);
  ASSERT_TRUE(commit(ports::InsertSession{living}));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 7)), 7);
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 16);
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 0);
  EXPECT_TRUE(get(store->sessions().find(acme, 99)));
  EXPECT_TRUE(get(store->refresh_tokens().find(acme, 2)));
  EXPECT_TRUE(get(store->logs().find(acme, 1)));
  clock.advance(Seconds(366LL * 86400));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 2) << "the session and the record";
  EXPECT_TRUE(get(store->refresh_tokens().find(acme, 2)));
}

TEST_P(JobsContract, a_rotated_token_is_forgotten_in_the_end_although_it_never_expires) {
  add_user("u1");
  ASSERT_TRUE(commit(ports::InsertRefreshToken{refresh_token(1, "auth0|u1")}));
  ASSERT_TRUE(commit(ports::RotateRefreshToken{1, clock.now()}));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 0);
  clock.advance(Seconds(366LL * 86400));
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 1);
}

class CommitContract : public World {};

TEST_P(CommitContract, commits_of_many_threads_share_flushes_and_all_are_there) {
  add_user("u1");
  const auto before = place->flushes();
  std::atomic<int> failed{0};
  at_once(16, [&](int thread) {
    for (int i = 0; i < 25; ++i)
      if (!commit(ports::InsertSession{session(thread * 100 + i + 1, "auth0|u1")},
                  ports::RecordLogin{"auth0|u1", "1.1.1.1", clock.now()}))
        ++failed;
  });
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(get(store->users().find(acme, "auth0|u1"))->logins_count, 400);
  EXPECT_EQ(get(store->sessions().list_of_user(acme, "auth0|u1", {}, 1000)).items.size(), 400u);
  if (GetParam().groups_commits) EXPECT_LT(place->flushes() - before, 400u);
}

TEST_P(CommitContract, a_failing_list_does_not_disturb_others_in_its_group) {
  add_user("u1");
  std::atomic<int> good{0}, bad{0};
  at_once(16, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      const int64_t row = thread * 100 + i + 1;
      const bool ok = i % 2 == 0 ? commit(ports::InsertSession{session(row, "auth0|u1")}).has_value()
                                 : commit(ports::InsertSession{session(row, "auth0|u1")},
                                          ports::ConsumeCode{row, clock.now()})
                                       .has_value();
      ++(ok ? good : bad);
    }
  });
  EXPECT_EQ(good, 160);
  EXPECT_EQ(bad, 160);
  EXPECT_EQ(get(store->sessions().list_of_user(acme, "auth0|u1", {}, 1000)).items.size(), 160u);
}

TEST_P(CommitContract, each_write_of_a_list_can_be_the_one_that_undoes_it) {
  add_user("u1");
  const std::string id = "auth0|u1";
  const ports::Writes list = {
      ports::InsertSession{session(1, id)}, ports::RecordLogin{id, "1.1.1.1", clock.now()},
      ports::InsertCode{code(1, id)},       ports::AppendLog{{.id = 1, .date = clock.now()}},
      ports::AddUserRole{id, "rol_1"},      ports::SetPassword{id, "new", clock.now(), 1}};
  for (size_t n = 0; n <= list.size(); ++n) {
    auto broken = list;
    broken.insert(broken.begin() + ptrdiff_t(n), ports::ConsumeTicket{4711});
    expect_error(commit(acme, broken), ErrorKind::not_found, "not_found");
    EXPECT_FALSE(get(store->sessions().find(acme, 1))) << n;
    EXPECT_FALSE(get(store->codes().find(acme, 1))) << n;
    EXPECT_FALSE(get(store->logs().find(acme, 1))) << n;
    EXPECT_TRUE(get(store->assignments().roles_of(acme, id)).empty()) << n;
    const auto u = get(store->users().find_with_password(acme, id));
    EXPECT_EQ(u->user.logins_count, 0) << n;
    EXPECT_EQ(u->password_hash, "hash-of-u1") << n;
  }
  EXPECT_TRUE(commit(acme, list));
}

TEST_P(CommitContract, an_empty_list_is_nothing) {
  const auto before = place->flushes();
  EXPECT_TRUE(commit(acme, {}));
  EXPECT_EQ(place->flushes(), before);
}

class NodesContract : public World {
 protected:
  static constexpr Seconds lease{60};
  Result<ports::NodeLease> take(const std::string& holder) {
    return run_sync(store->nodes().take(holder, clock.now(), clock.now() + lease));
  }
  Result<> renew(const ports::NodeLease& held) {
    return run_sync(store->nodes().renew(held, clock.now() + lease));
  }
  void expect_none_free() {
    const auto taken = take("nobody");
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(taken.error().code, "no_node");
  }
  // Everything but `left` numbers is held by somebody who renews.
  void take_all_but(int left) {
    for (int i = 0; i < 1024 - left; ++i)
      get(store->nodes().take("other", clock.now(), clock.now() + Seconds(86400)));
  }
};

TEST_P(NodesContract, a_number_has_one_holder_and_a_released_one_is_taken_last) {
  const auto first = take("a").value(), second = take("b").value();
  EXPECT_NE(first.number, second.number);
  EXPECT_EQ(first.until, clock.now() + lease);
  EXPECT_LE(first.from, clock.now());
  EXPECT_TRUE(renew(first));
  ASSERT_TRUE(run_sync(store->nodes().release(first, clock.now())));
  expect_error(renew(first), ErrorKind::conflict, "lease_lost");
  EXPECT_NE(take("c").value().number, first.number) << "others were free for longer";
}

TEST_P(NodesContract, who_takes_a_released_number_begins_where_its_keys_ended) {
  take_all_but(1);
  const auto held = take("a").value();
  expect_none_free();
  const auto ahead = clock.now() + Seconds(5);  // its clock is ahead of ours
  ASSERT_TRUE(run_sync(store->nodes().release(held, ahead)));
  const auto next = take("b").value();
  EXPECT_EQ(next.number, held.number);
  EXPECT_EQ(next.from, ahead);
}

TEST_P(NodesContract, a_lease_that_is_over_is_taken_only_after_any_difference_of_clocks_and_is_lost_then) {
  take_all_but(1);
  const auto held = take("a").value();
  clock.advance(lease + ports::Nodes::clock_difference - Milliseconds(1));
  expect_none_free();
  clock.advance(Milliseconds(1));
  const auto next = take("b").value();
  EXPECT_EQ(next.number, held.number);
  EXPECT_EQ(next.from, held.until) << "the times of two holders never overlap";
  expect_error(renew(held), ErrorKind::conflict, "lease_lost");
  ASSERT_TRUE(run_sync(store->nodes().release(held, clock.now())));
  EXPECT_TRUE(renew(next)) << "who lost it cannot release it";
}

TEST_P(NodesContract, a_lease_that_is_over_and_that_nobody_took_is_renewed) {
  const auto held = take("a").value();
  clock.advance(Seconds(86400));
  EXPECT_TRUE(renew(held));
}

TEST_P(NodesContract, of_sixteen_who_take_at_once_no_two_get_the_same) {
  std::mutex mutex;
  std::set<int64_t> numbers;
  at_once(16, [&](int i) {
    for (int n = 0; n < 8; ++n) {
      const auto taken = take("h" + std::to_string(i)).value();
      std::lock_guard lock(mutex);
      EXPECT_TRUE(numbers.insert(taken.number).second) << taken.number;
    }
  });
  EXPECT_GE(*numbers.begin(), 0);
  EXPECT_LE(*numbers.rbegin(), 1023);
}

}  // namespace durward::adapters::contract
