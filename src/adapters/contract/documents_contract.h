#pragma once
#include "adapters/contract/world.h"

namespace durward::adapters::contract {

using ports::Collection;

class DocumentsContract : public World {
 protected:
  ports::InsertDocument client(const std::string& id, const std::string& name) {
    return {Collection::clients, document(id, {{"name", name}}), {{"name", name}, {"slot", id, true}}};
  }
  std::optional<ports::Document> find(const std::string& id) {
    return get(store->documents().find(acme, Collection::clients, id));
  }
  int64_t version() { return get(store->tenants().configuration_version(acme)); }
};

TEST_P(DocumentsContract, a_document_is_found_by_id_and_by_key_as_it_was_written) {
  ASSERT_TRUE(commit(client("c1", "one")));
  const auto found = find("c1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->body, (json::Object{{"name", "one"}}));
  EXPECT_EQ(found->version, 1);
  EXPECT_EQ(found->created_at, clock.now());
  EXPECT_EQ(get(store->documents().find_by(acme, Collection::clients, "name", "one"))->id, "c1");
  EXPECT_FALSE(get(store->documents().find_by(acme, Collection::clients, "name", "two")));
  EXPECT_FALSE(find("c2"));
}

TEST_P(DocumentsContract, another_tenant_and_another_collection_see_nothing) {
  ASSERT_TRUE(commit(client("c1", "one")));
  EXPECT_FALSE(get(store->documents().find(other, Collection::clients, "c1")));
  EXPECT_FALSE(get(store->documents().find(acme, Collection::connections, "c1")));
  EXPECT_FALSE(get(store->documents().find_by(other, Collection::clients, "name", "one")));
  EXPECT_TRUE(get(store->documents().list(other, Collection::clients, {})).items.empty());
  expect_error(commit(other, {ports::RemoveDocument{Collection::clients, "c1"}}), ErrorKind::not_found,
               "not_found");
  EXPECT_TRUE(commit(other, {client("c1", "one")})) << "ids and keys are unique within a tenant only";
  EXPECT_TRUE(find("c1"));
}

TEST_P(DocumentsContract, the_installation_has_documents_of_its_own_that_no_tenant_sees) {
  constexpr domain::TenantId installation{0};
  std::vector<int64_t> heard;
  store->on_configuration_change([&heard](domain::TenantId tenant) { heard.push_back(tenant.value); });
  ASSERT_TRUE(commit(installation, {client("c1", "one")}));
  EXPECT_TRUE(get(store->documents().find(installation, Collection::clients, "c1")));
  EXPECT_FALSE(find("c1"));
  EXPECT_NE(std::ranges::find(heard, 0), heard.end());
  ASSERT_TRUE(commit(installation, {ports::RemoveDocument{Collection::clients, "c1"}}));
  EXPECT_TRUE(get(store->documents().list(installation, Collection::clients, {})).items.empty());
  store->on_configuration_change({});
}

TEST_P(DocumentsContract, a_taken_id_or_unique_key_is_refused_and_named) {
  ASSERT_TRUE(commit(client("c1", "one")));
  auto same_id = client("c1", "two");
  const auto refused = commit(same_id);
  expect_error(refused, ErrorKind::conflict, "document_exists");
  EXPECT_EQ(refused.error().debug, "id");
  auto same_key = client("c2", "one");
  same_key.keys[1].value = "c1";
  const auto by_key = commit(same_key);
  expect_error(by_key, ErrorKind::conflict, "document_exists");
  EXPECT_EQ(by_key.error().debug, "slot");
  EXPECT_FALSE(find("c2"));
  EXPECT_TRUE(commit(client("c3", "one"))) << "a key that is not unique may repeat";
}

TEST_P(DocumentsContract, replacing_wants_the_stored_version_and_counts_it_up) {
  ASSERT_TRUE(commit(client("c1", "one")));
  ports::ReplaceDocument replace{Collection::clients, document("c1", {{"name", "two"}}), {{"name", "two"}}};
  ASSERT_TRUE(commit(replace));
  EXPECT_EQ(find("c1")->version, 2);
  EXPECT_FALSE(get(store->documents().find_by(acme, Collection::clients, "name", "one")));
  expect_error(commit(replace), ErrorKind::conflict, "version_changed");
  replace.document.id = "none";
  expect_error(commit(replace), ErrorKind::not_found, "not_found");
}

TEST_P(DocumentsContract, a_failing_last_write_leaves_nothing_of_the_list) {
  const int64_t before = version();
  expect_error(commit(client("c1", "one"), client("c2", "two"), insert_user("u1"),
                      ports::RemoveDocument{Collection::clients, "none"}),
               ErrorKind::not_found, "not_found");
  EXPECT_FALSE(find("c1"));
  EXPECT_FALSE(find("c2"));
  EXPECT_FALSE(get(store->users().find(acme, "auth0|u1")));
  EXPECT_EQ(version(), before);
}

TEST_P(DocumentsContract, every_change_raises_the_configuration_version_of_its_tenant_only) {
  const int64_t before = version(), elsewhere = get(store->tenants().configuration_version(other));
  ASSERT_TRUE(commit(client("c1", "one")));
  EXPECT_EQ(version(), before + 1);
  ASSERT_TRUE(commit(insert_user("u1")));
  EXPECT_EQ(version(), before + 1);
  ASSERT_TRUE(commit(ports::RemoveDocument{Collection::clients, "c1"}));
  EXPECT_EQ(version(), before + 2);
  EXPECT_EQ(get(store->tenants().configuration_version(other)), elsewhere);
}

TEST_P(DocumentsContract, documents_are_removed_by_key) {
  ASSERT_TRUE(commit(client("c1", "a"), client("c2", "b"), client("c3", "a")));
  ASSERT_TRUE(commit(ports::RemoveDocumentsBy{Collection::clients, "name", "a"}));
  EXPECT_FALSE(find("c1"));
  EXPECT_TRUE(find("c2"));
  EXPECT_FALSE(find("c3"));
  EXPECT_TRUE(commit(ports::RemoveDocumentsBy{Collection::clients, "name", "a"}));
  EXPECT_TRUE(commit(client("c1", "a"))) << "its keys are free again";
}

TEST_P(DocumentsContract, lists_page_by_offset_in_order_of_creation_with_a_total) {
  for (const char* id : {"z", "m", "a", "q", "b"}) ASSERT_TRUE(commit(client(id, "n")));
  const auto page =
      get(store->documents().list(acme, Collection::clients, {.offset = 1, .limit = 2, .want_total = true}));
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[0].id, "m");
  EXPECT_EQ(page.items[1].id, "a");
  EXPECT_EQ(page.total, 5);
}

TEST_P(DocumentsContract, lists_filter_by_all_given_keys) {
  auto first = client("c1", "n"), second = client("c2", "n");
  second.keys.push_back({"global", "true"});
  ASSERT_TRUE(commit(first, second));
  const auto page = get(store->documents().list(
      acme, Collection::clients, {.equals = {{"name", "n"}, {"global", "true"}}, .want_total = true}));
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items[0].id, "c2");
  EXPECT_EQ(page.total, 1);
}

