#pragma once
#include "adapters/contract/world.h"

namespace durward::adapters::contract {

class BlocksContract : public World {
 protected:
  domain::Block block(std::string ip = "192.0.2.7", std::string connection = "db") {
    return {.connection = std::move(connection),
            .identifier = "ada@example.com",
            .ip = std::move(ip),
            .user_id = "auth0|ada",
            .created_at = clock.now(),
            .expires_at = clock.now() + Seconds(60)};
  }
  std::optional<domain::Block> find(std::string ip = "192.0.2.7", std::string connection = "db") {
    return get(store->blocks().find(acme, connection, "ada@example.com", ip));
  }
  size_t listed() { return get(store->blocks().list(acme, "ada@example.com")).size(); }
};

TEST_P(BlocksContract, a_block_comes_back_as_it_was_written_to_its_tenant_only) {
  ASSERT_TRUE(commit(ports::PutBlock{block()}));
  const auto found = find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->connection, "db");
  EXPECT_EQ(found->identifier, "ada@example.com");
  EXPECT_EQ(found->ip, "192.0.2.7");
  EXPECT_EQ(found->user_id, "auth0|ada");
  EXPECT_EQ(found->created_at, clock.now());
  EXPECT_EQ(found->expires_at, clock.now() + Seconds(60));
  EXPECT_FALSE(get(store->blocks().find(other, "db", "ada@example.com", "192.0.2.7")));
  EXPECT_TRUE(get(store->blocks().list(other, "ada@example.com")).empty());
}

TEST_P(BlocksContract, a_block_of_one_address_stands_in_the_way_of_that_address_and_connection_only) {
  ASSERT_TRUE(commit(ports::PutBlock{block()}));
  EXPECT_FALSE(find("192.0.2.8"));
  EXPECT_FALSE(find("192.0.2.7", "staff"));
  EXPECT_FALSE(get(store->blocks().find(acme, "db", "bob@example.com", "192.0.2.7")));
}

TEST_P(BlocksContract, a_block_of_every_address_stands_in_everybodys_way) {
  ASSERT_TRUE(commit(ports::PutBlock{block("")}));
  EXPECT_TRUE(find("192.0.2.7"));
  EXPECT_TRUE(find("192.0.2.8"));
  EXPECT_TRUE(find(""));
}

TEST_P(BlocksContract, blocks_expire_at_the_exact_millisecond_and_are_swept) {
  ASSERT_TRUE(commit(ports::PutBlock{block()}, ports::PutBlock{block("192.0.2.8")}));
  clock.advance(Seconds(60) - Milliseconds(1));
  EXPECT_TRUE(find());
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 0);
  clock.advance(Milliseconds(1));
  EXPECT_FALSE(find());
  EXPECT_EQ(listed(), 0u);
  EXPECT_EQ(get(store->jobs().sweep(clock.now(), 100)), 2);
}

TEST_P(BlocksContract, blocking_again_is_fine_and_never_shortens_a_block) {
  auto later = block();
  ASSERT_TRUE(commit(ports::PutBlock{later}));
  auto earlier = block();
  earlier.user_id = "";
  earlier.expires_at -= Seconds(30);
  ASSERT_TRUE(commit(ports::PutBlock{earlier}));
  EXPECT_EQ(find()->expires_at, later.expires_at);
  EXPECT_EQ(find()->user_id, "");
  later.expires_at += Seconds(5);
  ASSERT_TRUE(commit(ports::PutBlock{later}));
  EXPECT_EQ(find()->expires_at, later.expires_at);
  EXPECT_EQ(listed(), 1u);
}

TEST_P(BlocksContract, a_block_that_is_over_can_begin_again) {
  ASSERT_TRUE(commit(ports::PutBlock{block()}));
  clock.advance(Seconds(60));
  ASSERT_TRUE(commit(ports::PutBlock{block()}));
  EXPECT_EQ(find()->created_at, clock.now());
}

TEST_P(BlocksContract, an_identifier_lists_its_blocks_newest_first) {
  ASSERT_TRUE(commit(ports::PutBlock{block("192.0.2.1")}));
  clock.advance(Seconds(1));
  ASSERT_TRUE(commit(ports::PutBlock{block("", "staff")}));
  const auto all = get(store->blocks().list(acme, "ada@example.com"));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].connection, "staff");
  EXPECT_EQ(all[1].ip, "192.0.2.1");
}

TEST_P(BlocksContract, blocks_are_removed_by_address_by_connection_or_all) {
  const auto fill = [&] {
    ASSERT_TRUE(commit(ports::PutBlock{block("192.0.2.1")}, ports::PutBlock{block("")},
                       ports::PutBlock{block("192.0.2.1", "staff")}));
  };
  fill();
  ASSERT_TRUE(commit(other, {ports::RemoveBlocks{"ada@example.com"}}));
  EXPECT_EQ(listed(), 3u);
  ASSERT_TRUE(commit(ports::RemoveBlocks{"ada@example.com", "db", "192.0.2.1"}));
  EXPECT_EQ(listed(), 2u);
  ASSERT_TRUE(commit(ports::RemoveBlocks{"ada@example.com", "db", ""}));
  EXPECT_EQ(listed(), 1u);
  fill();
  ASSERT_TRUE(commit(ports::RemoveBlocks{"ada@example.com", "db"}));
  EXPECT_EQ(listed(), 1u);
  fill();
  ASSERT_TRUE(commit(ports::RemoveBlocks{"ada@example.com"}));
  EXPECT_EQ(listed(), 0u);
  EXPECT_TRUE(commit(ports::RemoveBlocks{"ada@example.com"}));
}

TEST_P(BlocksContract, a_removed_tenant_leaves_no_block) {
  ASSERT_TRUE(commit(ports::PutBlock{block()}));
  ASSERT_TRUE(run_sync(store->tenants().remove(acme)));
  EXPECT_FALSE(find());
}

}  // namespace durward::adapters::contract
