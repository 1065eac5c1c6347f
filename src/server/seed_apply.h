#pragma once
#include <map>
#include <string>

#include "server/internal_api.h"
#include "server/seed.h"

namespace durward::server {

// One seed on its way into one tenant, in an order in which names are known before they are used. Each item
// goes through the management API, users through the import; an item whose name is taken changes the one that
// is there.
class SeedApplication {
 public:
  SeedApplication(ports::Services& services, const InternalApi& api, InternalApi::Place place, Seed seed)
      : services_(services), api_(api), place_(std::move(place)), seed_(std::move(seed)) {}

  // The object must outlive the task. Errors: those of the API, the message preceded by "FILE:LINE: ".
  Async<> run();

 private:
  // How items of a kind are told apart and addressed.
  struct Kind {
    std::string_view path, plural;
    std::string_view name;   // member that is the same in file and tenant
    std::string_view id;     // member of the id
    std::string_view fixed;  // members that cannot change, space separated
  };
  static const Kind clients_kind, apis_kind, roles_kind, connections_kind, actions_kind, modules_kind,
      rules_kind, hooks_kind, phones_kind, profiles_kind;
  using Ids = std::map<std::string, std::string, std::less<>>;  // name -> id

  Async<> settings();
  Async<> attack_protection();
  Async<> load(const Kind& kind, Ids& ids);
  Async<> put(const Kind& kind, Ids& ids, SeedItem item);
  Async<std::string> create(const Kind& kind, const SeedItem& item);
  Async<std::string> create_client_with_id(const SeedItem& item, std::string client_id);
  Async<> put_all(const Kind& kind, Ids& ids, std::vector<SeedItem> items);
  Async<> put_grants();
  Async<> put_roles();
  Async<> put_connections();
  Async<> put_users();
  // seed_scripts.cc
  Async<> put_scripts();
  Async<> put_action_modules();
  Async<> put_actions();
  Async<> put_triggers();
  Async<> put_hooks();
  Async<> put_token_exchange_profiles();
  Async<> put_hook_secrets(SeedItem item, std::string id, json::Object secrets);
  Async<> put_providers();
  Async<> put_email_provider();
  std::unexpected<Error> wrong_triggers() const;
  std::string user_connection() const;
  Async<> put_user(SeedItem item, std::string fallback);
  Async<json::Value> call(const SeedItem& item, http::Method method, std::string path, json::Value body);
  Result<ports::Writes> roles_of(const SeedItem& item, const std::string& user_id,
                                 const std::optional<json::Value>& roles) const;
  Result<> resolve_clients(SeedItem& item) const;

  ports::Services& services_;
  const InternalApi& api_;
  InternalApi::Place place_;
  Seed seed_;
  Ids clients_, apis_, roles_, connections_, actions_, modules_, rules_, hooks_, profiles_;
};

}  // namespace durward::server
