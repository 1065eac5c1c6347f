#include "login/protection.h"

#include <gtest/gtest.h>

#include "connections/database/database.h"
#include "tokens/testing/world.h"

namespace durward::login {
namespace {

constexpr std::string_view elsewhere = "198.51.100.9";

struct Guarded : testing::World {
  connections::database::Database database{services};
  Protection protection{services, database};
  std::shared_ptr<const domain::Connection> connection;

  Guarded() {
    connection = std::make_shared<const domain::Connection>(add_connection("db", {"app"}));
    add_user("1", "ada@example.com", "Secret-1");
    configuration.tenant_settings->support_email = "help@acme.test";
  }

  Attempt attempt(Stage stage, std::string identifier, std::string_view ip) {
    const auto context = this->context();
    return {
        .stage = stage,
        .scene = {.tenant = *context.tenant, .host = "acme.test", .ip = std::string(ip), .now = clock.now()},
        .connection = connection,
        .identifier = std::move(identifier)};
  }
  Admission admit(std::string identifier = "ada@example.com", std::string_view ip = "192.0.2.1",
                  Stage stage = Stage::sign_in) {
    return run_sync(protection.admit(attempt(stage, std::move(identifier), ip))).value();
  }
  // Loops run tasks with a value only.
  static Task<bool> finish(Task<> task) {
    co_await std::move(task);
    co_return true;
  }
  void settle(Permit permit, bool committed) {
    run_sync(finish(protection.settle(std::move(permit), committed)));
  }
  void cancel(Permit permit) { run_sync(finish(protection.cancelled(std::move(permit)))); }
  void commit(ports::Writes writes) { ASSERT_TRUE(run_sync(committer.commit(tenant_id, std::move(writes)))); }
  // What a face does with a password: "right", "wrong", or the code of the refusal.
  std::string guess(std::string word = "nope", std::string identifier = "ada@example.com",
                    std::string_view ip = "192.0.2.1") {
    auto admission = admit(identifier, ip);
    if (!admission) {
      commit(std::move(admission.error().writes));
      settle(std::move(admission.error().permit), true);
      return admission.error().log_type;
    }
    auto outcome = run_sync(database.verify_password(tenant_id, connection, identifier, word)).value();
    if (outcome) {
      commit(run_sync(protection.passed(std::move(*admission))).value());
      return "right";
    }
    auto failure = run_sync(protection.failed(*admission, outcome.error())).value();
    commit(std::move(failure.writes));
    settle(std::move(*admission), true);
    return failure.instead ? failure.instead->code : "wrong";
  }
  void guess_wrong(int times, std::string identifier = "ada@example.com", std::string_view ip = "192.0.2.1") {
    for (int i = 0; i < times; ++i) {
      EXPECT_EQ(guess("nope", identifier, ip), "wrong") << i;
    }
  }
  std::vector<std::string> mails() const {
    std::vector<std::string> out;
    for (const auto& job : state.jobs) out.push_back(json::string_or(job.payload, "template"));
    return out;
  }
  int logged(std::string_view type) const {
    return int(std::ranges::count_if(state.log, [&](const auto& row) { return row.second.type == type; }));
  }
  domain::BruteForceProtection& brute_force() { return configuration.protection.brute_force; }
  domain::SuspiciousIpThrottling& throttling() { return configuration.protection.suspicious_ip; }
};

TEST(Protection, the_tenth_wrong_password_blocks_the_account_for_this_address_only) {
  Guarded world;
  world.guess_wrong(9);
  EXPECT_EQ(world.guess(), "too_many_attempts");
  EXPECT_EQ(world.guess("Secret-1"), "limit_wc");
  EXPECT_EQ(world.guess("Secret-1", "ada@example.com", elsewhere), "right");
  EXPECT_EQ(world.guess("nope", "bob@example.com"), "wrong");
  EXPECT_EQ(world.logged("limit_wc"), 1);
  ASSERT_EQ(world.state.blocks.all.size(), 1u);
  const auto& block = world.state.blocks.all[0];
  EXPECT_EQ(block.identifier, "ada@example.com");
  EXPECT_EQ(block.ip, "192.0.2.1");
  EXPECT_EQ(block.user_id, "auth0|1");
  EXPECT_EQ(block.expires_at - block.created_at, block_life);
}

TEST(Protection, the_owner_gets_one_mail_with_a_link_that_lifts_the_block) {
  Guarded world;
  world.guess_wrong(9);
  world.guess();
  world.guess();
  EXPECT_EQ(world.mails(), std::vector<std::string>{"blocked_account"});
  const std::string text = json::string_or(world.state.jobs[0].payload, "text");
  EXPECT_NE(text.find("https://acme.test/u/brute-force-protection-unblock?ticket="), std::string::npos);
  EXPECT_NE(text.find("192.0.2.1"), std::string::npos);
  ASSERT_EQ(world.state.tickets.size(), 1u);
  const auto ticket = world.state.tickets.begin()->second;
  EXPECT_EQ(ticket.kind, "unblock_account");
  auto change = world.database.redeem_unblock({.tenant = {}, .now = world.clock.now()}, *world.connection,
                                              world.state.users["auth0|1"].user, ticket);
  world.commit(std::move(change.writes));
  EXPECT_TRUE(world.state.tickets.empty());
  EXPECT_EQ(world.state.last_log().type, "ublkdu");
  EXPECT_EQ(world.guess("Secret-1"), "right");
}

TEST(Protection, an_account_that_does_not_exist_is_blocked_alike_and_nobody_is_written_to) {
  Guarded world;
  world.guess_wrong(9, "nobody@example.com");
  const int before = world.state.commits;
  EXPECT_EQ(world.guess("nope", "nobody@example.com"), "too_many_attempts");
  EXPECT_EQ(world.state.commits, before + 1);
  EXPECT_EQ(world.guess("nope", "Nobody@Example.com "), "limit_wc");
  EXPECT_TRUE(world.mails().empty());
}

TEST(Protection, the_words_are_the_same_whether_the_account_exists) {
  Guarded world;
  for (const char* who : {"ada@example.com", "nobody@example.com"}) {
    world.guess_wrong(9, who);
    world.guess("nope", who);
    EXPECT_EQ(world.admit(who).error().error.message,
              "Your account has been blocked after multiple consecutive login attempts. We've sent you an "
              "email with instructions on how to unblock it.");
  }
}

TEST(Protection, counted_by_account_alone_an_attacker_gains_nothing_by_more_addresses) {
  Guarded world;
  world.brute_force().per_ip = false;
  for (int i = 0; i < 9; ++i)
    EXPECT_EQ(world.guess("nope", "ada@example.com", "192.0.2." + std::to_string(i)), "wrong");
  EXPECT_EQ(world.guess("nope", "ada@example.com", "192.0.2.99"), "too_many_attempts");
  EXPECT_EQ(world.guess("Secret-1", "ada@example.com", elsewhere), "limit_wc");
  EXPECT_EQ(world.state.blocks.all[0].ip, "");
}

TEST(Protection, a_right_password_forgets_what_was_wrong_before) {
  Guarded world;
  for (int round = 0; round < 3; ++round) {
    world.guess_wrong(9);
    EXPECT_EQ(world.guess("Secret-1"), "right");
    world.clock.advance(Seconds(60));
  }
  EXPECT_TRUE(world.state.blocks.all.empty());
}

TEST(Protection, guesses_in_parallel_get_no_further_than_one_after_the_other) {
  Guarded world;
  std::vector<Permit> under_way;
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    auto admission = world.admit();
    if (admission)
      under_way.push_back(std::move(*admission));
    else
      ++refused;
  }
  EXPECT_EQ(under_way.size(), 10u);
  EXPECT_EQ(refused, 10);
  for (auto& permit : under_way) {
    connections::database::Refused wrong{{ErrorKind::unauthenticated, "invalid_user_password"}, "fp", {}};
    auto failure = run_sync(world.protection.failed(permit, wrong)).value();
    world.commit(std::move(failure.writes));
    world.settle(std::move(permit), true);
  }
  world.clock.advance(Seconds(60));
  EXPECT_EQ(world.guess("Secret-1"), "limit_wc");
  EXPECT_EQ(world.state.blocks.all.size(), 1u);
}

// Another server's failure is between its commit and ours: the block, not the count, stands in the way.
TEST(Protection, there_is_no_moment_between_the_count_and_the_block) {
  Guarded world;
  world.guess_wrong(9);
  auto last = world.admit();
  ASSERT_TRUE(last);
  connections::database::Refused wrong{{ErrorKind::unauthenticated, "invalid_user_password"}, "fp", {}};
  auto failure = run_sync(world.protection.failed(*last, wrong)).value();
  EXPECT_FALSE(world.admit()) << "before the commit the count refuses";
  world.commit(std::move(failure.writes));
  EXPECT_FALSE(world.admit()) << "after the commit and before the count is free again";
  world.settle(std::move(*last), true);
  EXPECT_FALSE(world.admit()) << "the count is free, the block refuses";
  world.state.blocks.all.clear();
  world.clock.advance(Seconds(60));
  world.guess_wrong(9);
}

TEST(Protection, a_block_that_could_not_be_written_is_tried_again) {
  Guarded world;
  world.guess_wrong(9);
  auto last = world.admit();
  connections::database::Refused wrong{{ErrorKind::unauthenticated, "invalid_user_password"}, "fp", {}};
  ASSERT_TRUE(run_sync(world.protection.failed(*last, wrong)));
  world.settle(std::move(*last), false);
  EXPECT_EQ(world.guess(), "too_many_attempts");
  EXPECT_EQ(world.state.blocks.all.size(), 1u);
}

TEST(Protection, a_process_that_died_with_the_last_attempt_leaves_the_block_to_the_next) {
  Guarded world;
  world.guess_wrong(9);
  ASSERT_TRUE(world.admit());  // and never heard of again
  EXPECT_EQ(world.guess(), "limit_wc");
  EXPECT_TRUE(world.state.blocks.all.empty()) << "it may be under way";
  world.clock.advance(Seconds(61));
  EXPECT_EQ(world.guess(), "limit_wc");
  ASSERT_EQ(world.state.blocks.all.size(), 1u);
  EXPECT_EQ(world.mails(), std::vector<std::string>{"blocked_account"});
  world.clock.advance(Seconds(61));
  EXPECT_EQ(world.guess(), "limit_wc");
  EXPECT_EQ(world.mails().size(), 1u);
  world.state.blocks.all.clear();
  world.clock.advance(Seconds(61));
  EXPECT_EQ(world.guess("Secret-1"), "right");
}

TEST(Protection, an_attempt_that_nobody_could_judge_was_none) {
  Guarded world;
  for (int i = 0; i < 30; ++i) {
    auto admission = world.admit();
    ASSERT_TRUE(admission) << i;
    world.cancel(std::move(*admission));
    world.clock.advance(Seconds(4));
  }
}

TEST(Protection, somebody_whom_an_administrator_blocked_is_not_guessing) {
  Guarded world;
  world.state.users["auth0|1"].user.profile["blocked"] = true;
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(world.guess("Secret-1"), "wrong");
    world.clock.advance(Seconds(4));
  }
  EXPECT_TRUE(world.state.blocks.all.empty());
}

