#include "server/slots.h"

#include <gtest/gtest.h>

#include <vector>

namespace durward::server {
namespace {

int fill(Slots& slots, int64_t tenant, std::vector<Slots::Slot>& held) {
  for (int n = 0;; ++n) {
    auto slot = slots.enter(domain::TenantId{tenant});
    if (!slot) return n;
    held.push_back(std::move(slot));
  }
}

TEST(Slots, one_tenant_that_floods_leaves_half_of_the_places) {
  Slots slots(64);
  std::vector<Slots::Slot> held;
  EXPECT_EQ(fill(slots, 1, held), 32);
  EXPECT_TRUE(slots.enter(domain::TenantId{2}));
}

TEST(Slots, several_that_flood_leave_a_place_for_the_next) {
  Slots slots(64);
  std::vector<Slots::Slot> held;
  for (int64_t tenant = 1; tenant <= 5; ++tenant) EXPECT_GT(fill(slots, tenant, held), 0) << tenant;
  EXPECT_TRUE(slots.enter(domain::TenantId{6}));
}

TEST(Slots, a_place_that_was_left_is_free_again) {
  Slots slots(2);
  {
    const auto first = slots.enter(domain::TenantId{1});
    EXPECT_TRUE(first);
    EXPECT_FALSE(slots.enter(domain::TenantId{1}));
    auto moved = slots.enter(domain::TenantId{2});
    const auto here = std::move(moved);
    EXPECT_FALSE(slots.enter(domain::TenantId{3}));
  }
  std::vector<Slots::Slot> held;
  EXPECT_EQ(fill(slots, 1, held), 1);
}

TEST(Slots, who_is_nobody_in_particular_gets_any_free_place) {
  Slots slots(2);
  const auto first = slots.enter(), second = slots.enter();
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(slots.enter());
}

Detached pass(Turnstile& gate, std::vector<int>& passed, int who) {
  const auto turn = co_await gate.enter();
  passed.push_back(who);
}
// Lets a loop do what it was given before.
Task<bool> later() {
  co_await Suspend{[](std::function<void()> resume) { resume(); }};
  co_return true;
}

TEST(Turnstile, who_comes_while_it_is_full_waits_and_goes_behind_what_the_thread_has_to_do) {
  Turnstile gate(1);
  Loop loop;
  Executor::Scope here(&loop);
  std::vector<int> passed;
  {
    const auto first = loop.run(gate.enter());
    for (int who : {1, 2}) pass(gate, passed, who);
    loop.run(later());
    EXPECT_TRUE(passed.empty());
    loop.post([&] { passed.push_back(0); });
  }
  loop.run(later());
  loop.run(later());
  EXPECT_EQ(passed, (std::vector<int>{0, 1, 2}));
}

TEST(Turnstile, threads_do_not_wait_for_each_other) {
  Turnstile gate(1);
  Loop one, other;
  const auto first = one.run(gate.enter()), second = other.run(gate.enter());
}

}  // namespace
}  // namespace durward::server
