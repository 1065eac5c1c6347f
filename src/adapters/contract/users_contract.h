#pragma once
#include <atomic>

#include "adapters/contract/world.h"

namespace durward::adapters::contract {

class UsersContract : public World {
 protected:
  std::optional<domain::User> find(const std::string& id) {
    return get(store->users().find(acme, "auth0|" + id));
  }
  std::optional<ports::UserWithPassword> by_email(const std::string& email) {
    return get(store->users().find_by_identifier(acme, "db", email));
  }
  std::vector<std::string> ids(ports::UserQuery query) {
    std::vector<std::string> out;
    for (const auto& u : get(store->users().list(acme, std::move(query))).users) out.push_back(u.user_id);
    return out;
  }
};

TEST_P(UsersContract, a_user_is_found_by_id_identifier_and_email) {
  add_user("u1");
  const auto found = by_email("u1@example.com");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user.user_id, "auth0|u1");
  EXPECT_EQ(found->password_hash, "hash-of-u1");
  EXPECT_EQ(found->user.identities.at(0).connection, "db");
  EXPECT_EQ(find("u1")->profile, (json::Object{{"email", "u1@example.com"}, {"email_verified", true}}));
  EXPECT_EQ(get(store->users().find_by_email(acme, "U1@Example.com")).size(), 1u);
  EXPECT_FALSE(get(store->users().find_by_identifier(acme, "elsewhere", "u1@example.com")));
}

TEST_P(UsersContract, another_tenant_sees_no_user) {
  add_user("u1");
  EXPECT_FALSE(get(store->users().find(other, "auth0|u1")));
  EXPECT_FALSE(get(store->users().find_with_password(other, "auth0|u1")));
  EXPECT_FALSE(get(store->users().find_by_identifier(other, "db", "u1@example.com")));
  EXPECT_TRUE(get(store->users().find_by_email(other, "u1@example.com")).empty());
  EXPECT_TRUE(get(store->users().list(other, {})).users.empty());
  expect_error(commit(other, {ports::SetPassword{"auth0|u1", "h", clock.now(), 0}}), ErrorKind::not_found,
               "not_found");
  EXPECT_TRUE(commit(other, {ports::RemoveUser{"auth0|u1"}}));
  EXPECT_TRUE(find("u1"));
  EXPECT_TRUE(commit(other, {insert_user("u1")})) << "unique within a tenant only";
}

TEST_P(UsersContract, a_taken_id_identity_or_identifier_is_refused) {
  add_user("u1");
  expect_error(commit(insert_user("u1")), ErrorKind::conflict, "user_exists");
  expect_error(commit(ports::InsertUser{user("u2"), emails("u1@example.com"), ""}), ErrorKind::conflict,
               "user_exists");
  const auto named = [](std::string value) {
    return std::vector<domain::Identifier>{{"db", "username", std::move(value)}};
  };
  ASSERT_TRUE(commit(ports::InsertUser{user("u7"), named("ada"), ""}));
  EXPECT_EQ(commit(ports::InsertUser{user("u8"), named("ada"), ""}).error().debug, "username");
  auto same_identity = user("u3");
  same_identity.identities[0].user_id = "u1";
  expect_error(commit(ports::InsertUser{same_identity, {}, ""}), ErrorKind::conflict, "user_exists");
  EXPECT_FALSE(find("u2"));
  EXPECT_FALSE(find("u3"));
  auto twice = emails("me");
  twice.push_back({"db", "username", "me"});
  EXPECT_TRUE(commit(ports::InsertUser{user("u4"), twice, ""})) << "one person may use one text as both";
}

TEST_P(UsersContract, replacing_wants_the_stored_version_and_moves_identifiers) {
  add_user("u1");
  add_user("u2");
  auto u = *find("u1");
  u.profile["email"] = "new@example.com";
  ASSERT_TRUE(commit(ports::ReplaceUser{u, emails("new@example.com")}));
  EXPECT_FALSE(by_email("u1@example.com"));
  EXPECT_EQ(by_email("new@example.com")->password_hash, "hash-of-u1");
  EXPECT_EQ(find("u1")->version, u.version + 1);
  expect_error(commit(ports::ReplaceUser{u, emails("x@example.com")}), ErrorKind::conflict,
               "version_changed");
  expect_error(commit(ports::ReplaceUser{user("none"), {}}), ErrorKind::not_found, "not_found");
  u.version += 1;
  expect_error(commit(ports::ReplaceUser{u, emails("u2@example.com")}), ErrorKind::conflict, "user_exists");
  EXPECT_TRUE(by_email("new@example.com"));
}

