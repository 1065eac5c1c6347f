#include "connections/database/database.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/executor.h"
#include "connections/database/mails.h"
#include "crypto/hash.h"
#include "ports/testing/small_doors.h"

namespace durward::connections::database {
namespace {

using domain::TenantId;
using std::nullopt;

constexpr TimePoint start{Milliseconds(1'700'000'000'000)};

// --- ports the database connection does not use

struct NoConfiguration : testing::UnchangedConfiguration {
  Async<Ptr<domain::Tenant>> tenant_by_name(std::string) override { co_return nullptr; }
  Async<Ptr<domain::Tenant>> only_tenant() override { co_return nullptr; }
  Async<Ptr<domain::TenantSettings>> settings(TenantId) override { co_return nullptr; }
  Async<Ptr<domain::Branding>> branding(TenantId) override { co_return nullptr; }
  Async<Ptr<domain::Client>> client(TenantId, std::string) override { co_return nullptr; }
  Async<Ptr<domain::ResourceServer>> resource_server(TenantId, std::string) override { co_return nullptr; }
  Async<Ptr<domain::ClientGrant>> client_grant(TenantId, std::string, std::string, std::string) override {
    co_return nullptr;
  }
  Async<Ptr<domain::Connection>> connection_by_name(TenantId, std::string) override { co_return nullptr; }
  Async<Ptr<std::vector<domain::Connection>>> connections_of(TenantId, std::string) override {
    co_return nullptr;
  }
  Async<Ptr<domain::KeySet>> keys(TenantId) override { co_return nullptr; }
};
struct NoTenants : ports::Tenants {
  Async<domain::Tenant> create(std::string, std::string, TimePoint) override { co_return domain::Tenant(); }
  Async<std::optional<domain::Tenant>> find_by_name(std::string) override { co_return nullopt; }
  Async<std::optional<domain::Tenant>> find(TenantId) override { co_return nullopt; }
  Async<std::vector<domain::Tenant>> list(std::string, int64_t) override {
    co_return std::vector<domain::Tenant>();
  }
  Async<int64_t> count() override { co_return 0; }
  Async<std::string> sealed_key(TenantId) override { co_return ""; }
  Async<int64_t> configuration_version(TenantId) override { co_return 0; }
  Async<> remove(TenantId) override { co_return Result<>(); }
};
struct NoDocuments : ports::Documents {
  Async<std::optional<ports::Document>> find(TenantId, ports::Collection, std::string) override {
    co_return nullopt;
  }
  Async<std::optional<ports::Document>> find_by(TenantId, ports::Collection, std::string,
                                                std::string) override {
    co_return nullopt;
  }
  Async<ports::DocumentPage> list(TenantId, ports::Collection, ports::DocumentQuery) override {
    co_return ports::DocumentPage();
  }
};
struct NoAssignments : ports::Assignments {
  Async<std::vector<std::string>> roles_of(TenantId, std::string) override {
    co_return std::vector<std::string>();
  }
  Async<ports::UserPage> users_of_role(TenantId, std::string, ports::UserQuery) override {
    co_return ports::UserPage();
  }
  Async<std::vector<ports::Permission>> permissions_of_role(TenantId, std::string) override {
    co_return std::vector<ports::Permission>();
  }
  Async<std::vector<ports::SourcedPermission>> permissions_of(TenantId, std::string, std::string) override {
    co_return std::vector<ports::SourcedPermission>();
  }
};
struct NoSessions : ports::Sessions {
  Async<std::optional<domain::Session>> find(TenantId, int64_t) override { co_return nullopt; }
  Async<ports::TokenPage<domain::Session>> list_of_user(TenantId, std::string, std::optional<std::string>,
                                                        int64_t) override {
    co_return ports::TokenPage<domain::Session>();
  }
};
struct NoCodes : ports::Codes {
  Async<std::optional<domain::AuthorizationCode>> find(TenantId, int64_t) override { co_return nullopt; }
};
struct NoRefreshTokens : ports::RefreshTokens {
  Async<std::optional<domain::RefreshToken>> find(TenantId, int64_t) override { co_return nullopt; }
  Async<ports::TokenPage<domain::RefreshToken>> list_of_user(TenantId, std::string,
                                                             std::optional<std::string>, int64_t) override {
    co_return ports::TokenPage<domain::RefreshToken>();
  }
  Async<bool> is_grant_revoked(TenantId, int64_t) override { co_return false; }
};
struct NoGrants : ports::Grants {
  Async<std::optional<domain::Grant>> find(TenantId, std::string, std::string, std::string) override {
    co_return nullopt;
  }
  Async<ports::GrantPage> list(TenantId, ports::GrantQuery) override { co_return ports::GrantPage(); }
};
struct NoLogs : ports::Logs {
  Async<std::optional<domain::LogRecord>> find(TenantId, int64_t) override { co_return nullopt; }
  Async<std::vector<domain::LogRecord>> list(TenantId, ports::LogQuery) override {
    co_return std::vector<domain::LogRecord>();
  }
};
struct NoVault : ports::Vault {
  std::string new_tenant_key() override { return ""; }
  Async<std::string> seal(TenantId, std::string, std::string text) override { co_return text; }
  Async<std::string> open(TenantId, std::string, std::string text) override { co_return text; }
  std::string seal_local(std::string_view, std::string_view text) override { return std::string(text); }
  Result<std::string> open_local(std::string_view, std::string_view text) override {
    return std::string(text);
  }
};

// --- ports it does use

struct OneUser : ports::Users {
  std::optional<ports::UserWithPassword> stored;
  int reads = 0;
  std::string asked;
  Async<std::optional<domain::User>> find(TenantId, std::string id) override {
    if (!stored || stored->user.user_id != id) co_return nullopt;
    co_return stored->user;
  }
  Async<std::optional<ports::UserWithPassword>> find_with_password(TenantId, std::string) override {
    co_return stored;
  }
  Async<std::optional<ports::UserWithPassword>> find_by_identifier(TenantId, std::string,
                                                                   std::string value) override {
    ++reads;
    asked = value;
    if (!stored || stored->user.email() != value) co_return nullopt;
    co_return stored;
  }
  Async<std::vector<domain::User>> find_by_email(TenantId, std::string) override {
    co_return std::vector<domain::User>();
  }
  Async<ports::UserPage> list(TenantId, ports::UserQuery) override { co_return ports::UserPage(); }
};
struct PlainHasher : ports::Hasher {
  int verified = 0;
  bool weak = false, is_full = false;
  Async<std::string> hash(ports::HashOwner, std::string password) override {
    if (is_full) co_return fail(ErrorKind::unavailable, "temporarily_unavailable");
    co_return "hash:" + password;
  }
  Async<bool> verify(ports::HashOwner, std::string password, std::string hash) override {
    ++verified;
    co_return hash == "hash:" + password;
  }
  std::string dummy_hash() const override { return "dummy"; }
  bool needs_rehash(domain::PasswordScheme, std::string_view) const override { return weak; }
};
struct OneTicket : ports::Tickets {
  std::optional<domain::Ticket> stored;
  Async<std::optional<domain::Ticket>> find(TenantId, int64_t id) override {
    if (!stored || stored->id != id) co_return nullopt;
    co_return stored;
  }
};
struct Recorder : ports::Committer {
  ports::Writes committed;
  Async<> commit(TenantId, ports::Writes writes) override {
    committed = std::move(writes);
    co_return Result<>();
  }
};

template <class T>
const T* find(const ports::Writes& writes) {
  for (const auto& write : writes)
    if (const auto* found = std::get_if<T>(&write)) return found;
  return nullptr;
}

class DatabaseConnection : public ::testing::Test {
 protected:
  FixedClock clock{start};
  SeededRandom random{11};
  Sequence sequence{clock, random};
  metrics::Registry registry;
  NoConfiguration configuration;
  NoTenants tenants;
  NoDocuments documents;
  OneUser users;
  NoAssignments assignments;
  NoSessions sessions;
  NoCodes codes;
  NoRefreshTokens refresh_tokens;
  NoGrants grants;
  OneTicket tickets;
  NoLogs logs;
  Recorder committer;
  NoVault vault;
  PlainHasher hasher;
  testing::MapLimiter limiter;
  testing::MapCache cache;
  ports::NoBreachedPasswords breached;
  testing::TableFlags flags;
  testing::ListedBlocks blocks;
  testing::PlayedScripts scripts;
  testing::PlayedModules modules;
  testing::ListedExecutions executions;
  testing::ListedDeliveries deliveries;
  ports::Services services{clock,       random,   sequence, configuration,  tenants,    documents, users,
                           assignments, sessions, codes,    refresh_tokens, grants,     tickets,   logs,
                           committer,   vault,    hasher,   registry,       limiter,    cache,     breached,
                           flags,       blocks,   scripts,  modules,        executions, deliveries};
  Database database{services};
  domain::Connection connection{.id = "con_1", .name = "db", .strategy = "auth0"};
  Scene scene{.tenant = {.id = {1}, .name = "acme"}, .host = "acme.test", .ip = "192.0.2.1", .now = start};

