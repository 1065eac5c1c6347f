#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/task.h"
#include "domain/tenant.h"

namespace durward::ports {

// The collections of configuration documents. A new resource adds a row here, not a repository.
enum class Collection {
  clients,
  connections,
  resource_servers,
  client_grants,
  roles,
  settings,
  signing_keys,
  branding,
  prompts,
  scim_configurations,
  connection_keys,
  attack_protection,
  entitlements,
  flags,
  actions,
  action_versions,
  trigger_bindings,
  action_modules,
  action_module_versions,
  script_modules,
  rules,
  rules_configs,
  hooks,
  email_providers,
  phone_providers,
  token_exchange_profiles,
  event_streams
};
constexpr std::string_view collection_names[] = {"clients",
                                                 "connections",
                                                 "resource_servers",
                                                 "client_grants",
                                                 "roles",
                                                 "settings",
                                                 "signing_keys",
                                                 "branding",
                                                 "prompts",
                                                 "scim_configurations",
                                                 "connection_keys",
                                                 "attack_protection",
                                                 "entitlements",
                                                 "flags",
                                                 "actions",
                                                 "action_versions",
                                                 "trigger_bindings",
                                                 "action_modules",
                                                 "action_module_versions",
                                                 "script_modules",
                                                 "rules",
                                                 "rules_configs",
                                                 "hooks",
                                                 "email_providers",
                                                 "phone_providers",
                                                 "token_exchange_profiles",
                                                 "event_streams"};
inline std::string_view to_string(Collection c) { return collection_names[size_t(c)]; }

struct Document {
  std::string id;
  json::Object body;  // as rendered by API v2, secrets in their sealed form under "_sealed": {name: text}
  int64_t version = 1;
  TimePoint created_at, updated_at;
};

// An extracted, indexed value of a document. Values of unique keys are taken once per tenant and collection.
struct DocumentKey {
  std::string name, value;
  bool unique = false;
};

struct DocumentQuery {
  std::vector<std::pair<std::string, std::string>> equals;  // keys that must all be present with this value
  int64_t offset = 0;
  int64_t limit = 50;
  std::optional<std::string> after;  // checkpoint: the `next` of the page before
  bool want_total = false;
};

struct DocumentPage {
  std::vector<Document> items;  // in order of creation
  std::optional<int64_t> total;
  std::optional<std::string> next;  // absent on the last page
};

// Reading of configuration; writing is storage/commit.h. Thread-safe.
class Documents {
 public:
  virtual ~Documents() = default;
  virtual Async<std::optional<Document>> find(domain::TenantId, Collection, std::string id) = 0;
  virtual Async<std::optional<Document>> find_by(domain::TenantId, Collection, std::string key,
                                                 std::string value) = 0;
  virtual Async<DocumentPage> list(domain::TenantId, Collection, DocumentQuery) = 0;
};

}  // namespace durward::ports
