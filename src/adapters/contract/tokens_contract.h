#pragma once
#include <atomic>

#include "adapters/contract/world.h"

namespace durward::adapters::contract {

class TokensContract : public World {
 protected:
  TokensContract() { add_user("u1"); }
  const std::string id = "auth0|u1";
};

TEST_P(TokensContract, a_session_comes_back_as_it_was_written) {
  const auto s = session(1, id);
  ASSERT_TRUE(commit(ports::InsertSession{s}));
  const auto found = get(store->sessions().find(acme, 1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret_sha256, s.secret_sha256);
  EXPECT_EQ(found->public_part, s.public_part);
  EXPECT_EQ(found->user_id, id);
  EXPECT_EQ(found->connection, "db");
  EXPECT_EQ(found->strategy, "auth0");
  EXPECT_EQ(found->authenticated_at, s.authenticated_at);
  EXPECT_EQ(found->idle_expires_at, s.idle_expires_at);
  EXPECT_EQ(found->clients, s.clients);
  EXPECT_EQ(found->amr, s.amr);
  EXPECT_TRUE(found->persistent);
  EXPECT_EQ(found->device.last_user_agent, "other agent");
  EXPECT_EQ(found->metadata, s.metadata);
  EXPECT_FALSE(get(store->sessions().find(other, 1)));
}

TEST_P(TokensContract, sessions_expire_at_the_exact_millisecond) {
  ASSERT_TRUE(commit(ports::InsertSession{session(1, id)}));
  clock.advance(Seconds(60) - Milliseconds(1));
  EXPECT_TRUE(get(store->sessions().find(acme, 1)));
  clock.advance(Milliseconds(1));
  EXPECT_FALSE(get(store->sessions().find(acme, 1)));
  EXPECT_TRUE(get(store->sessions().list_of_user(acme, id, {}, 10)).items.empty());
}

TEST_P(TokensContract, a_session_is_replaced_and_removed_by_its_tenant_only) {
  auto s = session(1, id);
  ASSERT_TRUE(commit(ports::InsertSession{s}));
  s.clients.push_back("c3");
  ASSERT_TRUE(commit(ports::ReplaceSession{s}));
  EXPECT_EQ(get(store->sessions().find(acme, 1))->clients.size(), 3u);
  ASSERT_TRUE(commit(other, {insert_user("u1")}));
  expect_error(commit(other, {ports::ReplaceSession{s}}), ErrorKind::not_found, "not_found");
  ASSERT_TRUE(commit(other, {ports::RemoveSession{1}, ports::RemoveSessionsOf{id}}));
  EXPECT_TRUE(get(store->sessions().find(acme, 1)));
  ASSERT_TRUE(commit(ports::RemoveSession{1}));
  EXPECT_TRUE(commit(ports::RemoveSession{1}));
  expect_error(commit(ports::ReplaceSession{s}), ErrorKind::not_found, "not_found");
}

TEST_P(TokensContract, sessions_of_a_user_are_paged_and_removed_together) {
  for (int64_t i = 1; i <= 5; ++i) ASSERT_TRUE(commit(ports::InsertSession{session(i, id)}));
  const auto first = get(store->sessions().list_of_user(acme, id, {}, 2));
  ASSERT_EQ(first.items.size(), 2u);
  ASSERT_TRUE(commit(ports::RemoveSession{1}));
  const auto second = get(store->sessions().list_of_user(acme, id, first.next, 5));
  ASSERT_EQ(second.items.size(), 3u);
  EXPECT_EQ(second.items[0].id, 3);
  EXPECT_FALSE(second.next);
  ASSERT_TRUE(commit(ports::RemoveSessionsOf{id}));
  EXPECT_TRUE(get(store->sessions().list_of_user(acme, id, {}, 10)).items.empty());
}

TEST_P(TokensContract, a_code_comes_back_as_it_was_written_until_it_expires) {
  const auto c = code(5, id);
  ASSERT_TRUE(commit(ports::InsertCode{c}));
  const auto found = get(store->codes().find(acme, 5));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret_sha256, c.secret_sha256);
  EXPECT_EQ(found->authorization.user_id, id);
  EXPECT_EQ(found->authorization.scope, c.authorization.scope);
  EXPECT_EQ(found->authorization.auth_time, c.authorization.auth_time);
  EXPECT_EQ(found->authorization.extra, c.authorization.extra);
  EXPECT_EQ(found->code_challenge_method, "S256");
  EXPECT_TRUE(found->max_age_requested);
  EXPECT_EQ(found->grant_id, 1005);
  EXPECT_FALSE(found->consumed_at);
  EXPECT_FALSE(get(store->codes().find(other, 5)));
  clock.advance(Seconds(30) - Milliseconds(1));
  EXPECT_TRUE(get(store->codes().find(acme, 5)));
  clock.advance(Milliseconds(1));
  EXPECT_FALSE(get(store->codes().find(acme, 5)));
  expect_error(commit(ports::ConsumeCode{5, clock.now()}), ErrorKind::not_found, "not_found");
}

TEST_P(TokensContract, a_consumed_code_is_still_found_with_its_mark) {
  ASSERT_TRUE(commit(ports::InsertCode{code(5, id)}));
  expect_error(commit(other, {ports::ConsumeCode{5, clock.now()}}), ErrorKind::not_found, "not_found");
  ASSERT_TRUE(commit(ports::ConsumeCode{5, clock.now()}));
  EXPECT_EQ(get(store->codes().find(acme, 5))->consumed_at, clock.now());
  expect_error(commit(ports::ConsumeCode{5, clock.now()}), ErrorKind::conflict, "code_consumed");
}

TEST_P(TokensContract, of_sixteen_who_consume_a_code_at_once_one_gets_its_tokens) {
  ASSERT_TRUE(commit(ports::InsertCode{code(5, id)}));
  std::atomic<int> won{0};
  at_once(16, [&](int i) {
    if (commit(ports::ConsumeCode{5, clock.now()}, ports::InsertRefreshToken{refresh_token(100 + i, id)}))
      ++won;
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(get(store->refresh_tokens().list_of_user(acme, id, {}, 100)).items.size(), 1u);
}

TEST_P(TokensContract, of_sixteen_who_rotate_a_token_at_once_one_gets_the_next) {
  ASSERT_TRUE(commit(ports::InsertRefreshToken{refresh_token(1, id)}));
  std::atomic<int> won{0};
  at_once(16, [&](int i) {
    const auto result = commit(ports::RotateRefreshToken{1, clock.now()},
                               ports::InsertRefreshToken{refresh_token(100 + i, id, 1)});
    if (result)
      ++won;
    else
      EXPECT_EQ(result.error().code, "token_rotated");
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(get(store->refresh_tokens().list_of_user(acme, id, {}, 100)).items.size(), 1u);
  EXPECT_EQ(get(store->refresh_tokens().find(acme, 1))->rotated_at, clock.now());
}

TEST_P(TokensContract, of_sixteen_who_use_a_ticket_at_once_one_may) {
  ASSERT_TRUE(commit(ports::InsertTicket{{.id = 1, .user_id = id, .expires_at = clock.now() + Seconds(1)}}));
  std::atomic<int> won{0};
  at_once(16, [&](int) {
    if (commit(ports::ConsumeTicket{1})) ++won;
  });
  EXPECT_EQ(won, 1);
}

TEST_P(TokensContract, a_refresh_token_comes_back_as_it_was_written) {
  auto t = refresh_token(1, id);
  t.idle_expires_at = clock.now() + Seconds(10);
  t.expires_at = clock.now() + Seconds(20);
  ASSERT_TRUE(commit(ports::InsertRefreshToken{t}));
  const auto found = get(store->refresh_tokens().find(acme, 1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret_sha256, t.secret_sha256);
  EXPECT_EQ(found->family, 1);
  EXPECT_TRUE(found->rotating);
  EXPECT_EQ(found->authorization.client_id, "c1");
  EXPECT_EQ(found->authorization.audience, "https://api/");
  EXPECT_EQ(found->authorization.user_id, id);
  EXPECT_EQ(found->idle_expires_at, t.idle_expires_at);
  EXPECT_EQ(found->device.initial_ip, "1.2.3.4");
  EXPECT_FALSE(get(store->refresh_tokens().find(other, 1)));
}

TEST_P(TokensContract, refresh_tokens_expire_by_idleness_and_by_age_at_the_exact_millisecond) {
  auto t = refresh_token(1, id);
  t.idle_expires_at = clock.now() + Seconds(10);
  t.expires_at = clock.now() + Seconds(15);
  ASSERT_TRUE(commit(ports::InsertRefreshToken{t}));
  clock.advance(Seconds(10) - Milliseconds(1));
  EXPECT_TRUE(get(store->refresh_tokens().find(acme, 1)));
  ASSERT_TRUE(commit(ports::TouchRefreshToken{1, clock.now(), clock.now() + Seconds(10), {}, {}}));
  clock.advance(Seconds(5));
  EXPECT_TRUE(get(store->refresh_tokens().find(acme, 1)));
  clock.advance(Milliseconds(1));
  EXPECT_FALSE(get(store->refresh_tokens().find(acme, 1)));
  expect_error(commit(ports::RotateRefreshToken{1, clock.now()}), ErrorKind::not_found, "not_found");
}

TEST_P(TokensContract, a_use_may_end_a_refresh_token_earlier_and_note_something_on_it) {
  auto t = refresh_token(1, id);
  t.idle_expires_at = std::nullopt;
  t.expires_at = clock.now() + Seconds(100);
  ASSERT_TRUE(commit(ports::InsertRefreshToken{t}));
  t.authorization.extra["metadata"] = json::Object{{"device", "phone"}};
  ASSERT_TRUE(commit(ports::TouchRefreshToken{1, clock.now(), {}, clock.now() + Seconds(5), t}));
  const auto found = get(store->refresh_tokens().find(acme, 1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->expires_at, clock.now() + Seconds(5));
  EXPECT_EQ(found->authorization.extra, t.authorization.extra);
  ASSERT_TRUE(commit(ports::TouchRefreshToken{1, clock.now(), {}, {}, {}}));
  EXPECT_EQ(get(store->refresh_tokens().find(acme, 1))->authorization.extra, t.authorization.extra);
  clock.advance(Seconds(5));
  EXPECT_FALSE(get(store->refresh_tokens().find(acme, 1)));
}

TEST_P(TokensContract, a_family_is_revoked_as_one) {
  ASSERT_TRUE(commit(ports::InsertRefreshToken{refresh_token(1, id, 77)},
                     ports::InsertRefreshToken{refresh_token(2, id, 77)},
                     ports::InsertRefreshToken{refresh_token(3, id, 78)}));
  ASSERT_TRUE(commit(other, {ports::RevokeFamily{77}, ports::RevokeRefreshToken{1}}));
  EXPECT_TRUE(get(store->refresh_tokens().find(acme, 1)));
  ASSERT_TRUE(commit(ports::RevokeFamily{77}));
  EXPECT_FALSE(get(store->refresh_tokens().find(acme, 1)));
  EXPECT_FALSE(get(store->refresh_tokens().find(acme, 2)));
  EXPECT_TRUE(get(store->refresh_tokens().find(acme, 3)));
  expect_error(commit(ports::RotateRefreshToken{1, clock.now()}), ErrorKind::not_found, "not_found");
  expect_error(commit(ports::TouchRefreshToken{1, clock.now(), {}, {}, {}}), ErrorKind::not_found,
               "not_found");
}

TEST_P(TokensContract, refresh_tokens_of_a_user_are_revoked_by_client_and_audience) {
  auto second = refresh_token(2, id);
  second.authorization.client_id = "c2";
  auto third = refresh_token(3, id);
  third.authorization.audience = "";
  ASSERT_TRUE(commit(ports::InsertRefreshToken{refresh_token(1, id)}, ports::InsertRefreshToken{second},
                     ports::InsertRefreshToken{third}));
  ASSERT_TRUE(commit(ports::RevokeRefreshTokensOf{id, "c1", "https://api/"}));
  EXPECT_FALSE(get(store->refresh_tokens().find(acme, 1)));
  EXPECT_TRUE(get(store->refresh_tokens().find(acme, 2)));
  EXPECT_TRUE(get(store->refresh_tokens().find(acme, 3)));
  ASSERT_TRUE(commit(ports::RevokeRefreshTokensOf{id, "", {}}));
  EXPECT_TRUE(get(store->refresh_tokens().list_of_user(acme, id, {}, 10)).items.empty());
}

TEST_P(TokensContract, a_grant_is_revoked_until_its_access_tokens_are_expired) {
  ASSERT_TRUE(commit(ports::RevokeGrant{9, clock.now() + Seconds(5)}));
  EXPECT_TRUE(get(store->refresh_tokens().is_grant_revoked(acme, 9)));
  EXPECT_FALSE(get(store->refresh_tokens().is_grant_revoked(other, 9)));
  EXPECT_FALSE(get(store->refresh_tokens().is_grant_revoked(acme, 8)));
  ASSERT_TRUE(commit(ports::RevokeGrant{9, clock.now() + Seconds(1)})) << "a shorter mark does not shorten";
  clock.advance(Seconds(5) - Milliseconds(1));
  EXPECT_TRUE(get(store->refresh_tokens().is_grant_revoked(acme, 9)));
  clock.advance(Milliseconds(1));
  EXPECT_FALSE(get(store->refresh_tokens().is_grant_revoked(acme, 9)));
}

TEST_P(TokensContract, consent_is_kept_once_per_client_and_audience) {
  domain::Grant g{.id = "g1",
                  .user_id = id,
                  .client_id = "c1",
                  .audience = "api",
                  .scope = {"a"},
                  .created_at = clock.now()};
  ASSERT_TRUE(commit(ports::PutGrant{g}));
  g.id = "g2";
  g.scope = {"a", "b"};
  ASSERT_TRUE(commit(ports::PutGrant{g}));
  const auto found = get(store->grants().find(acme, id, "c1", "api"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "g1");
  EXPECT_EQ(found->scope, g.scope);
  EXPECT_EQ(found->user_id, id);
  EXPECT_FALSE(get(store->grants().find(other, id, "c1", "api")));
  g.audience = "api2";
  ASSERT_TRUE(commit(ports::PutGrant{g}));
  EXPECT_EQ(get(store->grants().list(acme, {.user_id = id, .want_total = true})).total, 2);
  EXPECT_EQ(get(store->grants().list(acme, {.audience = "api2"})).grants.size(), 1u);
  EXPECT_EQ(get(store->grants().list(acme, {.client_id = "c9"})).grants.size(), 0u);
  EXPECT_TRUE(get(store->grants().list(other, {})).grants.empty());
  ASSERT_TRUE(commit(other, {ports::RemoveGrant{"g1"}, ports::RemoveGrantsOf{id}}));
  ASSERT_TRUE(commit(ports::RemoveGrant{"g1"}));
  EXPECT_EQ(get(store->grants().list(acme, {})).grants.size(), 1u);
  ASSERT_TRUE(commit(ports::RemoveGrantsOf{id}));
  EXPECT_TRUE(get(store->grants().list(acme, {})).grants.empty());
}

TEST_P(TokensContract, consent_is_found_by_its_id_in_its_tenant_only) {
  for (const char* client : {"c1", "c2"})
    ASSERT_TRUE(commit(ports::PutGrant{{.id = "grant-of-" + std::string(client),
                                        .user_id = id,
                                        .client_id = client,
                                        .audience = "api",
                                        .created_at = clock.now()}}));
  const auto page = get(store->grants().list(acme, {.id = "grant-of-c2", .want_total = true}));
  ASSERT_EQ(page.grants.size(), 1u);
  EXPECT_EQ(page.grants[0].client_id, "c2");
  EXPECT_EQ(page.grants[0].user_id, id);
  EXPECT_EQ(page.grants[0].audience, "api");
  EXPECT_EQ(page.total, 1);
  EXPECT_TRUE(get(store->grants().list(acme, {.client_id = "c1", .id = "grant-of-c2"})).grants.empty());
  EXPECT_TRUE(get(store->grants().list(acme, {.id = "none"})).grants.empty());
  EXPECT_TRUE(get(store->grants().list(other, {.id = "grant-of-c2"})).grants.empty());
}

TEST_P(TokensContract, refresh_tokens_of_a_user_are_paged_without_the_rotated_ones) {
  for (int64_t i = 1; i <= 5; ++i) ASSERT_TRUE(commit(ports::InsertRefreshToken{refresh_token(i, id)}));
  const auto first = get(store->refresh_tokens().list_of_user(acme, id, {}, 2));
  ASSERT_EQ(first.items.size(), 2u);
  ASSERT_TRUE(commit(ports::RotateRefreshToken{3, clock.now()}, ports::RevokeRefreshToken{1}));
  const auto second = get(store->refresh_tokens().list_of_user(acme, id, first.next, 2));
  ASSERT_EQ(second.items.size(), 2u);
  EXPECT_EQ(second.items[0].id, 4);
  EXPECT_FALSE(second.next);
  EXPECT_TRUE(get(store->refresh_tokens().list_of_user(other, id, {}, 10)).items.empty());
}

TEST_P(TokensContract, another_tenant_changes_no_token) {
  ASSERT_TRUE(commit(other, {insert_user("u1")}));
  ASSERT_TRUE(commit(ports::InsertSession{session(1, id)}, ports::InsertRefreshToken{refresh_token(1, id)}));
  expect_error(commit(other, {ports::RotateRefreshToken{1, clock.now()}}), ErrorKind::not_found, "not_found");
  expect_error(commit(other, {ports::TouchRefreshToken{1, clock.now(), {}, {}, {}}}), ErrorKind::not_found,
               "not_found");
  ASSERT_TRUE(commit(other, {ports::RevokeRefreshTokensOf{id, "", {}}, ports::RemoveUser{id}}));
  EXPECT_FALSE(get(store->refresh_tokens().find(acme, 1))->rotated_at);
  EXPECT_TRUE(get(store->sessions().find(acme, 1)));
  EXPECT_TRUE(get(store->sessions().list_of_user(other, id, {}, 10)).items.empty());
}

TEST_P(TokensContract, tickets_expire_at_the_exact_millisecond) {
  ASSERT_TRUE(commit(ports::InsertTicket{{.id = 1, .user_id = id, .expires_at = clock.now() + Seconds(3)}}));
  clock.advance(Seconds(3) - Milliseconds(1));
  EXPECT_TRUE(get(store->tickets().find(acme, 1)));
  clock.advance(Milliseconds(1));
  EXPECT_FALSE(get(store->tickets().find(acme, 1)));
  expect_error(commit(ports::ConsumeTicket{1}), ErrorKind::not_found, "not_found");
}

TEST_P(TokensContract, a_ticket_comes_back_as_it_was_written_until_it_expires) {
  domain::Ticket t{.id = 1,
                   .secret_sha256 = std::string(32, '\x03'),
                   .kind = "verify_email",
                   .user_id = id,
                   .client_id = "c1",
                   .connection = "db",
                   .data = {{"result_url", "https://x/"}},
                   .created_at = clock.now(),
                   .expires_at = clock.now() + Seconds(3)};
  ASSERT_TRUE(commit(ports::InsertTicket{t}));
  const auto found = get(store->tickets().find(acme, 1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, "verify_email");
  EXPECT_EQ(found->data, t.data);
  EXPECT_EQ(found->user_id, id);
  EXPECT_FALSE(get(store->tickets().find(other, 1)));
  expect_error(commit(other, {ports::ConsumeTicket{1}}), ErrorKind::not_found, "not_found");
  clock.advance(Seconds(3));
  EXPECT_FALSE(get(store->tickets().find(acme, 1)));
  expect_error(commit(ports::ConsumeTicket{1}), ErrorKind::not_found, "not_found");
}

}  // namespace durward::adapters::contract