  void store(std::string password = "Secret-1") {
    auto change = run_sync(
        database.create_user({1}, connection, {.email = "Ada@Example.com", .password = password}, start));
    ASSERT_TRUE(change) << change.error().message;
    users.stored = {change->user, find<ports::InsertUser>(change->writes)->password_hash, {}};
  }
  PasswordOutcome sign_in(std::string identifier, std::string password) {
    return run_sync(database.verify_password({1}, std::make_shared<domain::Connection>(connection),
                                             identifier, password))
        .value();
  }
  std::string refusal_of_creation(NewUser request) {
    auto change = run_sync(database.create_user({1}, connection, std::move(request), start));
    return change ? "" : change.error().code;
  }
  std::string store_ticket(const IssuedTicket& issued) {
    tickets.stored = find<ports::InsertTicket>(issued.writes)->ticket;
    return issued.text;
  }
};

TEST_F(DatabaseConnection, the_right_password_signs_in_whatever_the_case_of_the_address) {
  store();
  const auto outcome = sign_in(" ADA@example.com ", "Secret-1");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->user.email(), "ada@example.com");
  EXPECT_TRUE(outcome->writes.empty());
  EXPECT_EQ(users.reads, 1);
  EXPECT_EQ(users.asked, "ada@example.com");
}

TEST_F(DatabaseConnection, unknown_users_and_wrong_passwords_look_and_cost_the_same) {
  store();
  const auto wrong = sign_in("ada@example.com", "nope");
  const auto unknown = sign_in("eve@example.com", "nope");
  ASSERT_FALSE(wrong);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(wrong.error().error.code, unknown.error().error.code);
  EXPECT_EQ(wrong.error().error.message, unknown.error().error.message);
  EXPECT_EQ(wrong.error().log_type, "fp");
  EXPECT_EQ(unknown.error().log_type, "fu");
  EXPECT_EQ(hasher.verified, 2);
}

TEST_F(DatabaseConnection, a_user_without_a_password_cannot_sign_in_with_one) {
  store();
  users.stored->password_hash.clear();
  EXPECT_FALSE(sign_in("ada@example.com", ""));
  EXPECT_FALSE(sign_in("ada@example.com", "Secret-1"));
}

TEST_F(DatabaseConnection, only_who_knows_the_password_learns_that_the_user_is_blocked) {
  store();
  users.stored->user.profile["blocked"] = true;
  const auto right = sign_in("ada@example.com", "Secret-1");
  ASSERT_FALSE(right);
  EXPECT_EQ(right.error().error.code, "unauthorized");
  EXPECT_EQ(right.error().error.kind, ErrorKind::forbidden);
  EXPECT_EQ(sign_in("ada@example.com", "nope").error().error.code, "invalid_user_password");
}

TEST_F(DatabaseConnection, a_weak_hash_is_replaced_on_the_way_but_not_that_of_linked_identities) {
  store();
  hasher.weak = true;
  const auto outcome = sign_in("ada@example.com", "Secret-1");
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->writes.size(), 1u);
  EXPECT_TRUE(find<ports::SetPassword>(outcome->writes)->rehash);
  users.stored->user.identities.push_back({.connection = "db", .provider = "auth0", .user_id = "2"});
  EXPECT_TRUE(sign_in("ada@example.com", "Secret-1")->writes.empty());
}

