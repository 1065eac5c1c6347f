#include <gtest/gtest.h>

#include "domain/client.h"
#include "domain/connection.h"
#include "domain/log_record.h"
#include "domain/management_scopes.h"
#include "domain/session.h"
#include "domain/tenant.h"
#include "domain/user.h"

namespace durward::domain {
namespace {

TEST(Handle, round_trips_and_refuses_anything_else) {
  const Handle handle{1234567890123, std::string(32, 's')};
  const auto text = handle.to_string();
  const auto parsed = Handle::parse(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->id, handle.id);
  EXPECT_EQ(parsed->secret, handle.secret);
  EXPECT_FALSE(Handle::parse(text.substr(1)));
  EXPECT_FALSE(Handle::parse(text + "A"));
  EXPECT_FALSE(Handle::parse(""));
  EXPECT_FALSE(Handle::parse(Handle{0, std::string(32, 's')}.to_string()));
  EXPECT_FALSE(Handle::parse(text, 16));
}

TEST(LogRecord, ids_have_56_digits_and_sort_like_rows) {
  LogRecord a, b;
  a.id = 99;
  b.id = INT64_MAX;
  EXPECT_EQ(a.log_id().size(), 56u);
  EXPECT_LT(a.log_id(), b.log_id());
  EXPECT_EQ(LogRecord::id_of(a.log_id()), 99);
  EXPECT_EQ(LogRecord::id_of(b.log_id()), INT64_MAX);
  EXPECT_FALSE(LogRecord::id_of("900"));
  EXPECT_FALSE(LogRecord::id_of(std::string(56, '9')));
}

TEST(TenantSettings, minutes_win_over_hours) {
  const auto settings = TenantSettings::from_json(
      {{"session_lifetime", 10}, {"session_lifetime_in_minutes", 5}, {"idle_session_lifetime", 1.5}}, {});
  EXPECT_EQ(settings.session_lifetime.count(), 5);
  EXPECT_EQ(settings.idle_session_lifetime.count(), 90);
  EXPECT_EQ(TenantSettings::from_json({}, {}).session_lifetime.count(), 168 * 60);
}

TEST(Client, reads_what_the_hot_path_needs) {
  const auto client =
      Client::from_json({{"client_id", "c"},
                         {"app_type", "spa"},
                         {"grant_types", json::Array{"refresh_token"}},
                         {"refresh_token", json::Object{{"rotation_type", "rotating"}, {"leeway", 3}}}},
                        "secret");
  EXPECT_TRUE(client.is_public());
  EXPECT_TRUE(client.allows_grant("refresh_token"));
  EXPECT_FALSE(client.allows_grant("password"));
  EXPECT_TRUE(client.refresh_token.rotating);
  EXPECT_EQ(client.refresh_token.leeway.count(), 3);
  EXPECT_EQ(client.secret_sha256.size(), 32u);
}

TEST(User, claims_hold_no_metadata_and_no_flags) {
  User user;
  user.user_id = "auth0|1";
  user.profile = {{"email", "A@x.org"}, {"blocked", true}, {"app_metadata", json::Object{{"k", 1}}}};
  const auto claims = user.to_claims();
  EXPECT_TRUE(claims.contains("email"));
  EXPECT_FALSE(claims.contains("blocked"));
  EXPECT_FALSE(claims.contains("app_metadata"));
}

TEST(User, identifiers_are_normalised_per_connection) {
  User user;
  user.profile = {{"email", " A@X.org"}, {"username", "Bob"}};
  user.identities = {{"db", "auth0", "1"}};
  const auto identifiers = identifiers_of(user, user.identities[0]);
  ASSERT_EQ(identifiers.size(), 2u);
  EXPECT_EQ(identifiers[0].value, "a@x.org");
  EXPECT_EQ(identifiers[1].value, "bob");
}

TEST(ResourceServer, the_management_api_of_all_tenants_has_the_same_scopes_and_others_their_own) {
  const auto first = ResourceServer::from_json({{"is_system", true}}, ""),
             second = ResourceServer::from_json({{"is_system", true}, {"scopes", json::Array()}}, "");
  EXPECT_EQ(&first.scopes(), &second.scopes());
  EXPECT_EQ(first.scopes().size(), management_scopes().size());
  EXPECT_TRUE(first.has_scope("read:users"));
  const auto other = ResourceServer::from_json({{"scopes", json::Array{json::Object{{"value", "see"}}}}}, "");
  EXPECT_TRUE(other.has_scope("see"));
  EXPECT_FALSE(other.has_scope("read:users"));
}

TEST(Connection, knows_its_clients) {
  const auto connection = Connection::from_json({{"strategy", "auth0"},
                                                 {"enabled_clients", json::Array{"a"}},
                                                 {"options", json::Object{{"disable_signup", true}}}});
  EXPECT_TRUE(connection.is_database());
  EXPECT_TRUE(connection.is_enabled_for("a"));
  EXPECT_FALSE(connection.is_enabled_for("b"));
  EXPECT_TRUE(connection.signup_disabled());
}

}  // namespace
}  // namespace durward::domain