TEST_P(UsersContract, a_login_counts_without_a_new_version) {
  add_user("u1");
  ASSERT_TRUE(commit(ports::RecordLogin{"auth0|u1", "9.9.9.9", clock.now()},
                     ports::RecordLogin{"auth0|u1", "8.8.8.8", clock.now() + Seconds(1)}));
  const auto u = *find("u1");
  EXPECT_EQ(u.logins_count, 2);
  EXPECT_EQ(u.last_login, clock.now() + Seconds(1));
  EXPECT_EQ(u.last_ip, "8.8.8.8");
  EXPECT_EQ(u.version, 1);
  expect_error(commit(ports::RecordLogin{"auth0|none", "", clock.now()}), ErrorKind::not_found, "not_found");
}

TEST_P(UsersContract, the_password_history_keeps_the_newest_earlier_hashes) {
  add_user("u1");
  for (const char* hash : {"h1", "h2", "h3"})
    ASSERT_TRUE(commit(ports::SetPassword{"auth0|u1", hash, clock.now(), 2}));
  auto found = *get(store->users().find_with_password(acme, "auth0|u1"));
  EXPECT_EQ(found.password_hash, "h3");
  EXPECT_EQ(found.earlier_hashes, (std::vector<std::string>{"h2", "h1"}));
  EXPECT_EQ(found.user.last_password_reset, clock.now());
  ASSERT_TRUE(commit(ports::SetPassword{"auth0|u1", "h4", clock.now(), 0}));
  EXPECT_TRUE(get(store->users().find_with_password(acme, "auth0|u1"))->earlier_hashes.empty());
  expect_error(commit(ports::SetPassword{"auth0|none", "h", clock.now(), 0}), ErrorKind::not_found,
               "not_found");
}

TEST_P(UsersContract, a_better_hash_of_the_same_password_leaves_history_and_last_reset_alone) {
  add_user("u1");
  ASSERT_TRUE(commit(ports::SetPassword{"auth0|u1", "h1", clock.now(), 3}));
  const auto reset_at = clock.now();
  clock.advance(Seconds(10));
  ASSERT_TRUE(commit(ports::SetPassword{
      .user_id = "auth0|u1", .password_hash = "h1-better", .at = clock.now(), .history = 0, .rehash = true}));
  const auto found = *get(store->users().find_with_password(acme, "auth0|u1"));
  EXPECT_EQ(found.password_hash, "h1-better");
  EXPECT_EQ(found.earlier_hashes, std::vector<std::string>{"hash-of-u1"});
  EXPECT_EQ(found.user.last_password_reset, reset_at);
  EXPECT_EQ(by_email("u1@example.com")->password_hash, "h1-better");
}

TEST_P(UsersContract, a_rehash_of_an_old_password_loses_against_a_reset) {
  add_user("u1");
  const ports::SetPassword rehash{
      .user_id = "auth0|u1", .password_hash = "old-but-better", .at = clock.now(), .rehash = true};
  clock.advance(Milliseconds(1));
  ASSERT_TRUE(commit(ports::SetPassword{"auth0|u1", "new", clock.now(), 1}));
  ASSERT_TRUE(commit(rehash)) << "the login itself is not undone";
  EXPECT_EQ(by_email("u1@example.com")->password_hash, "new");
  EXPECT_EQ(by_email("u1@example.com")->earlier_hashes, std::vector<std::string>{"hash-of-u1"});
}

TEST_P(UsersContract, a_rehash_gives_no_password_to_who_has_none) {
  ASSERT_TRUE(commit(ports::InsertUser{user("u1"), emails("u1@example.com"), ""}));
  const ports::SetPassword rehash{
      .user_id = "auth0|u1", .password_hash = "h", .at = clock.now(), .rehash = true};
  ASSERT_TRUE(commit(rehash));
  EXPECT_EQ(by_email("u1@example.com")->password_hash, "");
  EXPECT_FALSE(find("u1")->last_password_reset);
  expect_error(commit(other, {rehash}), ErrorKind::not_found, "not_found");
}

