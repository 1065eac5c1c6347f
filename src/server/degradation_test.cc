#include "server/degradation.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "server/files.h"
#include "server/shared_state.h"

namespace durward::server {
namespace {

TEST(Degradation, the_page_for_operators_is_the_table) {
  const auto page = std::filesystem::path(__FILE__).parent_path() / "../../docs/degradation.md";
  const auto text = read_file(page.string());
  ASSERT_TRUE(text) << page;
  for (const auto& row : degradations) {
    const std::string line = "| " + std::string(to_string(row.away)) + " | " + std::string(row.use) + " | " +
                             std::string(row.then) + " |";
    EXPECT_NE(text->find(line), text->npos) << line;
  }
  EXPECT_EQ(
      std::ranges::count(*text, '\n') - std::ranges::count(text->substr(0, text->find("\n|---")), '\n') - 2,
      std::ptrdiff_t(std::size(degradations)))
      << "a row of the page is none of the table";
}

TEST(Degradation, every_shared_use_of_redis_is_declared) {
  const auto declared = std::ranges::count(degradations, Dependency::redis, &Degradation::away);
  EXPECT_EQ(declared, std::ptrdiff_t(std::size(shared_uses)));
}

TEST(Degradation, core_is_signing_in_tokens_keys_and_signing_out) {
  for (const char* path :
       {"/authorize", "/oauth/token", "/oauth/revoke", "/userinfo", "/.well-known/jwks.json", "/v2/logout",
        "/oidc/logout", "/u/login", "/u/login/password", "/u/consent"})
    EXPECT_TRUE(is_core(path)) << path;
  for (const char* path : {"/api/v2/users", "/dbconnections/signup", "/u/signup", "/u/reset-verify", "/"})
    EXPECT_FALSE(is_core(path)) << path;
}

}  // namespace
}  // namespace durward::server
