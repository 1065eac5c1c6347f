#include "adapters/configuration/loader.h"

#include <algorithm>

#include "domain/attack_protection.h"
#include "domain/entitlements.h"
#include "domain/flags.h"
#include "domain/notification.h"
#include "domain/script.h"

namespace durward::adapters {

using domain::TenantId;
using ports::Collection;
using ports::Document;

namespace {
constexpr int64_t page_size = 500;

// What was sealed must open again; otherwise the master key or the database is not the right one.
std::unexpected<Error> damaged(Collection collection, std::string_view what) {
  return fail(ErrorKind::internal, "configuration_damaged", "The configuration cannot be read.",
              std::string(to_string(collection)) + "." + std::string(what));
}

// Puts a secret where the document would have it, if the objects on the way are there.
void put_at(json::Object& body, std::string_view path, std::string value) {
  json::Object* at = &body;
  for (size_t dot; (dot = path.find('.')) != std::string_view::npos; path.remove_prefix(dot + 1)) {
    json::Value* next = at->if_contains(path.substr(0, dot));
    if (!next || !next->is_object()) return;
    at = &next->get_object();
  }
  (*at)[path] = std::move(value);
}

std::string secret_or_empty(const std::map<std::string, std::string>& secrets, const char* path) {
  const auto it = secrets.find(path);
  return it == secrets.end() ? std::string() : it->second;
}

std::optional<TimePoint> time_at(const json::Object& body, std::string_view key) {
  const auto text = json::string(body, key);
  return text ? parse_iso8601(*text) : std::nullopt;
}

domain::SigningKey signing_key(const json::Object& body, crypto::PrivateKey key) {
  return {.kid = json::string_or(body, "kid"),
          .kty = json::string_or(body, "kty"),
          .status = json::string_or(body, "status"),
          .cert_pem = json::string_or(body, "cert"),
          .pkcs7_pem = json::string_or(body, "pkcs7"),
          .fingerprint = json::string_or(body, "fingerprint"),
          .thumbprint = json::string_or(body, "thumbprint"),
          .key = std::move(key),
          .created_at = time_at(body, "created_at").value_or(TimePoint()),
          .current_since = time_at(body, "current_since"),
          .current_until = time_at(body, "current_until"),
          .revoked_at = time_at(body, "revoked_at")};
}
}  // namespace

Async<ConfigurationLoader::Opened> ConfigurationLoader::open(TenantId tenant, Collection collection,
                                                             Document document) {
  Opened out{.body = std::move(document.body)};
  json::Object sealed;
  if (const auto* found = json::object(out.body, "_sealed")) sealed = *found;
  out.body.stable_erase("_sealed");
  for (const auto& member : sealed) {
    if (!member.value().is_string()) continue;
    const std::string path(member.key());
    auto plain = co_await vault_.open(tenant, std::string(to_string(collection)) + "." + path,
                                      std::string(json::view(member.value().get_string())));
    if (!plain && plain.error().kind == ErrorKind::unavailable) co_return std::unexpected(plain.error());
    if (!plain) co_return damaged(collection, path);
    out.secrets[path] = *std::move(plain);
  }
  co_return out;
}

Async<json::Object> ConfigurationLoader::opened_body(TenantId tenant, Collection collection,
                                                     Document document) {
  CO_TRY(auto opened, co_await open(tenant, collection, std::move(document)));
  for (const auto& [path, secret] : opened.secrets) put_at(opened.body, path, secret);
  co_return std::move(opened.body);
}

Async<json::Object> ConfigurationLoader::body_of(TenantId tenant, Collection collection, std::string id) {
  CO_TRY(auto found, co_await documents_.find(tenant, collection, std::move(id)));
  if (!found) co_return json::Object();
  CO_TRY(auto opened, co_await open(tenant, collection, *std::move(found)));
  co_return std::move(opened.body);
}

Async<std::vector<Document>> ConfigurationLoader::all(TenantId tenant, Collection collection, std::string key,
                                                      std::string value) {
  std::vector<Document> out;
  ports::DocumentQuery query{.limit = page_size};
  if (!key.empty()) query.equals.emplace_back(std::move(key), std::move(value));
  do {
    CO_TRY(auto page, co_await documents_.list(tenant, collection, query));
    std::move(page.items.begin(), page.items.end(), std::back_inserter(out));
    query.after = page.next;
  } while (query.after);
  co_return out;
}

Async<ConfigurationLoader::Ptr<domain::Tenant>> ConfigurationLoader::tenant_by_name(std::string name) {
  CO_TRY(auto found, co_await tenants_.find_by_name(std::move(name)));
  co_return found ? std::make_shared<const domain::Tenant>(*std::move(found)) : nullptr;
}

Async<ConfigurationLoader::Ptr<domain::Tenant>> ConfigurationLoader::only_tenant() {
  CO_TRY(auto found, co_await tenants_.list("", 2));
  co_return found.size() == 1 ? std::make_shared<const domain::Tenant>(std::move(found[0])) : nullptr;
}

Async<ConfigurationLoader::Ptr<domain::TenantSettings>> ConfigurationLoader::settings(TenantId tenant) {
  CO_TRY(auto settings, co_await body_of(tenant, Collection::settings, "settings"));
  CO_TRY(const auto prompts, co_await body_of(tenant, Collection::prompts, "prompts"));
  co_return std::make_shared<const domain::TenantSettings>(
      domain::TenantSettings::from_json(std::move(settings), prompts));
}

Async<ConfigurationLoader::Ptr<domain::Branding>> ConfigurationLoader::branding(TenantId tenant) {
  CO_TRY(const auto body, co_await body_of(tenant, Collection::branding, "branding"));
  co_return std::make_shared<const domain::Branding>(domain::Branding::from_json(body));
}

Async<ConfigurationLoader::Ptr<domain::Client>> ConfigurationLoader::client(TenantId tenant,
                                                                            std::string client_id) {
  CO_TRY(auto found, co_await documents_.find(tenant, Collection::clients, std::move(client_id)));
  if (!found) co_return nullptr;
  const std::string id = found->id;
  CO_TRY(auto opened, co_await open(tenant, Collection::clients, *std::move(found)));
  opened.body.emplace("client_id", id);
  auto secret = secret_or_empty(opened.secrets, "client_secret");
  co_return std::make_shared<const domain::Client>(
      domain::Client::from_json(std::move(opened.body), std::move(secret)));
}

Async<ConfigurationLoader::Ptr<domain::ResourceServer>> ConfigurationLoader::resource_server(
    TenantId tenant, std::string identifier) {
  CO_TRY(auto found, co_await documents_.find_by(tenant, Collection::resource_servers, "identifier",
                                                 std::move(identifier)));
  if (!found) co_return nullptr;
  const std::string id = found->id;
  CO_TRY(auto opened, co_await open(tenant, Collection::resource_servers, *std::move(found)));
  opened.body.emplace("id", id);
  auto secret = secret_or_empty(opened.secrets, "signing_secret");
  co_return std::make_shared<const domain::ResourceServer>(
      domain::ResourceServer::from_json(std::move(opened.body), std::move(secret)));
}

Async<ConfigurationLoader::Ptr<domain::ClientGrant>> ConfigurationLoader::client_grant(
    TenantId tenant, std::string client_id, std::string audience, std::string subject_type) {
  CO_TRY(auto found, co_await documents_.find_by(tenant, Collection::client_grants, "grant",
                                                 client_id + "\n" + audience + "\n" + subject_type));
  if (!found) co_return nullptr;
  found->body.emplace("id", found->id);
  co_return std::make_shared<const domain::ClientGrant>(
      domain::ClientGrant::from_json(std::move(found->body)));
}

// What database scripts read as `configuration`. A value without the prefix was never sealed.
Async<> ConfigurationLoader::open_configuration(TenantId tenant, json::Object& options) {
  auto* configuration = options.if_contains("configuration");
  if (!configuration || !configuration->is_object()) co_return Result<>();
  for (auto& member : configuration->get_object()) {
    if (!member.value().is_string()) continue;
    const std::string_view text = json::view(member.value().get_string());
    if (!text.starts_with(domain::sealed_configuration_prefix)) continue;
    auto plain = co_await vault_.open(tenant, std::string(domain::sealed_configuration_purpose),
                                      std::string(text.substr(domain::sealed_configuration_prefix.size())));
    if (!plain && plain.error().kind == ErrorKind::unavailable) co_return std::unexpected(plain.error());
    if (!plain) co_return damaged(Collection::connections, "options.configuration");
    member.value() = *std::move(plain);
  }
  co_return Result<>();
}

Async<domain::Connection> ConfigurationLoader::connection_of(TenantId tenant, Document document) {
  const std::string id = document.id;
  CO_TRY(auto opened, co_await open(tenant, Collection::connections, std::move(document)));
  opened.body.emplace("id", id);
  // The document handed out stays without secrets; code that talks to the provider reads `options`.
  auto connection = domain::Connection::from_json(std::move(opened.body));
  for (auto& [path, secret] : opened.secrets)
    if (path.starts_with("options.")) put_at(connection.options, path.substr(8), secret);
  CO_ENSURE(co_await open_configuration(tenant, connection.options));
  co_return connection;
}

Async<ConfigurationLoader::Ptr<domain::Connection>> ConfigurationLoader::connection_by_name(
    TenantId tenant, std::string name) {
  CO_TRY(auto found, co_await documents_.find_by(tenant, Collection::connections, "name", std::move(name)));
  if (!found) co_return nullptr;
  CO_TRY(auto connection, co_await connection_of(tenant, *std::move(found)));
  co_return std::make_shared<const domain::Connection>(std::move(connection));
}

Async<ConfigurationLoader::Ptr<std::vector<domain::Connection>>> ConfigurationLoader::connections_of(
    TenantId tenant, std::string client_id) {
  CO_TRY(const auto client_of, co_await client(tenant, client_id));
  CO_TRY(auto documents, co_await all(tenant, Collection::connections, "client", client_id));
  if (client_of && !client_of->is_first_party) {
    CO_TRY(auto shared, co_await all(tenant, Collection::connections, "domain_connection", "true"));
    for (auto& document : shared)
      if (std::ranges::find(documents, document.id, &Document::id) == documents.end())
        documents.push_back(std::move(document));
  }
  auto out = std::make_shared<std::vector<domain::Connection>>();
  for (auto& document : documents) {
    CO_TRY(auto connection, co_await connection_of(tenant, std::move(document)));
    out->push_back(std::move(connection));
  }
  co_return Ptr<std::vector<domain::Connection>>(std::move(out));
}

Async<ConfigurationLoader::Ptr<domain::KeySet>> ConfigurationLoader::keys(TenantId tenant) {
  CO_TRY(auto documents, co_await all(tenant, Collection::signing_keys, "", ""));
  auto set = std::make_shared<domain::KeySet>();
  for (auto& document : documents) {
    const std::string kid = document.id;
    CO_TRY(auto opened, co_await open(tenant, Collection::signing_keys, std::move(document)));
    auto key = crypto::PrivateKey::from_pem(secret_or_empty(opened.secrets, "private_key"));
    if (!key) co_return damaged(Collection::signing_keys, "private_key");
    opened.body.emplace("kid", kid);
    set->keys.push_back(signing_key(opened.body, *std::move(key)));
  }
  co_return Ptr<domain::KeySet>(std::move(set));
}

Async<ConfigurationLoader::Ptr<domain::AttackProtection>> ConfigurationLoader::attack_protection(
    TenantId tenant) {
  CO_TRY(auto documents, co_await all(tenant, Collection::attack_protection, "", ""));
  std::map<std::string, json::Object> bodies;
  for (auto& document : documents) {
    const std::string id = document.id;
    // Bot detection asks captcha providers with what the tenant entered.
    CO_TRY(bodies[id], co_await opened_body(tenant, Collection::attack_protection, std::move(document)));
  }
  co_return std::make_shared<const domain::AttackProtection>(
      domain::AttackProtection::from_documents(std::move(bodies)));
}

Async<ConfigurationLoader::Ptr<domain::Entitlements>> ConfigurationLoader::entitlements(TenantId tenant) {
  CO_TRY(auto body, co_await body_of(tenant, Collection::entitlements, "entitlements"));
  co_return std::make_shared<const domain::Entitlements>(domain::Entitlements::from_json(std::move(body)));
}

Async<ConfigurationLoader::Ptr<domain::FlagRules>> ConfigurationLoader::flags(TenantId tenant) {
  CO_TRY(const auto documents, co_await all(tenant, Collection::flags, "", ""));
  domain::FlagRules rules;
  for (const auto& document : documents) rules.add(document.id, document.body);
  co_return std::make_shared<const domain::FlagRules>(std::move(rules));
}

// A tenant has at most one of each.
Async<ConfigurationLoader::Ptr<domain::NotificationProviders>> ConfigurationLoader::notification_providers(
    TenantId tenant) {
  domain::NotificationProviders out;
  CO_TRY(auto mails, co_await all(tenant, Collection::email_providers, "", ""));
  for (auto& document : mails) {
    CO_TRY(const auto body, co_await opened_body(tenant, Collection::email_providers, std::move(document)));
    out.mail = domain::MailProvider::from_json(body);
  }
  CO_TRY(auto phones, co_await all(tenant, Collection::phone_providers, "", ""));
  for (auto& document : phones) {
    CO_TRY(const auto body, co_await opened_body(tenant, Collection::phone_providers, std::move(document)));
    out.phone = domain::PhoneProvider::from_json(body);
  }
  co_return std::make_shared<const domain::NotificationProviders>(std::move(out));
}

Async<ConfigurationLoader::Ptr<std::vector<domain::EventStream>>> ConfigurationLoader::event_streams(
    TenantId tenant) {
  CO_TRY(auto documents, co_await all(tenant, Collection::event_streams, "", ""));
  auto out = std::make_shared<std::vector<domain::EventStream>>();
  for (auto& document : documents) {
    CO_TRY(const auto opened, co_await open(tenant, Collection::event_streams, std::move(document)));
    json::Object secrets;
    for (const auto& [path, secret] : opened.secrets) secrets[path.substr(path.rfind('.') + 1)] = secret;
    out->push_back(domain::EventStream::from_json(opened.body, secrets));
  }
  co_return Ptr<std::vector<domain::EventStream>>(std::move(out));
}

}  // namespace durward::adapters
