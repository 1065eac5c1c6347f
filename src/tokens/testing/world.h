#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "endpoint/endpoint.h"
#include "ports/services.h"
#include "ports/testing/small_doors.h"
#include "standards/jose/jws.h"

// A small world in memory for the tests of what stands on ports: every port as a map, reads and commits
// counted. What a test does not need is not imitated; the adapters have their own contract suites.
namespace durward::testing {

inline constexpr TimePoint start = TimePoint(Milliseconds(1'700'000'000'000));

struct FakeConfiguration : UnchangedConfiguration {
  using Id = domain::TenantId;
  std::map<std::pair<int64_t, std::string>, Ptr<domain::Client>> clients;
  std::map<std::pair<int64_t, std::string>, Ptr<domain::ResourceServer>> apis;
  std::map<std::string, Ptr<domain::ClientGrant>> grants;  // client|audience|subject type
  std::vector<domain::Connection> connections;
  std::map<int64_t, Ptr<domain::KeySet>> key_sets;
  std::shared_ptr<domain::TenantSettings> tenant_settings = std::make_shared<domain::TenantSettings>();

  template <class Map, class Key>
  static auto at(const Map& map, const Key& key) {
    auto it = map.find(key);
    return it == map.end() ? typename Map::mapped_type() : it->second;
  }
  Async<Ptr<domain::Tenant>> tenant_by_name(std::string) override { co_return nullptr; }
  Async<Ptr<domain::Tenant>> only_tenant() override { co_return nullptr; }
  Async<Ptr<domain::TenantSettings>> settings(Id) override { co_return tenant_settings; }
  Async<Ptr<domain::Branding>> branding(Id) override { co_return std::make_shared<domain::Branding>(); }
  Async<Ptr<domain::Client>> client(Id tenant, std::string id) override {
    co_return at(clients, std::pair(tenant.value, id));
  }
  Async<Ptr<domain::ResourceServer>> resource_server(Id tenant, std::string identifier) override {
    co_return at(apis, std::pair(tenant.value, identifier));
  }
  Async<Ptr<domain::ClientGrant>> client_grant(Id, std::string client, std::string audience,
                                               std::string subject) override {
    co_return at(grants, client + "|" + audience + "|" + subject);
  }
  Async<Ptr<domain::Connection>> connection_by_name(Id, std::string name) override {
    for (const auto& c : connections)
      if (c.name == name) co_return std::make_shared<domain::Connection>(c);
    co_return nullptr;
  }
  Async<Ptr<std::vector<domain::Connection>>> connections_of(Id, std::string client) override {
    auto out = std::make_shared<std::vector<domain::Connection>>();
    for (const auto& c : connections)
      if (c.is_enabled_for(client)) out->push_back(c);
    co_return out;
  }
  Async<Ptr<domain::KeySet>> keys(Id tenant) override { co_return at(key_sets, tenant.value); }
};

struct FakeVault : ports::Vault {
  explicit FakeVault(Random& r) : random(r) {}
  Random& random;
  std::string key = std::string(32, 'k');
  std::string new_tenant_key() override { return "key"; }
  Async<std::string> seal(domain::TenantId, std::string purpose, std::string text) override {
    co_return seal_local(purpose, text);
  }
  Async<std::string> open(domain::TenantId, std::string purpose, std::string sealed) override {
    co_return open_local(purpose, sealed);
  }
  std::string seal_local(std::string_view purpose, std::string_view text) override {
    return to_base64url(crypto::seal(key, text, purpose, random));
  }
  Result<std::string> open_local(std::string_view purpose, std::string_view sealed) override {
    auto bytes = from_base64url(sealed);
    if (!bytes) return fail(ErrorKind::invalid, "unsealable");
    return crypto::open(key, *bytes, purpose);
  }
};

struct FakeHasher : ports::Hasher {
  Async<std::string> hash(ports::HashOwner, std::string password) override { co_return "hash:" + password; }
  Async<bool> verify(ports::HashOwner, std::string password, std::string hash) override {
    co_return hash == "hash:" + password;
  }
  std::string dummy_hash() const override { return "dummy"; }
  bool needs_rehash(domain::PasswordScheme, std::string_view) const override { return false; }
};

// Everything stored, for one tenant.
struct State {
  std::map<std::string, ports::UserWithPassword> users;
  std::map<std::string, std::vector<ports::SourcedPermission>> permissions;  // by user
  std::map<int64_t, domain::Session> sessions;
  std::map<int64_t, domain::AuthorizationCode> codes;
  std::map<int64_t, domain::RefreshToken> refresh_tokens;
  std::map<int64_t, domain::Ticket> tickets;
  std::map<int64_t, domain::LogRecord> log;
  std::vector<domain::Grant> grants;
  std::map<int64_t, bool> revoked_grants;
  std::vector<ports::InsertJob> jobs;
  ListedBlocks blocks;
  int reads = 0, commits = 0;

