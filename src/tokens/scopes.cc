#include <algorithm>

#include "tokens/tokens.h"

namespace durward::tokens {

namespace {

constexpr std::string_view oidc_scopes[] = {
    "openid",     "profile",     "email",    "phone",          "address", "offline_access", "name",
    "given_name", "family_name", "nickname", "email_verified", "picture", "created_at",     "identities"};

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool refresh_allowed(const domain::Client& client, const domain::ResourceServer* api) {
  return client.allows_grant("refresh_token") && (!api || api->allow_offline_access);
}

// The management API is every user's for the own account and nobody's for the tenant (Auth0 Management API,
// user tokens). Where the API enforces permissions, the issuer keeps of the rest what the user was assigned.
bool is_for_users(std::string_view scope, const domain::ResourceServer& api) {
  return !api.is_system || api.enforce_policies || scope.find(":current_user") != scope.npos;
}

bool api_allows(std::string_view scope, const domain::ResourceServer& api, const domain::ClientGrant* grant) {
  if (!api.has_scope(scope) || !is_for_users(scope, api)) return false;
  if (api.user_policy == "allow_all") return true;
  if (api.user_policy == "deny_all" || !grant) return false;
  return grant->allow_all_scopes || contains(grant->scope, scope);
}

}  // namespace

bool is_oidc_scope(std::string_view scope) {
  return std::find(std::begin(oidc_scopes), std::end(oidc_scopes), scope) != std::end(oidc_scopes);
}

std::vector<std::string> grantable_scopes(const std::vector<std::string>& requested,
                                          const domain::Client& client, const domain::ResourceServer* api,
                                          const domain::ClientGrant* grant) {
  std::vector<std::string> out;
  for (const auto& scope : requested) {
    const bool allowed = scope == "offline_access"
                             ? refresh_allowed(client, api)
                             : is_oidc_scope(scope) || (api && api_allows(scope, *api, grant));
    if (allowed && !contains(out, scope)) out.push_back(scope);
  }
  return out;
}

}  // namespace durward::tokens
