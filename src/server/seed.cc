#include "server/seed.h"

#include <algorithm>
#include <filesystem>

#include "management/support/new_tenant.h"
#include "server/yaml_json.h"

namespace durward::server {
namespace {

using Mistakes = std::vector<std::string>;

// A section of the file and where its items go.
struct ListSection {
  std::string_view key;
  std::vector<SeedItem> Seed::* items;
};
struct ObjectSection {
  std::string_view key;
  std::optional<SeedItem> Seed::* item;
};
constexpr ListSection list_sections[] = {
    {"clients", &Seed::clients},
    {"resourceServers", &Seed::resource_servers},
    {"clientGrants", &Seed::client_grants},
    {"roles", &Seed::roles},
    {"databases", &Seed::connections},
    {"connections", &Seed::connections},
    {"users", &Seed::users},
    {"actions", &Seed::actions},
    {"actionModules", &Seed::action_modules},
    {"rules", &Seed::rules},
    {"rulesConfigs", &Seed::rules_configs},
    {"hooks", &Seed::hooks},
    {"phoneProviders", &Seed::phone_providers},
    {"tokenExchangeProfiles", &Seed::token_exchange_profiles},
};
constexpr ObjectSection object_sections[] = {
    {"tenant", &Seed::settings},   {"branding", &Seed::branding},
    {"prompts", &Seed::prompts},   {"attackProtection", &Seed::attack_protection},
    {"triggers", &Seed::triggers}, {"emailProvider", &Seed::email_provider}};

// Sections that the Deploy CLI writes also for a tenant that uses nothing of them. One that asks for nothing
// is done by doing nothing; anything else in it is a mistake, as nobody would see that it was left out.
constexpr std::string_view unserved_sections[] = {"connectionProfiles",
                                                  "customDomains",
                                                  "emailTemplates",
                                                  "eventStreams",
                                                  "flows",
                                                  "flowVaultConnections",
                                                  "forms",
                                                  "guardianFactorProviders",
                                                  "guardianFactors",
                                                  "guardianFactorTemplates",
                                                  "guardianPhoneFactorMessageTypes",
                                                  "guardianPhoneFactorSelectedProvider",
                                                  "guardianPolicies",
                                                  "logStreams",
                                                  "networkACLs",
                                                  "organizations",
                                                  "pages",
                                                  "phoneTemplates",
                                                  "rateLimitPolicies",
                                                  "riskAssessment",
                                                  "selfServiceProfiles",
                                                  "supplementalSignals",
                                                  "themes",
                                                  "userAttributeProfiles"};

// Nothing in it, or everything in it switched off.
bool asks_for_nothing(const json::Value& value) {
  if (value.is_null()) return true;
  if (const auto* text = value.if_string()) return text->empty();
  if (const auto* list = value.if_array()) return std::ranges::all_of(*list, asks_for_nothing);
  const auto* object = value.if_object();
  if (!object) return false;
  if (const auto* enabled = object->if_contains("enabled")) return enabled->is_bool() && !enabled->get_bool();
  return std::ranges::all_of(*object, [](const auto& member) { return asks_for_nothing(member.value()); });
}

template <class Sections>
const auto* section_named(const Sections& sections, std::string_view key) {
  for (const auto& section : sections)
    if (section.key == key) return &section;
  return static_cast<decltype(&sections[0])>(nullptr);
}

class SeedParser {
 public:
  explicit SeedParser(const std::string& path) : path_(path) {}

  std::expected<Seed, Mistakes> parse(std::string_view text) {
    try {
      const YAML::Node root = YAML::Load(std::string(text));
      if (!root.IsMap() && !root.IsNull())
        return std::unexpected(Mistakes{path_ + ":1: must be a map of sections"});
      for (const auto& entry : root) section(entry.first, entry.second);
    } catch (const YAML::Exception& e) {
      mistakes_.push_back(path_ + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg);
    }
    settle_name();
    if (!mistakes_.empty()) return std::unexpected(std::move(mistakes_));
    return std::move(seed_);
  }

 private:
  std::string where(const YAML::Node& node) const {
    return path_ + ":" + std::to_string(node.Mark().line + 1);
  }

  void section(const YAML::Node& key, const YAML::Node& value) {
    const std::string name = key.IsScalar() ? key.Scalar() : "";
    if (const auto* list = section_named(list_sections, name)) return list_section(*list, key, value);
    if (const auto* object = section_named(object_sections, name)) {
      if (value.IsNull()) return;
      if (seed_.*object->item) return mistakes_.push_back(where(key) + ": " + name + " is given twice");
      seed_.*object->item = item(value, name);
      if (name == "prompts" && seed_.prompts) settle_prompts(*seed_.prompts);
      return;
    }
    const bool known = std::ranges::find(unserved_sections, name) != std::end(unserved_sections);
    if (known) {
      const auto content = to_json(value);
      if (content && asks_for_nothing(*content)) return;
    }
    mistakes_.push_back(
        where(key) + ": \"" + name +
        (known ? "\" asks for what this version cannot do yet" : "\" is not a section this version knows"));
  }

  // The Deploy CLI keeps what belongs to other endpoints beside the settings of the prompts.
  void settle_prompts(SeedItem& prompts) {
    for (const std::string_view name : {"customText", "partials", "screenRenderers"}) {
      const auto* value = prompts.body.if_contains(name);
      if (value && !asks_for_nothing(*value))
        mistakes_.push_back(prompts.where + ": \"prompts." + std::string(name) +
                            "\" asks for what this version cannot do yet");
      prompts.body.erase(name);
    }
  }

  void list_section(const ListSection& section, const YAML::Node& key, const YAML::Node& value) {
    if (value.IsNull()) return;
    if (!value.IsSequence())
      return mistakes_.push_back(where(key) + ": " + std::string(section.key) + " must be a list");
    for (const auto& node : value)
      if (auto made = item(node, section.key)) (seed_.*section.items).push_back(*std::move(made));
  }

  std::optional<SeedItem> item(const YAML::Node& node, std::string_view section) {
    if (!node.IsMap()) {
      mistakes_.push_back(where(node) + ": an entry of " + std::string(section) + " must be a map");
      return {};
    }
    auto body = to_json(node);
    if (!body) {
      mistakes_.push_back(path_ + ":" + body.error().message);
      return {};
    }
    return SeedItem{std::move(body->as_object()), where(node)};
  }

  void settle_name() {
    seed_.name = std::filesystem::path(path_).stem().string();
    std::string place = path_;
    if (seed_.settings && seed_.settings->body.contains("name")) {
      seed_.name = json::string_or(seed_.settings->body, "name");
      place = seed_.settings->where;
      seed_.settings->body.erase("name");
    }
    if (!management::is_tenant_name(seed_.name))
      mistakes_.push_back(
          place + ": \"" + seed_.name +
          "\" is no tenant name: 2 to 63 lower-case letters, digits and hyphens, not a hyphen first");
  }

  const std::string& path_;
  Seed seed_;
  Mistakes mistakes_;
};

}  // namespace

std::expected<Seed, std::vector<std::string>> parse_seed(std::string_view text, const std::string& path) {
  return SeedParser(path).parse(text);
}

}  // namespace durward::server
