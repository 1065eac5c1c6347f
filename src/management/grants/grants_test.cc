#include "management/grants/grants.h"

#include <gtest/gtest.h>

#include "management/support/testing/world.h"

namespace durward::management::grants {
namespace {

struct FakeGrants : ports::Grants {
  std::vector<domain::Grant> grants;
  Async<std::optional<domain::Grant>> find(domain::TenantId, std::string, std::string, std::string) override {
    co_return std::nullopt;
  }
  Async<ports::GrantPage> list(domain::TenantId tenant, ports::GrantQuery query) override {
    ports::GrantPage page;
    for (const auto& g : grants)
      if (tenant.value == 1 && (query.id.empty() || g.id == query.id)) page.grants.push_back(g);
    co_return page;
  }
};

struct RecordingCommitter : ports::Committer {
  std::vector<ports::Writes> lists;
  Async<> commit(domain::TenantId, ports::Writes writes) override {
    lists.push_back(std::move(writes));
    co_return Result<>();
  }
};

class GrantRows : public ::testing::Test {
 protected:
  int remove(const std::string& id, int64_t tenant = 1) {
    for (const auto& row : rows(services)) {
      if (row.id != "delete_grant") continue;
      http::Request request{.method = row.method, .path = row.path};
      request.headers.set("Authorization", "Bearer t");
      const endpoint::Authenticator owner = [](endpoint::RequestContext, std::string) { return answer(); };
      return run_sync(endpoint::run_management(row, owner, base.context(tenant), request, {{"id", id}}))
          .status;
    }
    return 0;
  }
  static Async<endpoint::Principal> answer() {
    co_return endpoint::Principal{"admin@clients", "admin", {"delete:grants"}};
  }
  template <class W>
  static const W* find(const ports::Writes& writes) {
    for (const auto& write : writes)
      if (const auto* w = std::get_if<W>(&write)) return w;
    return nullptr;
  }

  durward::testing::World base;
  FakeGrants grants;
  RecordingCommitter committer;
  ports::Services services{
      base.clock,   base.random,      base.sequence,  base.configuration, base.tenants,        base.documents,
      base.users,   base.assignments, base.sessions,  base.codes,         base.refresh_tokens, grants,
      base.tickets, base.logs,        committer,      base.vault,         base.hasher,         base.metrics,
      base.limiter, base.cache,       base.breached,  base.flags,         base.state.blocks,   base.scripts,
      base.modules, base.executions,  base.deliveries};
};

TEST_F(GrantRows, withdrawing_a_consent_revokes_its_refresh_tokens_in_the_same_commit) {
  grants.grants = {{.id = "g1", .user_id = "auth0|1", .client_id = "app", .audience = "https://api/"},
                   {.id = "g2", .user_id = "auth0|1", .client_id = "app", .audience = "https://other/"}};
  EXPECT_EQ(remove("g2"), 204);
  ASSERT_EQ(committer.lists.size(), 1u);
  const auto& writes = committer.lists[0];
  EXPECT_EQ(find<ports::RemoveGrant>(writes)->id, "g2");
  const auto* revoked = find<ports::RevokeRefreshTokensOf>(writes);
  ASSERT_TRUE(revoked);
  EXPECT_EQ(revoked->user_id, "auth0|1");
  EXPECT_EQ(revoked->client_id, "app");
  EXPECT_EQ(revoked->audience, "https://other/");
}

TEST_F(GrantRows, a_consent_that_is_not_there_revokes_nothing) {
  grants.grants = {{.id = "g1", .user_id = "auth0|1", .client_id = "app", .audience = "https://api/"}};
  EXPECT_EQ(remove("none"), 204);
  ASSERT_EQ(committer.lists.size(), 1u);
  EXPECT_FALSE(find<ports::RevokeRefreshTokensOf>(committer.lists[0]));
}

}  // namespace
}  // namespace durward::management::grants
