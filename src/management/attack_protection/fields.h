#pragma once
#include <span>

#include "endpoint/fields.h"

namespace durward::management::attack_protection {

// A settings document: its place below /attack-protection, and what may be in it.
struct Settings {
  std::string_view name;   // "brute-force-protection": last step of the path and id of the document
  std::string_view words;  // "brute-force protection settings", for summaries
  std::string_view schema_name;
  std::span<const endpoint::Field> fields;
  std::string_view always;  // member that every change names; empty: none
};
std::span<const Settings> settings();
const endpoint::Schema& schema_of(const Settings& settings);

}  // namespace durward::management::attack_protection