TEST_P(DocumentsContract, checkpoint_pages_neither_skip_nor_repeat_while_others_write) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(commit(client("c" + std::to_string(i), "n")));
  std::vector<std::string> seen;
  std::optional<std::string> after;
  int round = 0;
  do {
    const auto page = get(store->documents().list(acme, Collection::clients,
                                                  {.equals = {{"name", "n"}}, .limit = 3, .after = after}));
    for (const auto& item : page.items) seen.push_back(item.id);
    after = page.next;
    // Earlier documents go and later ones come between the pages.
    if (round == 0) ASSERT_TRUE(commit(ports::RemoveDocument{Collection::clients, "c0"}));
    if (round == 1) ASSERT_TRUE(commit(client("new", "n")));
    ++round;
  } while (after);
  EXPECT_EQ(seen,
            (std::vector<std::string>{"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "new"}));
}

TEST_P(DocumentsContract, a_checkpoint_that_is_none_is_refused) {
  const auto page =
      run_sync(store->documents().list(acme, Collection::clients, {.after = "1; DROP TABLE users"}));
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().kind, ErrorKind::invalid);
}

class TenantsContract : public World {};

TEST_P(TenantsContract, a_tenant_is_found_by_name_and_its_name_is_taken_once) {
  EXPECT_EQ(get(store->tenants().find_by_name("acme"))->id, acme);
  EXPECT_EQ(get(store->tenants().find(acme))->name, "acme");
  EXPECT_FALSE(get(store->tenants().find({4711})));
  EXPECT_EQ(get(store->tenants().sealed_key(acme)), "sealed-acme");
  EXPECT_FALSE(get(store->tenants().find_by_name("nobody")));
  const auto again = run_sync(store->tenants().create("acme", "k", clock.now()));
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, "tenant_exists");
  EXPECT_EQ(get(store->tenants().count()), 2);
  EXPECT_EQ(get(store->tenants().list("acme", 10)).at(0).name, "other");
}

TEST_P(TenantsContract, removing_a_tenant_removes_all_it_owns_and_nothing_else) {
  const ports::Writes everything = {
      insert_user("u1"),
      ports::InsertDocument{Collection::roles, document("rol_1"), {{"name", "r", true}}},
      ports::AddUserRole{"auth0|u1", "rol_1"},
      ports::AddUserPermission{"auth0|u1", {"api", "read"}},
      ports::AddRolePermission{"rol_1", {"api", "write"}},
      ports::PutGrant{{.id = "g1", .user_id = "auth0|u1", .client_id = "c1", .audience = "api"}}};
  ASSERT_TRUE(commit(acme, everything));
  ASSERT_TRUE(commit(other, everything));
  ASSERT_TRUE(commit(ports::InsertSession{session(1, "auth0|u1")}, ports::InsertCode{code(1, "auth0|u1")},
                     ports::InsertRefreshToken{refresh_token(1, "auth0|u1")},
                     ports::AppendLog{{.id = 1, .date = clock.now()}}));
  ASSERT_TRUE(run_sync(store->tenants().remove(acme)));
  EXPECT_FALSE(get(store->tenants().find_by_name("acme")));
  EXPECT_FALSE(get(store->users().find(acme, "auth0|u1")));
  EXPECT_FALSE(get(store->documents().find(acme, Collection::roles, "rol_1")));
  EXPECT_FALSE(get(store->sessions().find(acme, 1)));
  EXPECT_FALSE(get(store->codes().find(acme, 1)));
  EXPECT_FALSE(get(store->refresh_tokens().find(acme, 1)));
  EXPECT_FALSE(get(store->logs().find(acme, 1)));
  EXPECT_TRUE(get(store->assignments().permissions_of(acme, "auth0|u1", "")).empty());
  EXPECT_TRUE(get(store->users().find(other, "auth0|u1")));
  EXPECT_EQ(get(store->assignments().permissions_of(other, "auth0|u1", "")).size(), 2u);
  expect_error(run_sync(store->tenants().remove(acme)), ErrorKind::not_found, "not_found");
  expect_error(commit(insert_user("u2")), ErrorKind::not_found, "not_found");
}

}  // namespace durward::adapters::contract