  template <class Map>
  std::optional<typename Map::mapped_type> read(const Map& map, const typename Map::key_type& key) {
    ++reads;
    auto it = map.find(key);
    if (it == map.end()) return std::nullopt;
    return it->second;
  }
  const domain::LogRecord& last_log() const { return log.rbegin()->second; }
};

using Id = domain::TenantId;

struct FakeUsers : ports::Users {
  explicit FakeUsers(State& s) : state(s) {}
  State& state;
  Async<std::optional<domain::User>> find(Id, std::string id) override {
    auto found = state.read(state.users, id);
    if (!found) co_return std::nullopt;
    co_return found->user;
  }
  Async<std::optional<ports::UserWithPassword>> find_with_password(Id, std::string id) override {
    co_return state.read(state.users, id);
  }
  Async<std::optional<ports::UserWithPassword>> find_by_identifier(Id, std::string connection,
                                                                   std::string value) override {
    ++state.reads;
    for (const auto& [id, found] : state.users)
      for (const auto& identity : found.user.identities)
        for (const auto& identifier : domain::identifiers_of(found.user, identity))
          if (identifier.connection == connection && identifier.value == value) co_return found;
    co_return std::nullopt;
  }
  Async<std::vector<domain::User>> find_by_email(Id, std::string) override {
    co_return std::vector<domain::User>();
  }
  Async<ports::UserPage> list(Id, ports::UserQuery) override { co_return ports::UserPage(); }
};

struct FakeAssignments : ports::Assignments {
  explicit FakeAssignments(State& s) : state(s) {}
  State& state;
  Async<std::vector<std::string>> roles_of(Id, std::string) override { co_return std::vector<std::string>(); }
  Async<ports::UserPage> users_of_role(Id, std::string, ports::UserQuery) override {
    co_return ports::UserPage();
  }
  Async<std::vector<ports::Permission>> permissions_of_role(Id, std::string) override {
    co_return std::vector<ports::Permission>();
  }
  Async<std::vector<ports::SourcedPermission>> permissions_of(Id, std::string user,
                                                              std::string audience) override {
    ++state.reads;
    auto all = state.permissions[user];
    std::erase_if(all, [&](const auto& p) { return p.permission.resource_server_identifier != audience; });
    co_return all;
  }
};

// The readers whose find(tenant, id) differ in what they return only.
template <class Port, class T, std::map<int64_t, T> State::* records>
struct Reader : Port {
  explicit Reader(State& s) : state(s) {}
  State& state;
  Async<std::optional<T>> find(Id, int64_t id) override { co_return state.read(state.*records, id); }
};
struct FakeSessions : Reader<ports::Sessions, domain::Session, &State::sessions> {
  using Reader::Reader;
  Async<ports::TokenPage<domain::Session>> list_of_user(Id, std::string, std::optional<std::string>,
                                                        int64_t) override {
    co_return ports::TokenPage<domain::Session>();
  }
};
using FakeCodes = Reader<ports::Codes, domain::AuthorizationCode, &State::codes>;
using FakeTickets = Reader<ports::Tickets, domain::Ticket, &State::tickets>;
struct FakeRefreshTokens : Reader<ports::RefreshTokens, domain::RefreshToken, &State::refresh_tokens> {
  using Reader::Reader;
  Async<ports::TokenPage<domain::RefreshToken>> list_of_user(Id, std::string, std::optional<std::string>,
                                                             int64_t) override {
    co_return ports::TokenPage<domain::RefreshToken>();
  }
  Async<bool> is_grant_revoked(Id, int64_t id) override {
    ++state.reads;
    co_return state.revoked_grants.contains(id);
  }
};
struct FakeLogs : Reader<ports::Logs, domain::LogRecord, &State::log> {
  using Reader::Reader;
  Async<std::vector<domain::LogRecord>> list(Id, ports::LogQuery) override {
    co_return std::vector<domain::LogRecord>();
  }
};

struct FakeGrants : ports::Grants {
  explicit FakeGrants(State& s) : state(s) {}
  State& state;
  Async<std::optional<domain::Grant>> find(Id, std::string user, std::string client,
                                           std::string audience) override {
    ++state.reads;
    for (const auto& g : state.grants)
      if (g.user_id == user && g.client_id == client && g.audience == audience) co_return g;
    co_return std::nullopt;
  }
  Async<ports::GrantPage> list(Id, ports::GrantQuery) override { co_return ports::GrantPage(); }
};

struct FakeDocuments : ports::Documents {
  std::string system_api;  // identifier
  Async<std::optional<ports::Document>> find(Id, ports::Collection, std::string) override {
    co_return std::nullopt;
  }
  Async<std::optional<ports::Document>> find_by(Id, ports::Collection, std::string, std::string) override {
    if (system_api.empty()) co_return std::nullopt;
    co_return ports::Document{.id = "api", .body = {{"identifier", system_api}}};
  }
  Async<ports::DocumentPage> list(Id, ports::Collection, ports::DocumentQuery) override {
    co_return ports::DocumentPage();
  }
};

struct FakeTenants : ports::Tenants {
  Async<domain::Tenant> create(std::string, std::string, TimePoint) override { co_return domain::Tenant(); }
  Async<std::optional<domain::Tenant>> find_by_name(std::string) override { co_return std::nullopt; }
  Async<std::optional<domain::Tenant>> find(Id) override { co_return std::nullopt; }
  Async<std::vector<domain::Tenant>> list(std::string, int64_t) override {
    co_return std::vector<domain::Tenant>();
  }
  Async<int64_t> count() override { co_return 1; }
  Async<std::string> sealed_key(Id) override { co_return "key"; }
  Async<int64_t> configuration_version(Id) override { co_return 1; }
  Async<> remove(Id) override { co_return Result<>(); }
};

// Applies the writes that the tests look at; the others are accepted without effect.
struct FakeCommitter : ports::Committer {
  explicit FakeCommitter(State& s) : state(s) {}
  State& state;
  std::function<void()> before_commit;  // lets another request win a race, once

