#include "adapters/hashing/admission.h"

#include <gtest/gtest.h>

namespace durward::adapters {
namespace {

using Waiter = FairQueue::Waiter;
using Time = FairQueue::Time;

class AdmissionTest : public testing::Test {
 protected:
  static constexpr Time now{Seconds(1000)};
  static Waiter waiter(Milliseconds within, uint64_t work = 100, int64_t tenant = 1) {
    return {{tenant}, work, now + within};
  }
  void fill(int count, int64_t tenant, uint64_t work = 100) {
    for (int i = 0; i < count; ++i) queue.push(waiters.emplace_back(waiter(Seconds(60), work, tenant)));
  }
  std::optional<Shed> asks(const Waiter& one) { return refusal(queue, one, load, now); }
  std::deque<Waiter> waiters;
  FairQueue queue{100};
  // Ten lanes, all busy; a hash of 100 takes one second, so ten are done in a second.
  LaneLoad load{.lanes = 10, .busy = 10, .work = 1000, .pace = 0.01};
};

TEST_F(AdmissionTest, who_would_be_late_is_refused_at_once) {
  fill(20, 1);  // two seconds, half a second for what runs, one for itself
  EXPECT_EQ(asks(waiter(Milliseconds(3400))), Shed::late);
  EXPECT_EQ(asks(waiter(Milliseconds(3600))), std::nullopt);
}

TEST_F(AdmissionTest, a_hash_of_four_times_the_cost_needs_four_times_the_time) {
  EXPECT_EQ(asks(waiter(Milliseconds(1600), 100)), std::nullopt);
  EXPECT_EQ(asks(waiter(Milliseconds(1600), 400)), Shed::late);
  EXPECT_EQ(asks(waiter(Milliseconds(4600), 400)), std::nullopt);
  fill(5, 1, 400);
  EXPECT_EQ(asks(waiter(Milliseconds(3400))), Shed::late);
}

TEST_F(AdmissionTest, the_backlog_of_another_tenant_makes_nobody_late) {
  fill(40, 1);
  EXPECT_EQ(asks(waiter(Seconds(2), 100, 1)), Shed::late);
  EXPECT_EQ(asks(waiter(Seconds(2), 100, 2)), std::nullopt);
}

TEST_F(AdmissionTest, nobody_is_refused_for_time_while_a_lane_is_free) {
  load = {.lanes = 10, .busy = 9, .work = 900, .pace = 1000};
  EXPECT_EQ(asks(waiter(Milliseconds(1))), std::nullopt);
  fill(1, 1);
  EXPECT_EQ(asks(waiter(Milliseconds(1))), Shed::late);
}

TEST_F(AdmissionTest, as_long_as_no_time_is_known_nobody_is_late) {
  load.pace = 0;
  fill(30, 1);
  EXPECT_EQ(asks(waiter(Milliseconds(1))), std::nullopt);
}

TEST_F(AdmissionTest, a_full_queue_and_a_tenant_that_has_its_share_are_told_apart) {
  fill(51, 1);
  EXPECT_EQ(asks(waiter(Seconds(60))), Shed::tenant_share);
  fill(49, 2);
  EXPECT_EQ(asks(waiter(Seconds(60), 100, 3)), Shed::queue_full);
}

TEST_F(AdmissionTest, what_waits_is_part_of_the_expected_wait_and_a_free_lane_ends_it) {
  EXPECT_DOUBLE_EQ(expected_wait(load, 0), 0.5);
  EXPECT_DOUBLE_EQ(expected_wait(load, 1000), 1.5);
  load.busy = 9;
  EXPECT_DOUBLE_EQ(expected_wait(load, 0), 0);
}

TEST(LanesOpenTest, hashes_are_spread_over_the_threads_before_they_share_one) {
  struct Row {
    size_t hashes, threads, open;
  };
  const Row rows[] = {{0, 2, 0}, {1, 2, 1},   {2, 2, 1},   {3, 2, 2},   {4, 2, 2},
                      {5, 2, 3}, {9, 2, 5},   {10, 2, 5},  {500, 2, 5}, {3, 1, 3},
                      {7, 1, 5}, {16, 16, 1}, {32, 16, 2}, {33, 16, 3}, {4, 0, 0}};
  for (const auto& row : rows)
    EXPECT_EQ(lanes_open(row.hashes, row.threads, 5), row.open)
        << row.hashes << " hashes, " << row.threads << " threads";
}

TEST(LanesOpenTest, nothing_waits_while_a_lane_is_free) {
  for (size_t threads = 1; threads < 9; ++threads)
    for (size_t hashes = 1; hashes < 100; ++hashes)
      EXPECT_GE(lanes_open(hashes, threads, 5) * threads, std::min(hashes, threads * 5));
}

TEST(StepsApartTest, beginnings_are_apart_by_little_of_a_hash_and_by_more_in_a_backlog) {
  for (const uint64_t work : {33, 65, 2049, 8193, 1 << 20}) {
    EXPECT_GE(steps_apart(work, false), 1u);
    EXPECT_LE(steps_apart(work, false), std::min<uint64_t>(work / 16, 32));
    EXPECT_GT(steps_apart(work, true), steps_apart(work, false));
    EXPECT_LE(steps_apart(work, true) * 8, work) << "five lanes are all used";
  }
}

TEST(RetryAfterTest, is_told_in_whole_seconds_from_one_to_sixty) {
  EXPECT_EQ(retry_after(0), 1);
  EXPECT_EQ(retry_after(1.01), 2);
  EXPECT_EQ(retry_after(1e9), 60);
}

TEST(ShedTest, every_reason_has_a_name_of_its_own) {
  std::map<std::string_view, int> names;
  for (const Shed reason : shed_reasons) ++names[name_of(reason)];
  EXPECT_EQ(names.size(), std::size(shed_reasons));
}

}  // namespace
}  // namespace durward::adapters
