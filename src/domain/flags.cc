#include "domain/flags.h"

#include <algorithm>

#include "crypto/hash.h"

namespace durward::domain {
namespace {

constexpr std::string_view kind_names[] = {"release", "operational", "experiment", "permission"};
constexpr std::string_view reason_names[] = {"DEFAULT", "STATIC", "TARGETING_MATCH",
                                             "SPLIT",   "STALE",  "ERROR"};

constexpr Flag table[] = {
    {.key = "signup",
     .owner = "login",
     .description = "People may make accounts by themselves. Off: sign-up answers as if every connection had "
                    "it disabled.",
     .kind = FlagKind::operational,
     .fallback = "true",
     .values = "",
     .expires = ""},
    {.key = "management-writes",
     .owner = "management",
     .description = "API v2 takes changes. Off: it is read-only and answers changes with 503, while logins "
                    "go on.",
     .kind = FlagKind::operational,
     .fallback = "true",
     .values = "",
     .expires = ""},
    {.key = "password-scheme",
     .owner = "hashing",
     .description = "How passwords of these users are hashed from their next sign-in on; \"entitled\" is "
                    "what the operator set for the tenant.",
     .kind = FlagKind::release,
     .fallback = "\"entitled\"",
     .values = "entitled bcrypt argon2id",
     .expires = "2027-12-31"},
};

// The share of a rule, of those who can be told apart.
bool applies(const FlagRule& rule, const Flag& flag, const FlagContext& context) {
  if (rule.per_ten_thousand >= 10'000) return true;
  if (context.targeting_key.empty()) return false;
  return flag_position(flag.key, context.tenant, context.targeting_key) < rule.per_ten_thousand;
}

bool is_word_of(std::string_view word, std::string_view words) {
  return !word.empty() && !word.contains(' ') &&
         (" " + std::string(words) + " ").contains(" " + std::string(word) + " ");
}

std::string variant_of(const json::Value& value) {
  if (value.is_bool()) return value.get_bool() ? "on" : "off";
  return value.is_string() ? std::string(json::view(value.get_string())) : json::serialize(value);
}

FlagResolution resolved(const json::Value& value, FlagReason reason) {
  return {value, variant_of(value), reason, {}};
}

}  // namespace

std::string_view to_string(FlagKind kind) { return kind_names[size_t(kind)]; }
std::string_view to_string(FlagReason reason) { return reason_names[size_t(reason)]; }
std::span<const Flag> flags() { return table; }

const Flag* find_flag(std::string_view key) {
  const auto* found = std::ranges::find(table, key, &Flag::key);
  return found == std::end(table) ? nullptr : found;
}

void FlagRules::add(std::string_view id, const json::Object& document) {
  const Flag* flag = find_flag(id.substr(0, id.find('@')));
  const auto* value = document.if_contains("value");
  if (!flag || !value || !check_flag_value(*flag, *value)) return;
  const int64_t share = json::integer(document, "per_ten_thousand").value_or(10'000);
  rules[std::string(id)] = {*value, std::clamp<int64_t>(share, 0, 10'000)};
}

const FlagRule* FlagRules::find(std::string_view key, std::string_view environment) const {
  std::string id(key);
  if (!environment.empty()) id.append("@").append(environment);
  const auto found = rules.find(id);
  return found == rules.end() ? nullptr : &found->second;
}

int64_t flag_position(std::string_view key, TenantId tenant, std::string_view targeting_key) {
  std::string who(key);
  who.append("\n").append(std::to_string(tenant.value)).append("\n").append(targeting_key);
  uint64_t n = 0;
  for (const unsigned char c : crypto::sha256(who).substr(0, 8)) n = n << 8 | c;
  return int64_t(n % 10'000);
}

FlagResolution resolve_flag(const Flag& flag, const FlagRules& tenant, const FlagRules& installation,
                            std::string_view environment, const FlagContext& context) {
  const FlagRule* const candidates[] = {
      tenant.find(flag.key), environment.empty() ? nullptr : installation.find(flag.key, environment),
      installation.find(flag.key)};
  for (size_t i = 0; i < std::size(candidates); ++i) {
    const FlagRule* rule = candidates[i];
    if (!rule || !applies(*rule, flag, context)) continue;
    if (rule->per_ten_thousand < 10'000) return resolved(rule->value, FlagReason::split);
    return resolved(rule->value, i == 0 ? FlagReason::targeting_match : FlagReason::static_value);
  }
  return resolved(*json::parse(flag.fallback), FlagReason::fallback);
}

Result<> check_flag_value(const Flag& flag, const json::Value& value) {
  const auto fallback = json::parse(flag.fallback);
  if (value.kind() != fallback->kind())
    return fail(ErrorKind::invalid, "invalid_body",
                "The value of " + std::string(flag.key) + " must be a " +
                    (fallback->is_bool() ? "boolean." : "text."));
  if (flag.values.empty()) return {};
  if (is_word_of(json::view(value.get_string()), flag.values)) return {};
  return fail(ErrorKind::invalid, "invalid_body",
              "The value of " + std::string(flag.key) + " must be one of: " + std::string(flag.values) + ".");
}

}  // namespace durward::domain
