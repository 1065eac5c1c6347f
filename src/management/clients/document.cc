#include "management/clients/document.h"

#include <algorithm>

#include "standards/oauth/redirect_uri.h"

namespace durward::management::clients {
namespace {

constexpr std::string_view secrets[] = {"client_secret"};

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  const auto word = [&](const char* name, bool fallback) {
    return json::boolean_or(body, name, fallback) ? "true" : "false";
  };
  std::vector<ports::DocumentKey> keys = {{"name", json::string_or(body, "name")},
                                          {"global", word("global", false)},
                                          {"is_first_party", word("is_first_party", true)}};
  if (const auto type = json::string(body, "app_type")) keys.push_back({"app_type", *type});
  return keys;
}

json::Value parsed(std::string_view text) { return *json::parse(text); }

struct Default {
  std::string_view name, value;
};
constexpr Default defaults[] = {
    {"is_first_party", "true"},
    {"is_token_endpoint_ip_header_trusted", "false"},
    {"oidc_conformant", "false"},
    {"jwt_configuration", R"({"secret_encoded":false,"lifetime_in_seconds":36000})"},
    {"sso_disabled", "false"},
    {"cross_origin_authentication", "false"},
    {"custom_login_page_on", "true"},
    {"refresh_token", "{}"},
    {"async_approval_notification_channels", R"(["guardian-push"])"},
};

// What an application of a kind gets when it names nothing.
struct Kind {
  std::string_view app_type, name, value;
};
constexpr Kind kinds[] = {
    {"spa", "grant_types", R"(["implicit","authorization_code","refresh_token"])"},
    {"spa", "token_endpoint_auth_method", R"("none")"},
    {"native", "grant_types", R"(["implicit","authorization_code","refresh_token"])"},
    {"native", "token_endpoint_auth_method", R"("none")"},
    {"express_configuration", "oidc_conformant", "true"},
    {"express_configuration", "jwt_configuration", R"({"secret_encoded":false,"alg":"RS256"})"},
    {"express_configuration", "organization_usage", R"("require")"},
    {"express_configuration", "organization_require_behavior", R"("pre_login_prompt")"},
    {"express_configuration", "callbacks", R"([])"},
    {"express_configuration", "client_authentication_methods", R"({"private_key_jwt":{"credentials":[]}})"},
    {"resource_server", "oidc_conformant", "true"},
    {"resource_server", "grant_types", "[]"},
    {"resource_server", "jwt_configuration", R"({"secret_encoded":false,"alg":"RS256"})"},
};
constexpr std::string_view default_grant_types =
    R"(["authorization_code","implicit","refresh_token","client_credentials"])";

void put_if_absent(json::Object& body, std::string_view name, std::string_view value) {
  if (!body.contains(name)) body[name] = parsed(value);
}

void complete_refresh_token(json::Object& policy) {
  put_if_absent(policy, "rotation_type", R"("non-rotating")");
  const bool rotating = json::string_or(policy, "rotation_type") == "rotating";
  put_if_absent(policy, "expiration_type", rotating ? R"("expiring")" : R"("non-expiring")");
  const bool expiring = json::string_or(policy, "expiration_type") == "expiring";
  put_if_absent(policy, "leeway", "0");
  put_if_absent(policy, "token_lifetime", "2592000");
  put_if_absent(policy, "infinite_token_lifetime", expiring ? "false" : "true");
  put_if_absent(policy, "infinite_idle_token_lifetime", expiring ? "false" : "true");
  put_if_absent(policy, "idle_token_lifetime", "1296000");
}

std::unexpected<Error> bad_url(std::string_view member, size_t index, const Error& why) {
  return invalid_body("Payload validation error: '" + why.message + "' on property " + std::string(member) +
                      "." + std::to_string(index) + ".");
}

using UrlCheck = Result<> (*)(std::string_view, const oauth::RegistrationRules&);
struct UrlList {
  const char* member;
  UrlCheck check;
};
const UrlList url_lists[] = {
    {"callbacks", oauth::validate_redirect_uri},
    {"allowed_logout_urls", oauth::validate_redirect_uri},
    {"web_origins", oauth::validate_origin},
    {"allowed_origins", oauth::validate_origin},
};

Result<> check_urls(const json::Object& body) {
  const oauth::RegistrationRules rules{.third_party = !json::boolean_or(body, "is_first_party", true)};
  for (const auto& list : url_lists) {
    const auto urls = json::strings(body, list.member);
    for (size_t i = 0; i < urls.size(); ++i)
      if (auto ok = list.check(urls[i], rules); !ok) return bad_url(list.member, i, ok.error());
  }
  return {};
}

Result<> check_refresh_token(const json::Object& body) {
  const auto* policy = json::object(body, "refresh_token");
  if (!policy) return {};
  // A rotated token that never expires could not be told from a stolen one for ever.
  if (json::string_or(*policy, "rotation_type") == "rotating" &&
      json::string_or(*policy, "expiration_type") == "non-expiring")
    return invalid_body("Refresh token rotation requires an expiring refresh token.");
  const auto idle = json::integer_or(*policy, "idle_token_lifetime", 0);
  const auto whole = json::integer_or(*policy, "token_lifetime", 0);
  if (!json::boolean_or(*policy, "infinite_token_lifetime", true) &&
      !json::boolean_or(*policy, "infinite_idle_token_lifetime", true) && idle >= whole)
    return invalid_body("Refresh token idle_token_lifetime must be less than token_lifetime.");
  return {};
}

Result<> check_authentication(const json::Object& body) {
  const auto* methods = json::object(body, "client_authentication_methods");
  if (!methods || methods->empty()) return {};
  if (methods->size() > 1) return invalid_body("Only one client authentication method can be configured.");
  if (json::string(body, "token_endpoint_auth_method"))
    return invalid_body(
        "client_authentication_methods and token_endpoint_auth_method cannot be used at the same time.");
  return {};
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::clients,
    .id_member = "client_id",
    .plural = "clients",
    .missing = {ErrorKind::not_found, "inexistent_client", "The client does not exist"},
    .taken = {ErrorKind::conflict, "client_conflict", "A client with the same client_id already exists"},
    .keys = document_keys,
    .secrets = secrets,
};

std::string new_client_secret(Random& random) { return random.url_safe(64); }

json::Object new_client(json::Object body, Random& random) {
  const std::string app_type = json::string_or(body, "app_type");
  for (const auto& kind : kinds)
    if (kind.app_type == app_type) put_if_absent(body, kind.name, kind.value);
  put_if_absent(body, "grant_types", default_grant_types);
  for (const auto& row : defaults) put_if_absent(body, row.name, row.value);
  complete(body);
  if (!body.contains("client_id")) body["client_id"] = random.base62(32);
  if (!body.contains("client_secret")) body["client_secret"] = new_client_secret(random);
  return body;
}

void complete(json::Object& body) {
  if (auto* jwt = body.if_contains("jwt_configuration"); jwt && jwt->is_object())
    put_if_absent(jwt->get_object(), "secret_encoded", "false");
  if (auto* policy = body.if_contains("refresh_token"); policy && policy->is_object())
    complete_refresh_token(policy->get_object());
}

Result<> check(const json::Object& body) {
  ENSURE(check_urls(body));
  ENSURE(check_refresh_token(body));
  return check_authentication(body);
}

}  // namespace durward::management::clients
