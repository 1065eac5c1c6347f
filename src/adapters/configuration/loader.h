#pragma once
#include <map>

#include "domain/event_stream.h"
#include "domain/script.h"
#include "ports/configuration.h"
#include "ports/storage/documents.h"
#include "ports/storage/tenants.h"
#include "ports/vault.h"

namespace durward::adapters {

// Reads configuration values from documents and opens their sealed parts. A null pointer: there is none.
class ConfigurationLoader {
 public:
  template <class T>
  using Ptr = ports::Configuration::Ptr<T>;

  ConfigurationLoader(ports::Tenants& tenants, ports::Documents& documents, ports::Vault& vault)
      : tenants_(tenants), documents_(documents), vault_(vault) {}

  Async<Ptr<domain::Tenant>> tenant_by_name(std::string name);
  Async<Ptr<domain::Tenant>> only_tenant();
  Async<Ptr<domain::TenantSettings>> settings(domain::TenantId tenant);
  Async<Ptr<domain::Branding>> branding(domain::TenantId tenant);
  Async<Ptr<domain::Client>> client(domain::TenantId tenant, std::string client_id);
  Async<Ptr<domain::ResourceServer>> resource_server(domain::TenantId tenant, std::string identifier);
  Async<Ptr<domain::ClientGrant>> client_grant(domain::TenantId tenant, std::string client_id,
                                               std::string audience, std::string subject_type);
  Async<Ptr<domain::Connection>> connection_by_name(domain::TenantId tenant, std::string name);
  Async<Ptr<std::vector<domain::Connection>>> connections_of(domain::TenantId tenant, std::string client_id);
  Async<Ptr<domain::KeySet>> keys(domain::TenantId tenant);
  Async<Ptr<domain::AttackProtection>> attack_protection(domain::TenantId tenant);
  Async<Ptr<domain::Entitlements>> entitlements(domain::TenantId tenant);
  Async<Ptr<domain::FlagRules>> flags(domain::TenantId tenant);
  Async<Ptr<domain::TenantScripts>> scripts(domain::TenantId tenant);
  Async<Ptr<domain::NotificationProviders>> notification_providers(domain::TenantId tenant);
  Async<Ptr<std::vector<domain::EventStream>>> event_streams(domain::TenantId tenant);

 private:
  struct Opened {
    json::Object body;                           // without "_sealed"
    std::map<std::string, std::string> secrets;  // by path
  };
  Async<Opened> open(domain::TenantId tenant, ports::Collection collection, ports::Document document);
  // The code of a document with what it was deployed with: `code` names the member.
  using Bundles = std::map<std::string, std::shared_ptr<const std::string>>;  // by SHA-256
  Async<domain::ScriptPtr> script_of(domain::TenantId tenant, ports::Collection collection,
                                     ports::Document document, std::string code, Bundles& bundles);
  Async<> load_bundle(domain::TenantId tenant, std::string sha256, Bundles& bundles);
  Async<> load_actions(domain::TenantId tenant, domain::TenantScripts& out, Bundles& bundles);
  Async<> load_bindings(domain::TenantId tenant, domain::TenantScripts& out);
  Async<> load_token_exchange_profiles(domain::TenantId tenant, domain::TenantScripts& out);
  Async<> load_rules(domain::TenantId tenant, domain::TenantScripts& out, Bundles& bundles);
  Async<> load_hooks(domain::TenantId tenant, domain::TenantScripts& out, Bundles& bundles);
  Async<> open_configuration(domain::TenantId tenant, json::Object& options);
  Async<domain::Connection> connection_of(domain::TenantId tenant, ports::Document document);
  Async<std::vector<ports::Document>> all(domain::TenantId tenant, ports::Collection collection,
                                          std::string key, std::string value);
  // With its secrets where the API takes them.
  Async<json::Object> opened_body(domain::TenantId tenant, ports::Collection collection,
                                  ports::Document document);
  Async<json::Object> body_of(domain::TenantId tenant, ports::Collection collection, std::string id);

  ports::Tenants& tenants_;
  ports::Documents& documents_;
  ports::Vault& vault_;
};

}  // namespace durward::adapters