TEST_F(DatabaseConnection, a_right_password_signs_in_although_there_is_no_room_for_a_better_hash) {
  store();
  hasher.weak = hasher.is_full = true;
  const auto outcome = sign_in("ada@example.com", "Secret-1");
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->writes.empty());
}

TEST_F(DatabaseConnection, a_new_user_gets_what_the_caller_left_out) {
  store();
  const auto& user = users.stored->user;
  EXPECT_TRUE(user.user_id.starts_with("auth0|"));
  EXPECT_EQ(user.user_id.size(), 6u + 24u);
  EXPECT_EQ(json::string_or(user.profile, "name"), "ada@example.com");
  EXPECT_EQ(json::string_or(user.profile, "nickname"), "ada");
  EXPECT_FALSE(user.email_verified());
  // md5 of the address in lower case, as Gravatar names pictures
  EXPECT_EQ(json::string_or(user.profile, "picture"),
            "https://s.gravatar.com/avatar/" + to_hex(crypto::md5("ada@example.com")) +
                "?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fad.png");
  EXPECT_EQ(users.stored->password_hash, "hash:Secret-1");
}

TEST_F(DatabaseConnection, a_user_that_breaks_a_rule_is_not_made) {
  EXPECT_EQ(refusal_of_creation({.email = "no mail", .password = "Secret-1"}), "invalid_body");
  EXPECT_EQ(refusal_of_creation({.password = "Secret-1"}), "invalid_body");
  EXPECT_EQ(refusal_of_creation({.email = "a@example.com"}), "invalid_body");
  EXPECT_EQ(refusal_of_creation({.email = "a@example.com", .password = "weak"}), "PasswordStrengthError");
  EXPECT_EQ(refusal_of_creation({.email = "a@example.com", .username = "a b", .password = "Secret-1"}),
            "invalid_body");
  EXPECT_EQ(refusal_of_creation(
                {.email = "a@example.com", .username = std::string(16, 'a'), .password = "Secret-1"}),
            "invalid_body");
  EXPECT_EQ(refusal_of_creation({.email = "a@example.com", .phone_number = "12", .password = "Secret-1"}),
            "invalid_body");
  connection.options["requires_username"] = true;
  EXPECT_EQ(refusal_of_creation({.email = "a@example.com", .password = "Secret-1"}), "invalid_body");
  EXPECT_EQ(refusal_of_creation({.email = "a@example.com", .username = "ann", .password = "Secret-1"}), "");
}