TEST_P(UsersContract, the_profile_and_a_password_survive_a_stale_writer) {
  add_user("u1");
  auto mine = *find("u1"), theirs = mine;
  mine.profile["name"] = "mine";
  theirs.profile["name"] = "theirs";
  ASSERT_TRUE(commit(ports::ReplaceUser{mine, emails("u1@example.com")}));
  expect_error(commit(ports::ReplaceUser{theirs, emails("u1@example.com")},
                      ports::SetPassword{"auth0|u1", "new", clock.now(), 0}),
               ErrorKind::conflict, "version_changed");
  EXPECT_EQ(find("u1")->profile.at("name"), json::Value("mine"));
  EXPECT_EQ(by_email("u1@example.com")->password_hash, "hash-of-u1");
}

TEST_P(UsersContract, of_sixteen_who_sign_up_with_one_address_at_once_one_may) {
  std::atomic<int> won{0};
  at_once(16, [&](int i) {
    const auto id = "u" + std::to_string(i);
    const auto result = commit(ports::InsertUser{user(id), emails("same@example.com"), ""});
    if (result)
      ++won;
    else
      EXPECT_EQ(result.error().code, "user_exists");
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(ids({}).size(), 1u);
}

TEST_P(UsersContract, a_first_password_can_come_later) {
  ASSERT_TRUE(commit(ports::InsertUser{user("u1"), emails("u1@example.com"), ""}));
  EXPECT_EQ(by_email("u1@example.com")->password_hash, "");
  ASSERT_TRUE(commit(ports::SetPassword{"auth0|u1", "h", clock.now(), 5}));
  EXPECT_EQ(by_email("u1@example.com")->password_hash, "h");
  EXPECT_TRUE(by_email("u1@example.com")->earlier_hashes.empty());
}

TEST_P(UsersContract, removing_a_user_takes_everything_along) {
  add_user("u1");
  const std::string id = "auth0|u1";
  ASSERT_TRUE(commit(ports::InsertSession{session(1, id)}, ports::InsertCode{code(2, id)},
                     ports::InsertRefreshToken{refresh_token(3, id)}, ports::AddUserRole{id, "rol_1"},
                     ports::AddUserPermission{id, {"api", "read"}},
                     ports::PutGrant{{.id = "g1", .user_id = id, .client_id = "c1", .audience = "api"}},
                     ports::InsertTicket{{.id = 4, .user_id = id, .expires_at = clock.now() + Seconds(9)}}));
  ASSERT_TRUE(commit(ports::RemoveUser{id}));
  EXPECT_TRUE(commit(ports::RemoveUser{id}));
  for (int again = 0; again < 2; ++again) {
    EXPECT_FALSE(get(store->sessions().find(acme, 1)));
    EXPECT_FALSE(get(store->codes().find(acme, 2)));
    expect_error(commit(ports::ConsumeCode{2, clock.now()}), ErrorKind::not_found, "not_found");
    EXPECT_FALSE(get(store->refresh_tokens().find(acme, 3)));
    EXPECT_TRUE(get(store->assignments().roles_of(acme, id)).empty());
    EXPECT_TRUE(get(store->assignments().permissions_of(acme, id, "")).empty());
    EXPECT_FALSE(get(store->grants().find(acme, id, "c1", "api")));
    EXPECT_FALSE(get(store->tickets().find(acme, 4)));
    expect_error(commit(ports::ConsumeTicket{4}), ErrorKind::not_found, "not_found");
    EXPECT_TRUE(get(store->users().find_by_email(acme, "u1@example.com")).size() == size_t(again));
    EXPECT_TRUE(get(store->assignments().users_of_role(acme, "rol_1", {})).users.empty());
    if (again == 0) ASSERT_TRUE(commit(insert_user("u1"))) << "the same id later inherits nothing";
  }
}

TEST_P(UsersContract, nothing_short_lived_is_made_for_a_user_who_is_gone) {
  expect_error(commit(ports::InsertSession{session(1, "auth0|none")}), ErrorKind::not_found, "not_found");
  expect_error(commit(ports::InsertCode{code(1, "auth0|none")}), ErrorKind::not_found, "not_found");
  expect_error(commit(ports::InsertRefreshToken{refresh_token(1, "auth0|none")}), ErrorKind::not_found,
               "not_found");
}

TEST_P(UsersContract, linking_moves_the_identity_its_identifiers_and_its_password) {
  add_user("u1");
  add_user("u2");
  auto primary = *find("u1");
  primary.identities.push_back({.connection = "db",
                                .provider = "auth0",
                                .user_id = "u2",
                                .profile_data = {{"email", "u2@example.com"}}});
  auto identifiers = emails("u1@example.com");
  identifiers.push_back({"db", "email", "u2@example.com"});
  ASSERT_TRUE(commit(ports::LinkUsers{primary, identifiers, "auth0|u2"}));
  EXPECT_FALSE(find("u2"));
  EXPECT_EQ(by_email("u2@example.com")->user.user_id, "auth0|u1");
  EXPECT_EQ(by_email("u2@example.com")->password_hash, "hash-of-u2");
  EXPECT_EQ(by_email("u1@example.com")->password_hash, "hash-of-u1");
  EXPECT_EQ(find("u1")->identities.at(1).profile_data, (json::Object{{"email", "u2@example.com"}}));
  expect_error(commit(ports::InsertUser{user("u2"), {}, ""}), ErrorKind::conflict, "user_exists");
}

TEST_P(UsersContract, unlinking_gives_the_identity_its_own_user_and_password_back) {
  add_user("u1");
  add_user("u2");
  auto primary = *find("u1");
  primary.identities.push_back({.connection = "db", .provider = "auth0", .user_id = "u2"});
  auto identifiers = emails("u1@example.com");
  identifiers.push_back({"db", "email", "u2@example.com"});
  ASSERT_TRUE(commit(ports::LinkUsers{primary, identifiers, "auth0|u2"}));
  primary = *find("u1");
  primary.identities.pop_back();
  ASSERT_TRUE(commit(ports::ReplaceUser{primary, emails("u1@example.com")},
                     ports::InsertUser{user("u2", "u2@example.com"), emails("u2@example.com"), ""}));
  EXPECT_EQ(by_email("u2@example.com")->user.user_id, "auth0|u2");
  EXPECT_EQ(by_email("u2@example.com")->password_hash, "hash-of-u2");
}

TEST_P(UsersContract, a_link_to_nobody_or_to_an_older_state_changes_nothing) {
  add_user("u1");
  add_user("u2");
  expect_error(commit(ports::LinkUsers{*find("u1"), {}, "auth0|none"}), ErrorKind::not_found, "not_found");
  auto old = *find("u1");
  old.version = 7;
  expect_error(commit(ports::LinkUsers{old, {}, "auth0|u2"}), ErrorKind::conflict, "version_changed");
  EXPECT_TRUE(find("u2"));
}

TEST_P(UsersContract, users_are_searched_by_exact_value_prefix_and_negation) {
  auto alice = user("a", "alice@example.com"), bob = user("b", "bob@example.org"), carol = user("c");
  alice.profile["name"] = "Alice Adams";
  alice.profile["app_metadata"] = {{"plan", "gold"}, {"level", 3}, {"vip", true}, {"tags", {"x", "y"}}};
  bob.profile["name"] = "Bob";
  bob.profile["email_verified"] = false;
  bob.profile["app_metadata"] = {{"plan", {{"gold", "gold"}}}};
  carol.identities[0].connection = "other-db";
  carol.profile["blocked"] = true;
  for (const auto& u : {alice, bob, carol}) ASSERT_TRUE(commit(ports::InsertUser{u, {}, ""}));
  using V = std::vector<std::string>;
  const V only_alice{"auth0|a"}, only_bob{"auth0|b"}, only_carol{"auth0|c"};
  EXPECT_EQ(ids({.all_of = {{"email", "ALICE@example.com"}}}), only_alice);
  EXPECT_EQ(ids({.all_of = {{"email", "bob", true}}}), only_bob);
  EXPECT_EQ(ids({.all_of = {{"name", "alice a", true}}}), only_alice);
  EXPECT_EQ(ids({.all_of = {{"email_verified", "true"}}}), only_alice);
  EXPECT_EQ(ids({.all_of = {{"blocked", "true"}}}), only_carol);
  EXPECT_EQ(ids({.all_of = {{"identities.connection", "other-db"}}}), only_carol);
  EXPECT_EQ(ids({.all_of = {{"identities.connection", "db"}, {"email", "bob", true}}}), only_bob);
  EXPECT_EQ(ids({.all_of = {{"app_metadata.plan", "gold"}}}), only_alice);
  EXPECT_EQ(ids({.all_of = {{"app_metadata.level", "3"}}}), only_alice);
  EXPECT_EQ(ids({.all_of = {{"app_metadata.vip", "true"}}}), only_alice);
  EXPECT_EQ(ids({.all_of = {{"app_metadata.tags", "y"}}}), only_alice);
  EXPECT_EQ(ids({.all_of = {{"app_metadata.plan.gold", "gold"}}}), only_bob);
  EXPECT_EQ(ids({.all_of = {{.field = "email", .value = "alice", .prefix = true, .negated = true}}}),
            (V{"auth0|b", "auth0|c"}));
}

TEST_P(UsersContract, names_of_fields_never_reach_the_database) {
  add_user("u1");
  for (const char* field :
       {"1=1) OR (1", "u.row", "app_metadata.x\"') OR 1=1 --", "app_metadata..", "profile"}) {
    const auto page = run_sync(store->users().list(acme, {.all_of = {{field, "x"}}}));
    ASSERT_FALSE(page.has_value()) << field;
    EXPECT_EQ(page.error().kind, ErrorKind::invalid);
  }
  const auto sorted = run_sync(store->users().list(acme, {.sort_field = "row; DROP TABLE users"}));
  ASSERT_FALSE(sorted.has_value());
  EXPECT_EQ(ids({.all_of = {{"email", "' OR 1=1 --"}}}).size(), 0u);
}

TEST_P(UsersContract, users_are_sorted_and_counted) {
  for (const char* id : {"b", "a", "c"}) {
    add_user(id);
    clock.advance(Milliseconds(1));
  }
  ASSERT_TRUE(commit(ports::RecordLogin{"auth0|a", "", clock.now()}));
  using V = std::vector<std::string>;
  EXPECT_EQ(ids({}), (V{"auth0|b", "auth0|a", "auth0|c"}));
  EXPECT_EQ(ids({.descending = true}), (V{"auth0|c", "auth0|a", "auth0|b"}));
  EXPECT_EQ(ids({.sort_field = "email", .offset = 1, .limit = 1}), (V{"auth0|b"}));
  EXPECT_EQ(ids({.sort_field = "logins_count", .descending = true, .limit = 1}), (V{"auth0|a"}));
  EXPECT_EQ(get(store->users().list(acme, {.limit = 1, .want_total = true})).total, 3);
}

TEST_P(UsersContract, checkpoint_pages_are_stable_while_users_come_and_go) {
  for (char c = 'a'; c <= 'j'; ++c) add_user(std::string(1, c));
  std::string seen;
  std::optional<std::string> after;
  do {
    const auto page = get(store->users().list(acme, {.limit = 4, .after = after}));
    for (const auto& u : page.users) seen += u.user_id.back();
    if (!after) {
      ASSERT_TRUE(commit(ports::RemoveUser{"auth0|b"}));
      add_user("k");
    }
    after = page.next;
  } while (after);
  EXPECT_EQ(seen, "abcdefghijk");
}

TEST_P(UsersContract, imported_users_keep_their_place_in_time_in_every_kind_of_page) {
  add_user("now");
  for (const char* id : {"b", "a", "c"}) {
    auto u = user(id);
    u.created_at = clock.now() - Seconds(id[0] * 100);
    ASSERT_TRUE(commit(ports::InsertUser{u, {}, ""}));
  }
  using V = std::vector<std::string>;
  V by_offset, by_checkpoint;
  for (int64_t offset = 0; offset < 4; ++offset)
    by_offset.push_back(ids({.offset = offset, .limit = 1}).at(0));
  std::optional<std::string> after;
  do {
    const auto page = get(store->users().list(acme, {.limit = 1, .after = after}));
    for (const auto& u : page.users) by_checkpoint.push_back(u.user_id);
    after = page.next;
  } while (after);
  EXPECT_EQ(by_offset, (V{"auth0|c", "auth0|b", "auth0|a", "auth0|now"}));
  EXPECT_EQ(by_checkpoint, by_offset);
  EXPECT_FALSE(run_sync(store->users().list(acme, {.after = "1"})).has_value());
  EXPECT_FALSE(run_sync(store->users().list(acme, {.after = "1.x"})).has_value());
}

TEST_P(UsersContract, a_password_opens_no_identity_in_another_connection) {
  add_user("u1");
  auto linked = *find("u1");
  linked.identities.push_back({.connection = "db2", .provider = "other", .user_id = "x"});
  auto identifiers = emails("u1@example.com");
  identifiers.push_back({"db2", "email", "u1@example.com"});
  ASSERT_TRUE(commit(ports::ReplaceUser{linked, identifiers}));
  EXPECT_EQ(by_email("u1@example.com")->password_hash, "hash-of-u1");
  EXPECT_EQ(get(store->users().find_by_identifier(acme, "db2", "u1@example.com"))->password_hash, "");
}

class AssignmentsContract : public World {};

TEST_P(AssignmentsContract, permissions_come_directly_and_through_roles_in_one_read) {
  add_user("u1");
  const std::string id = "auth0|u1";
  ASSERT_TRUE(commit(ports::AddUserRole{id, "rol_1"}, ports::AddUserRole{id, "rol_1"},
                     ports::AddUserRole{id, "rol_2"}, ports::AddUserPermission{id, {"api", "read"}},
                     ports::AddRolePermission{"rol_1", {"api", "read"}},
                     ports::AddRolePermission{"rol_2", {"api", "write"}},
                     ports::AddRolePermission{"rol_2", {"api2", "write"}}));
  const auto all = get(store->assignments().permissions_of(acme, id, ""));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].permission, (ports::Permission{"api", "read"}));
  EXPECT_TRUE(all[0].direct);
  EXPECT_EQ(all[0].role_ids, std::vector<std::string>{"rol_1"});
  EXPECT_FALSE(all[1].direct);
  EXPECT_EQ(get(store->assignments().permissions_of(acme, id, "api2")).size(), 1u);
  EXPECT_EQ(get(store->assignments().roles_of(acme, id)), (std::vector<std::string>{"rol_1", "rol_2"}));
  EXPECT_EQ(get(store->assignments().permissions_of_role(acme, "rol_2")).size(), 2u);
  EXPECT_TRUE(get(store->assignments().permissions_of_role(other, "rol_2")).empty());
  EXPECT_TRUE(get(store->assignments().roles_of(other, id)).empty());
  EXPECT_TRUE(get(store->assignments().permissions_of(other, id, "")).empty());
}

