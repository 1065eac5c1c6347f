#include "operator/tenants.h"

#include <gtest/gtest.h>

#include <map>

#include "base/executor.h"

namespace durward::operators {
namespace {

// An installation in a map.
class FewTenants : public Tenants {
 public:
  Async<MadeTenant> create(NewTenant wanted, endpoint::Call) override {
    if (views.contains(wanted.name)) co_return fail(ErrorKind::conflict, "tenant_exists", "taken");
    const std::string domain = wanted.domain.empty() ? wanted.name + ".example" : wanted.domain;
    views[wanted.name] = {{.name = wanted.name}, domain, wanted.friendly_name};
    co_return MadeTenant{views[wanted.name], "id", "shown once"};
  }
  Async<std::vector<domain::Tenant>> list(std::string after, int64_t limit) override {
    std::vector<domain::Tenant> out;
    for (auto it = views.upper_bound(after); it != views.end() && int64_t(out.size()) < limit; ++it)
      out.push_back(it->second.tenant);
    co_return out;
  }
  Async<TenantView> find(std::string name) override {
    if (!views.contains(name)) co_return fail(ErrorKind::not_found, "inexistent_tenant", "none");
    co_return views[name];
  }
  Async<TenantView> rename(std::string name, std::string friendly_name, endpoint::Call) override {
    CO_ENSURE(co_await find(name));
    views[name].friendly_name = friendly_name;
    co_return views[name];
  }
  Async<> remove(std::string name, endpoint::Call) override {
    CO_ENSURE(co_await find(name));
    views.erase(name);
    co_return Result<>();
  }
  std::map<std::string, TenantView> views;
};

class OperatorTenantsTest : public testing::Test {
 protected:
  struct Answer {
    int status;
    json::Object body;
    std::string code() const { return json::string_or(body, "errorCode"); }
  };
  Answer ask(const std::string& id, std::string body = {}, std::string query = {}, std::string name = {}) {
    const auto row = std::ranges::find(rows, id, &endpoint::Endpoint::id);
    http::Request request;
    request.method = row->method;
    request.query = std::move(query);
    request.body = std::move(body);
    request.headers.set("Authorization", "Bearer key");
    const endpoint::Authenticator authenticate = [this](auto, auto) { return answer(scopes); };
    const auto response =
        run_sync(endpoint::run_management(*row, authenticate, {}, request, {{"name", std::move(name)}}));
    return {response.status, json::parse_object(response.body).value_or(json::Object())};
  }
  static Async<endpoint::Principal> answer(std::vector<std::string> scopes) {
    co_return endpoint::Principal{"operator@clients", "operator", std::move(scopes)};
  }
  Answer create(const std::string& name) {
    return ask("operator_create_tenant", R"({"name":")" + name + R"("})");
  }