  Async<> commit(Id, ports::Writes writes) override {
    if (auto hook = std::exchange(before_commit, nullptr)) hook();
    ++state.commits;
    for (const auto& write : writes)
      if (auto held = std::visit([this](const auto& w) { return check(w); }, write); !held) co_return held;
    for (const auto& write : writes) std::visit([this](const auto& w) { apply(w); }, write);
    co_return Result<>();
  }

 private:
  static Result<> gone() { return fail(ErrorKind::not_found, "not_found"); }
  static Result<> clash(std::string code) { return fail(ErrorKind::conflict, std::move(code)); }
  Result<> check(const auto&) { return {}; }
  Result<> check(const ports::ConsumeCode& w) {
    auto it = state.codes.find(w.id);
    if (it == state.codes.end()) return gone();
    return it->second.consumed_at ? clash("code_consumed") : Result<>();
  }
  Result<> check(const ports::RotateRefreshToken& w) {
    auto it = state.refresh_tokens.find(w.id);
    if (it == state.refresh_tokens.end()) return gone();
    return it->second.rotated_at ? clash("token_rotated") : Result<>();
  }
  Result<> check(const ports::InsertUser& w) {
    for (const auto& [id, stored] : state.users) {
      if (id == w.user.user_id || stored.user.email() == w.user.email()) return clash("user_exists");
      const auto name = json::string(w.user.profile, "username");
      if (name && name == json::string(stored.user.profile, "username"))
        return fail(ErrorKind::conflict, "user_exists", "The user already exists.", "username");
    }
    return {};
  }
  void apply(const auto&) {}
  void apply(const ports::InsertUser& w) { state.users[w.user.user_id] = {w.user, w.password_hash, {}}; }
  void apply(const ports::ReplaceUser& w) {
    auto& stored = state.users[w.user.user_id].user;
    stored = w.user;
    ++stored.version;
  }
  void apply(const ports::RecordLogin& w) { state.users[w.user_id].user.logins_count++; }
  void apply(const ports::InsertSession& w) { state.sessions[w.session.id] = w.session; }
  void apply(const ports::ReplaceSession& w) { state.sessions[w.session.id] = w.session; }
  void apply(const ports::RemoveSession& w) { state.sessions.erase(w.id); }
  void apply(const ports::InsertCode& w) { state.codes[w.code.id] = w.code; }
  void apply(const ports::ConsumeCode& w) { state.codes[w.id].consumed_at = w.at; }
  void apply(const ports::InsertRefreshToken& w) { state.refresh_tokens[w.token.id] = w.token; }
  void apply(const ports::RotateRefreshToken& w) { state.refresh_tokens[w.id].rotated_at = w.at; }
  void apply(const ports::TouchRefreshToken& w) {
    state.refresh_tokens[w.id].last_used_at = w.at;
    state.refresh_tokens[w.id].idle_expires_at = w.idle_expires_at;
    if (w.expires_at) state.refresh_tokens[w.id].expires_at = w.expires_at;
    if (w.noted) state.refresh_tokens[w.id].authorization.extra = w.noted->authorization.extra;
  }
  void apply(const ports::RevokeFamily& w) {
    std::erase_if(state.refresh_tokens, [&](const auto& item) { return item.second.family == w.family; });
  }
  void apply(const ports::RevokeGrant& w) { state.revoked_grants[w.grant_id] = true; }
  void apply(const ports::PutGrant& w) { state.grants.push_back(w.grant); }
  void apply(const ports::PutBlock& w) { state.blocks.apply(w); }
  void apply(const ports::RemoveBlocks& w) { state.blocks.apply(w); }
  void apply(const ports::InsertTicket& w) { state.tickets[w.ticket.id] = w.ticket; }
  void apply(const ports::ConsumeTicket& w) { state.tickets.erase(w.id); }
  void apply(const ports::AppendLog& w) { state.log[w.record.id] = w.record; }
  void apply(const ports::InsertJob& w) { state.jobs.push_back(w); }
};

// One tenant, "acme" at https://acme.test/, with an RSA and an EC key.
struct World {
  FixedClock clock{start};
  SeededRandom random{7};
  Sequence sequence{clock, random};
  metrics::Registry metrics;
  State state;
  FakeConfiguration configuration;
  FakeTenants tenants;
  FakeDocuments documents;
  FakeUsers users{state};
  FakeAssignments assignments{state};
  FakeSessions sessions{state};
  FakeCodes codes{state};
  FakeRefreshTokens refresh_tokens{state};
  FakeGrants grants{state};
  FakeTickets tickets{state};
  FakeLogs logs{state};
  FakeCommitter committer{state};
  FakeVault vault{random};
  FakeHasher hasher;
  MapLimiter limiter;
  MapCache cache;
  ListedPasswords breached;
  TableFlags flags;
  PlayedScripts scripts;
  PlayedModules modules;
  ListedExecutions executions;
  ListedDeliveries deliveries;
  ports::Services services{clock,   random,      sequence,  configuration, tenants,        documents,
                           users,   assignments, sessions,  codes,         refresh_tokens, grants,
                           tickets, logs,        committer, vault,         hasher,         metrics,
                           limiter, cache,       breached,  flags,         state.blocks,   scripts,
                           modules, executions,  deliveries};