TEST_F(DatabaseConnection, an_address_must_look_like_one) {
  for (auto good : {"a@b.co", "first.last+tag@sub.example.com"}) EXPECT_TRUE(check_email(good)) << good;
  for (auto bad : {"", "a", "@b.co", "a@", "a@b", "a b@c.de", "a@b.co.", "a@.b.co", "a@@b.co", "<a>@b.co"})
    EXPECT_FALSE(check_email(bad)) << bad;
  EXPECT_FALSE(check_email(std::string(65, 'a') + "@example.com"));
}

TEST_F(DatabaseConnection, an_earlier_password_may_not_come_back) {
  connection.options["password_history"] = json::Object{{"enable", true}, {"size", 2}};
  store();
  users.stored->earlier_hashes = {"hash:Older-12", "hash:Oldest-1"};
  const auto change = [&](std::string password) {
    return run_sync(database.change_password({1}, connection, users.stored->user, password, start));
  };
  EXPECT_EQ(change("Secret-1").error().code, "PasswordHistoryError");
  EXPECT_EQ(change("Older-12").error().code, "PasswordHistoryError");
  const auto accepted = change("Oldest-1");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(find<ports::SetPassword>(accepted->writes)->history, 1);
  EXPECT_EQ(change("weak").error().code, "PasswordStrengthError");
}

TEST_F(DatabaseConnection, a_verification_link_verifies_the_address_once_it_was_sent_to) {
  store();
  const auto issued = database.verification_ticket(scene, connection, users.stored->user, {});
  EXPECT_TRUE(issued.url.starts_with("https://acme.test/u/email-verification?ticket="));
  const auto text = store_ticket(issued);
  const auto ticket = run_sync(database.find_ticket({1}, text, "verify_email", start));
  ASSERT_TRUE(ticket);
  const auto change = run_sync(database.redeem_verification(scene, *ticket));
  ASSERT_TRUE(change);
  EXPECT_TRUE(change->user.email_verified());
  EXPECT_TRUE(find<ports::ConsumeTicket>(change->writes));
  EXPECT_EQ(find<ports::AppendLog>(change->writes)->record.type, "sv");
  users.stored->user.profile["email"] = "other@example.com";
  EXPECT_EQ(run_sync(database.redeem_verification(scene, *ticket)).error().code, "invalid_ticket");
}

