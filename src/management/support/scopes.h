#pragma once
#include <span>
#include <string>
#include <string_view>

namespace durward::management {

// Every scope of the management API (Auth0 Management API).
std::span<const std::string_view> all_scopes();
// "read:client_keys" -> "Read client keys"
std::string describe_scope(std::string_view scope);

}  // namespace durward::management
