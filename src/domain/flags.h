#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "domain/tenant.h"

// Feature flags: what can be switched while the program runs, by whom it was asked for, and until when.
// Words and codes are those of OpenFeature.
namespace durward::domain {

enum class FlagKind { release, operational, experiment, permission };
std::string_view to_string(FlagKind kind);

// A row of the table. A flag that is not in it does not exist.
struct Flag {
  std::string_view key, owner, description;
  FlagKind kind;
  std::string_view fallback;  // JSON; its type is the type of the flag
  std::string_view values;    // of a text flag: all it can be, separated by spaces
  std::string_view expires;   // YYYY-MM-DD; from then on `durward doctor` asks to remove it. Empty: stays
};
std::span<const Flag> flags();
const Flag* find_flag(std::string_view key);

// Who a flag is evaluated for. Without a targeting key (a user id, say) a share of a tenant's users cannot be
// told, and a value for a share does not apply.
struct FlagContext {
  TenantId tenant;
  std::string targeting_key;
};

enum class FlagReason { fallback, static_value, targeting_match, split, stale, error };
std::string_view to_string(FlagReason reason);  // "DEFAULT", "STATIC", "TARGETING_MATCH" ...

struct FlagResolution {
  json::Value value;
  std::string variant;
  FlagReason reason = FlagReason::fallback;
  std::string error_code;  // "FLAG_NOT_FOUND", "GENERAL"; empty: none
};

// A value for everybody, or for a share of those who have a targeting key.
struct FlagRule {
  json::Value value;
  int64_t per_ten_thousand = 10'000;
};

// Rules of one tenant, or of the installation, by the key of their flag and, for the installation, the name
// of the environment they are for ("" : every one).
struct FlagRules {
  // As stored: `id` is KEY or KEY@ENVIRONMENT. What cannot be read is left out.
  void add(std::string_view id, const json::Object& document);
  const FlagRule* find(std::string_view key, std::string_view environment = "") const;

  std::map<std::string, FlagRule, std::less<>> rules;  // by id
};

// Where a targeting key stands among 10,000, the same for one flag and tenant for ever: a share that grows
// keeps whom it had.
int64_t flag_position(std::string_view key, TenantId tenant, std::string_view targeting_key);

// The value for a context: of the tenant, else of the environment, else of the installation, else the
// table's.
FlagResolution resolve_flag(const Flag& flag, const FlagRules& tenant, const FlagRules& installation,
                            std::string_view environment, const FlagContext& context);

// Whether a flag can have this value. Error: invalid / invalid_body, with a sentence.
Result<> check_flag_value(const Flag& flag, const json::Value& value);

}  // namespace durward::domain