TEST_P(AssignmentsContract, assignments_are_taken_back_one_by_one_or_with_their_role) {
  add_user("u1");
  const std::string id = "auth0|u1";
  ASSERT_TRUE(commit(ports::AddUserRole{id, "rol_1"}, ports::AddUserRole{id, "rol_2"},
                     ports::AddUserPermission{id, {"api", "read"}},
                     ports::AddRolePermission{"rol_2", {"api", "a"}},
                     ports::AddRolePermission{"rol_2", {"api", "b"}}));
  ASSERT_TRUE(commit(ports::RemoveUserRole{id, "rol_1"}, ports::RemoveUserPermission{id, {"api", "read"}},
                     ports::RemoveRolePermission{"rol_2", {"api", "a"}}));
  EXPECT_EQ(get(store->assignments().permissions_of(acme, id, "")).size(), 1u);
  ASSERT_TRUE(commit(other, {ports::RemoveRoleAssignments{"rol_2"}}));
  EXPECT_EQ(get(store->assignments().roles_of(acme, id)).size(), 1u);
  ASSERT_TRUE(commit(ports::RemoveRoleAssignments{"rol_2"}));
  EXPECT_TRUE(get(store->assignments().roles_of(acme, id)).empty());
  EXPECT_TRUE(get(store->assignments().permissions_of_role(acme, "rol_2")).empty());
  expect_error(commit(ports::AddUserRole{"auth0|none", "rol_1"}), ErrorKind::not_found, "not_found");
}

TEST_P(AssignmentsContract, members_of_a_role_are_paged) {
  for (const char* id : {"a", "b", "c"}) {
    add_user(id);
    ASSERT_TRUE(commit(ports::AddUserRole{"auth0|" + std::string(id), "rol_1"}));
  }
  const auto first = get(store->assignments().users_of_role(acme, "rol_1", {.limit = 2, .want_total = true}));
  ASSERT_EQ(first.users.size(), 2u);
  EXPECT_EQ(first.total, 3);
  ASSERT_TRUE(first.next);
  const auto second =
      get(store->assignments().users_of_role(acme, "rol_1", {.limit = 2, .after = first.next}));
  ASSERT_EQ(second.users.size(), 1u);
  EXPECT_EQ(second.users[0].user_id, "auth0|c");
  EXPECT_FALSE(second.next);
  EXPECT_TRUE(get(store->assignments().users_of_role(other, "rol_1", {})).users.empty());
}

}  // namespace durward::adapters::contract
