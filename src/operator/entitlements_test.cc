#include "operator/entitlements.h"

#include <gtest/gtest.h>

#include "base/executor.h"
#include "endpoint/fields.h"

namespace durward::operators {
namespace {

// What one tenant was granted.
class OneTenant : public TenantEntitlements {
 public:
  Async<json::Object> entitlements(std::string name) override {
    if (name != "acme") co_return fail(ErrorKind::not_found, "inexistent_tenant", "none");
    co_return granted;
  }
  Async<json::Object> entitle(std::string name, json::Object patch, endpoint::Call asked) override {
    CO_ENSURE(co_await entitlements(std::move(name)));
    endpoint::merge_patch(granted, patch);
    by = asked.principal.subject;
    co_return granted;
  }
  json::Object granted;
  std::string by;
};

class OperatorEntitlementsTest : public testing::Test {
 protected:
  struct Answer {
    int status;
    std::string body;
  };
  Answer ask(const std::string& id, std::string body = {}, std::string name = "acme") {
    const auto row = std::ranges::find(rows, id, &endpoint::Endpoint::id);
    http::Request request;
    request.method = row->method;
    request.body = std::move(body);
    request.headers.set("Authorization", "Bearer key");
    const endpoint::Authenticator authenticate = [this](auto, auto) { return answer(scopes); };
    const auto response =
        run_sync(endpoint::run_management(*row, authenticate, {}, request, {{"name", std::move(name)}}));
    return {response.status, response.body};
  }
  static Async<endpoint::Principal> answer(std::vector<std::string> scopes) {
    co_return endpoint::Principal{"operator:1@clients", "operator", std::move(scopes)};
  }
  Answer change(std::string body) { return ask("operator_update_entitlements", std::move(body)); }

  std::vector<std::string> scopes = {"read:tenants", "update:tenants"};
  OneTenant tenant;
  std::vector<endpoint::Endpoint> rows = entitlement_rows(tenant);
};

TEST_F(OperatorEntitlementsTest, the_rows_contradict_nothing) { endpoint::check_rows(rows); }

TEST_F(OperatorEntitlementsTest, what_is_granted_is_shown_and_null_takes_it_away) {
  EXPECT_EQ(ask("operator_get_entitlements").body, "{}");
  const auto granted = change(R"({"rate_profile":"free","password_scheme":"argon2id"})");
  EXPECT_EQ(granted.status, 200);
  EXPECT_EQ(granted.body, R"({"rate_profile":"free","password_scheme":"argon2id"})");
  EXPECT_EQ(tenant.by, "operator:1@clients");
  EXPECT_EQ(change(R"({"password_scheme":null})").body, R"({"rate_profile":"free"})");
  EXPECT_EQ(ask("operator_get_entitlements").body, R"({"rate_profile":"free"})");
}

TEST_F(OperatorEntitlementsTest, limits_of_its_own_replace_the_list) {
  EXPECT_EQ(change(R"({"rate_limits":[{"class":"token","scope":"tenant","units":100,"burst":200},
                       {"class":"userinfo","scope":"user","units":0}]})")
                .status,
            200);
  EXPECT_EQ(json::array(tenant.granted, "rate_limits")->size(), 2u);
  EXPECT_EQ(change(R"({"rate_limits":[]})").status, 200);
  EXPECT_EQ(json::array(tenant.granted, "rate_limits")->size(), 0u);
}

TEST_F(OperatorEntitlementsTest, what_cannot_be_granted_is_refused) {
  for (
      const char* body :
      {R"({"rate_profile":"gold"})",
       R"({"rate_profile":7})",
       R"({"plan":"free"})",
       R"({"password_scheme":"md5"})",
       R"({"rate_limits":{}})",
       R"({"rate_limits":[7]})",
       R"({"rate_limits":[{"class":"token"}]})",
       R"({"rate_limits":[{"class":"token","scope":"tenant"}]})",
       R"({"rate_limits":[{"class":"tokens","scope":"tenant","units":1}]})",
       R"({"rate_limits":[{"class":"token","scope":"galaxy","units":1}]})",
       R"({"rate_limits":[{"class":"token","scope":"user","units":1}]})",
       R"({"rate_limits":[{"class":"token","scope":"tenant","units":-1}]})",
       R"({"rate_limits":[{"class":"token","scope":"tenant","units":1.5}]})",
       R"({"rate_limits":[{"class":"token","scope":"tenant","units":1,"seconds":0}]})",
       R"({"rate_limits":[{"class":"token","scope":"tenant","units":1,"seconds":86401}]})",
       R"({"rate_limits":[{"class":"token","scope":"tenant","units":1,"burst":0}]})",
       R"({"rate_limits":[{"class":"token","scope":"tenant","units":1,"price":3}]})",
       R"({"rate_limits":[{"class":"token","scope":"tenant","units":1},{"class":"token","scope":"tenant","units":2}]})",
       R"([])",
       R"({)"}) {
    const auto refused = change(body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_NE(refused.body.find("invalid_body"), std::string::npos) << refused.body;
  }
  EXPECT_TRUE(tenant.granted.empty());
}

TEST_F(OperatorEntitlementsTest, a_tenant_that_is_not_there_is_missing) {
  EXPECT_EQ(ask("operator_get_entitlements", "", "nobody").status, 404);
  EXPECT_EQ(ask("operator_update_entitlements", R"({"rate_profile":"free"})", "nobody").status, 404);
}

TEST_F(OperatorEntitlementsTest, each_row_asks_for_its_scope) {
  scopes = {"read:tenants"};
  EXPECT_EQ(ask("operator_get_entitlements").status, 200);
  EXPECT_EQ(change(R"({"rate_profile":"free"})").status, 403);
  scopes = {};
  EXPECT_EQ(ask("operator_get_entitlements").status, 403);
}

}  // namespace
}  // namespace durward::operators