  std::vector<std::string> scopes = {"create:tenants", "read:tenants", "update:tenants", "delete:tenants"};
  FewTenants tenants;
  std::vector<endpoint::Endpoint> rows = tenant_rows(tenants);
};

TEST_F(OperatorTenantsTest, the_rows_contradict_nothing) { endpoint::check_rows(rows); }

TEST_F(OperatorTenantsTest, a_created_tenant_is_shown_with_its_secret_once) {
  const auto made = create("acme");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(json::string_or(made.body, "client_secret"), "shown once");
  EXPECT_EQ(json::string_or(made.body, "friendly_name"), "acme") << "without one it is the name";
  EXPECT_EQ(json::string_or(made.body, "issuer"), "https://acme.example/");
  const auto shown = ask("operator_get_tenant", "", "", "acme");
  EXPECT_EQ(shown.status, 200);
  EXPECT_FALSE(shown.body.contains("client_secret"));
}

TEST_F(OperatorTenantsTest, a_domain_and_a_friendly_name_are_taken_over) {
  const auto made = ask("operator_create_tenant",
                        R"({"name":"acme","friendly_name":"Acme","domain":"login.acme.example:8443"})");
  EXPECT_EQ(json::string_or(made.body, "issuer"), "https://login.acme.example:8443/");
  EXPECT_EQ(json::string_or(made.body, "friendly_name"), "Acme");
}

TEST_F(OperatorTenantsTest, what_cannot_be_a_tenant_is_refused) {
  for (const char* body :
       {R"({})", R"({"name":"a"})", R"({"name":"Acme"})", R"({"name":"-acme"})", R"({"name":"a.b"})",
        R"({"name":"a b"})", R"({"name":7})", R"({"name":"acme","plan":"gold"})",
        R"({"name":"acme","friendly_name":""})", R"({"name":"acme","domain":"https://acme.example/"})",
        R"({"name":"acme","domain":"acme.example:port"})", R"(["acme"])", R"({"name":)", ""}) {
    const auto refused = ask("operator_create_tenant", body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(refused.code(), "invalid_body") << body;
  }
  EXPECT_EQ(ask("operator_create_tenant", R"({"name":")" + std::string(64, 'a') + R"("})").status, 400);
  EXPECT_TRUE(tenants.views.empty());
}

TEST_F(OperatorTenantsTest, a_name_that_is_taken_conflicts) {
  create("acme");
  const auto refused = create("acme");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "tenant_exists");
}

TEST_F(OperatorTenantsTest, a_list_pages_by_name_and_ends) {
  for (const char* name : {"ab", "cd", "ef"}) create(name);
  const auto first = ask("operator_list_tenants", "", "take=2");
  ASSERT_EQ(json::array(first.body, "tenants")->size(), 2u);
  EXPECT_EQ(json::string_or(first.body, "next"), "cd");
  const auto second = ask("operator_list_tenants", "", "take=2&from=cd");
  ASSERT_EQ(json::array(second.body, "tenants")->size(), 1u);
  EXPECT_FALSE(second.body.contains("next"));
  const auto exact = ask("operator_list_tenants", "", "take=3");
  EXPECT_FALSE(exact.body.contains("next")) << "nothing follows the last tenant";
}

TEST_F(OperatorTenantsTest, a_page_that_is_none_is_refused) {
  for (const char* query : {"take=0", "take=101", "take=x"})
    EXPECT_EQ(ask("operator_list_tenants", "", query).code(), "invalid_query_string") << query;
}

TEST_F(OperatorTenantsTest, only_what_people_read_changes) {
  create("acme");
  EXPECT_EQ(ask("operator_update_tenant", R"({"friendly_name":"Acme"})", "", "acme").status, 200);
  EXPECT_EQ(tenants.views["acme"].friendly_name, "Acme");
  EXPECT_EQ(ask("operator_update_tenant", R"({"name":"other"})", "", "acme").status, 400);
  EXPECT_EQ(ask("operator_update_tenant", R"({"domain":"other.example"})", "", "acme").status, 400);
  EXPECT_EQ(ask("operator_update_tenant", R"({})", "", "acme").status, 200) << "nothing changes";
}

TEST_F(OperatorTenantsTest, a_tenant_that_is_not_there_is_missing) {
  EXPECT_EQ(ask("operator_get_tenant", "", "", "nobody").code(), "inexistent_tenant");
  EXPECT_EQ(ask("operator_update_tenant", R"({"friendly_name":"x"})", "", "nobody").status, 404);
  EXPECT_EQ(ask("operator_update_tenant", R"({})", "", "nobody").status, 404);
  EXPECT_EQ(ask("operator_delete_tenant", "", "", "nobody").status, 404);
  create("acme");
  EXPECT_EQ(ask("operator_delete_tenant", "", "", "acme").status, 204);
  EXPECT_EQ(ask("operator_get_tenant", "", "", "acme").status, 404);
}

TEST_F(OperatorTenantsTest, each_row_asks_for_its_scope) {
  create("acme");
  scopes = {"read:tenants"};
  EXPECT_EQ(ask("operator_get_tenant", "", "", "acme").status, 200);
  EXPECT_EQ(create("other").status, 403);
  EXPECT_EQ(ask("operator_update_tenant", R"({"friendly_name":"x"})", "", "acme").status, 403);
  EXPECT_EQ(ask("operator_delete_tenant", "", "", "acme").status, 403);
  scopes = {};
  EXPECT_EQ(ask("operator_list_tenants").status, 403);
}

}  // namespace
}  // namespace durward::operators