TEST(Protection, without_the_shield_nothing_is_refused_but_everything_is_logged) {
  Guarded world;
  world.brute_force().block = false;
  world.guess_wrong(15);
  EXPECT_EQ(world.logged("limit_wc"), 6);
  EXPECT_TRUE(world.state.blocks.all.empty());
  EXPECT_TRUE(world.mails().empty());
  EXPECT_EQ(world.guess("Secret-1"), "right");
}

TEST(Protection, a_block_is_in_nobodys_way_while_protection_is_off) {
  Guarded world;
  world.guess_wrong(9);
  world.guess();
  world.brute_force().enabled = false;
  EXPECT_EQ(world.guess("Secret-1"), "right");
}

TEST(Protection, a_connection_can_switch_it_off_for_itself) {
  Guarded world;
  auto open = *world.connection;
  open.options["brute_force_protection"] = false;
  world.connection = std::make_shared<const domain::Connection>(open);
  world.guess_wrong(15);
}

TEST(Protection, an_address_of_the_allow_list_is_not_counted) {
  Guarded world;
  world.brute_force().allowlist = {"192.0.2.0/24"};
  world.guess_wrong(15);
  for (int i = 0; i < 10; ++i) world.guess("nope", "ada@example.com", elsewhere);
  EXPECT_EQ(world.guess("nope", "ada@example.com", elsewhere), "limit_wc");
}

