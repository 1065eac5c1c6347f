#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "server/options.h"

// What a process does (--role) and with whom (DESIGN: roles meet through ports).
namespace durward::server {

bool has_role(const std::vector<std::string>& roles, std::string_view role);
// A process whose roles need nothing of the installation's store: hashing, extensions, or both. It opens none
// and has no master key, so that taking it over gives nothing to read.
bool needs_no_store(const Settings& settings);
// For people: "authentication, hashing; serves roles on 10.0.0.5:8500; hashes at https://...".
std::string describe_roles(const Settings& settings);

}  // namespace durward::server
