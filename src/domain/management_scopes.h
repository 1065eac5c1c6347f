#pragma once
#include <span>
#include <string>
#include <string_view>

namespace durward::domain {

// Every scope of the management API (Auth0 Management API). Of every tenant's, so no tenant stores them.
std::span<const std::string_view> management_scopes();
// "read:client_keys" -> "Read client keys"
std::string describe_scope(std::string_view scope);

}  // namespace durward::domain