TEST(Protection, the_hundredth_failure_of_an_address_blocks_it_and_time_lets_one_in) {
  Guarded world;
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(world.guess("nope", "user" + std::to_string(i) + "@example.com"), "wrong") << i;
  EXPECT_EQ(world.guess("Secret-1"), "limit_mu");
  EXPECT_EQ(world.guess("Secret-1", "ada@example.com", elsewhere), "right");
  world.clock.advance(Milliseconds(864'000));
  EXPECT_EQ(world.guess("Secret-1"), "right");
  EXPECT_EQ(world.guess("nope", "eve@example.com"), "wrong");
  EXPECT_EQ(world.guess("nope", "eve@example.com"), "limit_mu");
}

TEST(Protection, administrators_hear_of_addresses_once_an_hour) {
  Guarded world;
  world.throttling().sign_in.max_attempts = 1;
  world.guess();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(world.guess(), "limit_mu");
  EXPECT_EQ(world.mails(), std::vector<std::string>{"blocked_address"});
  EXPECT_EQ(json::string_or(world.state.jobs[0].payload, "to"), "help@acme.test");
  world.configuration.tenant_settings->support_email.clear();
  world.clock.advance(Seconds(3600));
  for (int i = 0; i < 10; ++i) world.guess();
  EXPECT_EQ(world.mails().size(), 1u);
}

TEST(Protection, an_ipv6_network_is_one_address) {
  EXPECT_EQ(counted_address("2001:db8:1:2:3:4:5:6"), counted_address("2001:db8:1:2:ffff::1"));
  EXPECT_NE(counted_address("2001:db8:1:2::1"), counted_address("2001:db8:1:3::1"));
  EXPECT_EQ(counted_address("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_NE(counted_address("192.0.2.1"), counted_address("192.0.2.2"));
}

TEST(Protection, sign_ups_and_password_mails_of_an_address_are_counted_apart) {
  Guarded world;
  world.throttling().sign_up.max_attempts = 2;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(world.admit("new@example.com", "192.0.2.1", Stage::sign_up));
  EXPECT_EQ(world.admit("new@example.com", "192.0.2.1", Stage::sign_up).error().log_type, "limit_mu");
  EXPECT_TRUE(world.admit("new@example.com", elsewhere, Stage::sign_up));
  EXPECT_TRUE(world.admit());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(world.admit("ada@example.com", "192.0.2.1", Stage::reset));
  EXPECT_EQ(world.admit("ada@example.com", "192.0.2.1", Stage::reset).error().log_type, "limit_mu");
}

TEST(Protection, invalid_subject_tokens_of_an_address_name_nobody) {
  Guarded world;
  world.connection = nullptr;
  world.throttling().token_exchange.max_attempts = 1;
  const auto admit = [&] { return world.admit("", "192.0.2.1", Stage::token_exchange); };
  auto right = admit();
  ASSERT_TRUE(right);
  EXPECT_FALSE(admit());
  world.commit(run_sync(world.protection.passed(std::move(*right))).value());
  EXPECT_TRUE(admit());
  EXPECT_EQ(admit().error().log_type, "limit_mu");
  world.throttling().block = false;
  EXPECT_EQ(admit()->notes.size(), 1u);
}

TEST(Protection, an_address_of_this_machine_counts_for_accounts_only) {
  Guarded world;
  world.throttling().sign_in.max_attempts = 1;
  for (const char* ip : {"127.0.0.1", "::1", "::ffff:127.0.0.2"}) world.guess_wrong(9, "ada@example.com", ip);
  EXPECT_EQ(world.guess("nope", "ada@example.com", "127.0.0.1"), "too_many_attempts");
}

TEST(Protection, counters_hold_no_address_of_a_person_and_strange_names_fit_every_index) {
  Guarded world;
  world.guess();
  for (const auto& [key, paid] : world.limiter.paid) EXPECT_EQ(key.find("ada"), std::string::npos) << key;
  EXPECT_EQ(counted_identifier(" Ada@Example.com"), "ada@example.com");
  EXPECT_LT(counted_identifier(std::string(5000, 'a')).size(), 64u);
  EXPECT_TRUE(counted_identifier(std::string("a\0b", 3)).starts_with("sha256:"));
  EXPECT_TRUE(counted_identifier("\xff\xfe").starts_with("sha256:"));
}

TEST(Protection, what_one_tenant_counts_is_not_anothers) {
  EXPECT_NE(account_key({1}, "db", "a", ""), account_key({2}, "db", "a", ""));
  EXPECT_NE(account_key({1}, "db", "ab", "c"), account_key({1}, "dba", "b", "c"));
  EXPECT_NE(address_key({1}, Stage::sign_in, "x"), address_key({1}, Stage::sign_up, "x"));
}

struct AwayBlocks : ports::Blocks {
  static std::unexpected<Error> away() { return fail(ErrorKind::unavailable, "store_unavailable"); }
  Async<std::optional<domain::Block>> find(domain::TenantId, std::string, std::string, std::string) override {
    co_return away();
  }
  Async<std::vector<domain::Block>> list(domain::TenantId, std::string) override { co_return away(); }
};

TEST(Protection, a_store_that_is_away_uses_up_nobodys_attempts) {
  Guarded world;
  AwayBlocks away;
  const ports::Services& s = world.services;
  const ports::Services services{s.clock,
                                 s.random,
                                 s.sequence,
                                 s.configuration,
                                 s.tenants,
                                 s.documents,
                                 s.users,
                                 s.assignments,
                                 s.sessions,
                                 s.codes,
                                 s.refresh_tokens,
                                 s.grants,
                                 s.tickets,
                                 s.logs,
                                 s.committer,
                                 s.vault,
                                 s.hasher,
                                 s.metrics,
                                 s.limiter,
                                 s.cache,
                                 s.breached_passwords,
                                 s.flags,
                                 away,
                                 s.scripts,
                                 s.modules,
                                 s.executions,
                                 s.event_deliveries};
  const Protection blind(services, world.database);
  for (int i = 0; i < 200; ++i) {
    const auto admission =
        run_sync(blind.admit(world.attempt(Stage::sign_in, "ada@example.com", "192.0.2.1")));
    ASSERT_FALSE(admission);
    EXPECT_EQ(admission.error().kind, ErrorKind::unavailable);
  }
  world.guess_wrong(9);
  EXPECT_EQ(world.guess("Secret-1"), "right");
}

}  // namespace
}  // namespace durward::login