TEST_F(DatabaseConnection, a_ticket_is_found_by_its_whole_text_kind_and_time_only) {
  store();
  const auto text = store_ticket(database.verification_ticket(scene, connection, users.stored->user, {}));
  const auto refusal = [&](std::string value, std::string kind, TimePoint now) {
    auto found = run_sync(database.find_ticket({1}, value, kind, now));
    return found ? "" : found.error().code;
  };
  EXPECT_EQ(refusal(text, "verify_email", start), "");
  EXPECT_EQ(refusal(text, "change_password", start), "invalid_ticket");
  EXPECT_EQ(refusal(text, "verify_email", start + Seconds(432000)), "invalid_ticket");
  EXPECT_EQ(refusal("", "verify_email", start), "invalid_ticket");
  std::string forged = text;
  forged[20] = forged[20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refusal(forged, "verify_email", start), "invalid_ticket");
}

TEST_F(DatabaseConnection, a_reset_sets_the_password_and_ends_what_the_old_one_opened) {
  store();
  store_ticket(
      database.reset_ticket(scene, connection, users.stored->user, {.mark_email_as_verified = true}));
  EXPECT_EQ(run_sync(database.redeem_reset(scene, connection, *tickets.stored, "weak")).error().code,
            "PasswordStrengthError");
  const auto change = run_sync(database.redeem_reset(scene, connection, *tickets.stored, "Secret-2"));
  ASSERT_TRUE(change);
  EXPECT_EQ(find<ports::SetPassword>(change->writes)->password_hash, "hash:Secret-2");
  EXPECT_TRUE(change->user.email_verified());
  EXPECT_TRUE(find<ports::RemoveSessionsOf>(change->writes));
  EXPECT_TRUE(find<ports::RevokeRefreshTokensOf>(change->writes));
  EXPECT_EQ(find<ports::AppendLog>(change->writes)->record.type, "scp");
}

TEST_F(DatabaseConnection, a_reset_with_a_password_chosen_beforehand_takes_that_one) {
  store();
  store_ticket(database.reset_ticket(scene, connection, users.stored->user, {.new_password_hash = "hash:x"}));
  const auto change = run_sync(database.redeem_reset(scene, connection, *tickets.stored, ""));
  ASSERT_TRUE(change);
  EXPECT_EQ(find<ports::SetPassword>(change->writes)->password_hash, "hash:x");
}

TEST_F(DatabaseConnection, a_mail_job_holds_the_link_and_no_log_record_does) {
  store();
  domain::TenantSettings settings;
  settings.friendly_name = "Acme & Sons";
  const auto writes = database.send_reset(scene, settings, connection, users.stored->user, {});
  const auto* job = find<ports::InsertJob>(writes);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->kind, "mail");
  EXPECT_EQ(json::string_or(job->payload, "to"), "ada@example.com");
  EXPECT_EQ(json::string_or(job->payload, "template"), "reset_email");
  EXPECT_NE(json::string_or(job->payload, "text").find("/u/reset-verify?ticket="), std::string::npos);
  EXPECT_NE(json::string_or(job->payload, "html").find("Acme &amp; Sons"), std::string::npos);
  const auto mail =
      ports::mail_of({.id = job->id, .tenant = {1}, .kind = job->kind, .payload = job->payload});
  EXPECT_EQ(mail.about.user_id, users.stored->user.user_id);
  EXPECT_EQ(mail.about.connection, connection.name);
  const auto& record = find<ports::AppendLog>(writes)->record;
  EXPECT_EQ(record.type, "scpr");
  EXPECT_EQ(json::serialize(record.details).find("ticket="), std::string::npos);
}

TEST_F(DatabaseConnection, a_product_name_cannot_add_a_header_field) {
  const auto mail = render_mail("verify_email", {.to = "a@example.com",
                                                 .from = "f@example.com",
                                                 .url = "https://acme.test/",
                                                 .tenant_name = "acme",
                                                 .product = "Acme\r\nBcc: x@example.com",
                                                 .support_email = "",
                                                 .valid = Seconds(432000)});
  EXPECT_EQ(mail.subject.find_first_of("\r\n"), std::string::npos);
  EXPECT_NE(mail.text.find("5 days"), std::string::npos);
}

}  // namespace
}  // namespace durward::connections::database
