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

}  // namespace
}  // namespace durward::server
