#include "protocols/oidc/discovery.h"

#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "protocols/cors.h"
#include "protocols/oauth2/token.h"
#include "protocols/reply.h"

namespace durward::protocols::oidc {

namespace {

using Settings = std::shared_ptr<const domain::TenantSettings>;

// Serialised documents by issuer, kept until the tenant's settings change. Bounded, as a tenant answers under
// any of its hosts.
class Cache {
 public:
  std::string body(const std::string& issuer, const Settings& settings) {
    {
      std::shared_lock lock(mutex_);
      auto it = entries_.find(issuer);
      if (it != entries_.end() && it->second.settings == settings) return it->second.body;
    }
    std::string made = json::serialize(discovery_document(issuer, *settings));
    std::unique_lock lock(mutex_);
    if (entries_.size() >= entries_max) entries_.clear();
    entries_[issuer] = {settings, made};
    return made;
  }

 private:
  static constexpr size_t entries_max = 4096;
  struct Entry {
    Settings settings;
    std::string body;
  };
  std::shared_mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

json::Array words(std::initializer_list<std::string_view> items) {
  json::Array out;
  for (const auto item : items) out.emplace_back(item);
  return out;
}

json::Array grant_types() {
  json::Array out;
  for (const auto type : oauth2::served_grant_types()) out.emplace_back(type);
  out.emplace_back("implicit");
  return out;
}

void add_endpoints(json::Object& out, const std::string& issuer, const domain::TenantSettings& settings) {
  out["issuer"] = issuer;
  out["authorization_endpoint"] = issuer + "authorize";
  out["token_endpoint"] = issuer + "oauth/token";
  out["userinfo_endpoint"] = issuer + "userinfo";
  out["jwks_uri"] = issuer + ".well-known/jwks.json";
  out["revocation_endpoint"] = issuer + "oauth/revoke";
  if (settings.end_session_endpoint_in_discovery) out["end_session_endpoint"] = issuer + "oidc/logout";
}

Task<http::Response> discovery(Parts parts, std::shared_ptr<Cache> cache, endpoint::RequestContext context) {
  auto settings = co_await parts.services.configuration.settings(context.tenant->id);
  if (!settings) co_return oauth_error(settings.error());
  if (!*settings) *settings = std::make_shared<const domain::TenantSettings>();
  auto response = http::json_response(200, cache->body(context.issuer, *settings));
  response.headers.set("Cache-Control",
                       "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400");
  allow_any_origin(response);
  co_return response;
}

endpoint::Endpoint row_of(Parts parts, std::shared_ptr<Cache> cache, std::string id, std::string path,
                          std::string summary) {
  endpoint::Endpoint row;
  row.id = std::move(id);
  row.method = http::Method::get;
  row.path = std::move(path);
  row.tag = "discovery";
  row.summary = std::move(summary);
  row.open_because = "RFC 8414 §3: metadata is public";
  row.rate = endpoint::RateClass::well_known;
  row.cors = endpoint::Cors::any;
  row.handler = endpoint::ProtocolHandler(
      [parts, cache](endpoint::RequestContext context, http::Request, endpoint::PathParameters) {
        return discovery(parts, cache, std::move(context));
      });
  return row;
}

}  // namespace

json::Object discovery_document(std::string_view issuer, const domain::TenantSettings& settings) {
  json::Object out;
  add_endpoints(out, std::string(issuer), settings);
  out["scopes_supported"] =
      words({"openid", "profile", "offline_access", "name", "given_name", "family_name", "nickname", "email",
             "email_verified", "picture", "created_at", "identities", "phone", "address"});
  out["response_types_supported"] = words(
      {"code", "token", "id_token", "code token", "code id_token", "token id_token", "code token id_token"});
  out["code_challenge_methods_supported"] = words({"S256", "plain"});
  out["response_modes_supported"] = words({"query", "fragment", "form_post"});
  out["grant_types_supported"] = grant_types();
  out["subject_types_supported"] = words({"public"});
  out["id_token_signing_alg_values_supported"] = words({"HS256", "RS256", "PS256"});
  out["token_endpoint_auth_methods_supported"] = words({"client_secret_basic", "client_secret_post", "none"});
  out["claims_supported"] =
      words({"aud", "auth_time", "created_at", "email", "email_verified", "exp", "family_name", "given_name",
             "iat", "identities", "iss", "name", "nickname", "phone_number", "picture", "sub"});
  out["request_uri_parameter_supported"] = false;
  out["request_parameter_supported"] = false;
  out["claims_parameter_supported"] = false;
  // RFC 9207 §3.
  if (settings.authorization_response_iss) out["authorization_response_iss_parameter_supported"] = true;
  return out;
}

std::vector<endpoint::Endpoint> discovery_rows(Parts parts) {
  auto cache = std::make_shared<Cache>();
  return {row_of(parts, cache, "openid_configuration", "/.well-known/openid-configuration",
                 "Provider metadata (OpenID Connect Discovery §4)"),
          row_of(parts, cache, "oauth_authorization_server", "/.well-known/oauth-authorization-server",
                 "Authorization server metadata (RFC 8414 §3)")};
}

}  // namespace durward::protocols::oidc