  World() { add_keys(1); }

  static domain::SigningKey signing_key(std::string kid, std::string kty) {
    auto key = kty == "RSA" ? crypto::PrivateKey::generate_rsa() : crypto::PrivateKey::generate_ec_p256();
    return {.kid = std::move(kid), .kty = std::move(kty), .status = "current", .key = std::move(*key)};
  }
  void add_keys(int64_t tenant) {
    // Made once: generating RSA keys would dominate every test.
    static const auto acme = std::make_shared<const domain::KeySet>(
        domain::KeySet{{signing_key("rsa-acme", "RSA"), signing_key("ec-acme", "EC")}});
    static const auto other = std::make_shared<const domain::KeySet>(
        domain::KeySet{{signing_key("rsa-other", "RSA"), signing_key("ec-other", "EC")}});
    configuration.key_sets[tenant] = tenant == 1 ? acme : other;
  }

  domain::TenantId tenant_id{1};
  endpoint::RequestContext context(int64_t tenant = 1) const {
    const std::string host = tenant == 1 ? "acme.test" : "other.test";
    auto found = std::make_shared<domain::Tenant>();
    found->id = {tenant};
    found->name = tenant == 1 ? "acme" : "other";
    return {found, host, "https://" + host + "/", "192.0.2.1", "test", "req", clock.now(), host};
  }

