#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

// A tenant as a file: the Deploy CLI's YAML format with `users:` added. Parsing only; provision.h applies it.
namespace durward::server {

struct SeedItem {
  json::Object body;
  std::string where;  // "acme.yaml:12"
};

struct Seed {
  std::string name;  // tenant.name, else the file's stem
  std::optional<SeedItem> settings, branding, prompts, attack_protection, triggers, email_provider;
  std::vector<SeedItem> clients, resource_servers, client_grants, roles;
  std::vector<SeedItem> actions, action_modules, rules, rules_configs, hooks, phone_providers,
      token_exchange_profiles;
  std::vector<SeedItem> connections;  // `databases:` and `connections:`
  std::vector<SeedItem>
      users;  // import-file format, plain `password` allowed, `connection` and `roles` by name
};

// `path` names the file in sentences and gives the tenant its name when the file does not. Unknown sections,
// sections of the wrong type and broken YAML are mistakes with file and line, all at once; members of an item
// are checked by the management API when it is applied.
std::expected<Seed, std::vector<std::string>> parse_seed(std::string_view text, const std::string& path);

}  // namespace durward::server