  std::shared_ptr<domain::Client> add_client(std::string id, std::string secret, std::string app_type,
                                             std::vector<std::string> grant_types, json::Object more = {}) {
    more["client_id"] = id;
    more["name"] = id;
    more["app_type"] = app_type;
    more["grant_types"] = json::array_of(grant_types);
    auto client =
        std::make_shared<domain::Client>(domain::Client::from_json(std::move(more), std::move(secret)));
    configuration.clients[{1, id}] = client;
    return client;
  }
  std::shared_ptr<domain::ResourceServer> add_api(std::string identifier, std::vector<std::string> scopes,
                                                  json::Object more = {}, std::string secret = {}) {
    more["identifier"] = identifier;
    json::Array list;
    for (const auto& scope : scopes) list.push_back(json::Object{{"value", scope}});
    more["scopes"] = std::move(list);
    auto api = std::make_shared<domain::ResourceServer>(
        domain::ResourceServer::from_json(std::move(more), std::move(secret)));
    configuration.apis[{1, identifier}] = api;
    return api;
  }
  void add_client_grant(std::string client, std::string audience, std::vector<std::string> scope,
                        std::string subject_type = "client") {
    auto grant = std::make_shared<domain::ClientGrant>();
    grant->client_id = client;
    grant->audience = audience;
    grant->scope = std::move(scope);
    configuration.grants[client + "|" + audience + "|" + subject_type] = grant;
  }
  domain::Connection& add_connection(std::string name, std::vector<std::string> clients,
                                     json::Object options = {}) {
    configuration.connections.push_back(
        domain::Connection::from_json({{"id", "con_" + name},
                                       {"name", name},
                                       {"strategy", "auth0"},
                                       {"enabled_clients", json::array_of(clients)},
                                       {"options", std::move(options)}}));
    return configuration.connections.back();
  }
  domain::User& add_user(std::string id, std::string email, std::string password = {},
                         std::string connection = "db") {
    domain::User user;
    user.user_id = "auth0|" + id;
    user.profile = {{"email", email}, {"email_verified", true}, {"name", "Ada"}, {"nickname", "ada"}};
    user.identities.push_back({.connection = connection, .provider = "auth0", .user_id = id});
    user.created_at = user.updated_at = start;
    state.users[user.user_id] = {user, password.empty() ? "" : "hash:" + password, {}};
    return state.users[user.user_id].user;
  }
};

inline json::Object payload_of(std::string_view jwt) {
  auto decoded = jose::decode_unverified(jwt);
  return decoded ? decoded->payload : json::Object();
}

}  // namespace durward::testing
