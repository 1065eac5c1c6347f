#include "management/connections/document.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/x509.h"
#include "management/connections/fields.h"

namespace durward::management::connection {
namespace {

constexpr std::string_view secrets[] = {
    "options.client_secret",     "options.app_secret",
    "options.consumer_secret",   "options.twilio_token",
    "options.api_key",           "options.signing_key",
    "options.decryptionKey.key", "options.gateway_authentication.secret",
};

enum class Family { database, social, enterprise, passwordless };

// A strategy: its family and the members its options never lack.
struct Strategy {
  std::string_view name;
  Family family;
  std::string_view options = "{}";
};

constexpr std::string_view database_options = R"({
  "mfa": {"active": true, "return_enroll_settings": true},
  "passwordPolicy": "good",
  "strategy_version": 2,
  "authentication_methods": {
    "password": {"enabled": true, "api_behavior": "required", "signup_behavior": "allow"},
    "passkey": {"enabled": false}, "email_otp": {"enabled": false}, "phone_otp": {"enabled": false}},
  "passkey_options": {"challenge_ui": "both", "progressive_enrollment_enabled": true,
                      "local_enrollment_enabled": true},
  "brute_force_protection": true})";

// Once new-style password options are used, each of them is complete and the old policy is gone.
constexpr std::string_view password_options = R"({
  "complexity": {"character_type_rule": "all", "identical_characters": "allow", "sequential_characters": "allow",
                 "max_length_exceeded": "error", "min_length": 15, "character_types": []},
  "profile_data": {"active": false, "blocked_fields": ["name", "username", "email", "nickname", "given_name",
                   "family_name", "phone_number"]},
  "history": {"active": false, "size": 3},
  "dictionary": {"active": false, "custom": [], "default": "en_100k"}})";

constexpr std::string_view oidc_options =
    R"({"type": "front_channel", "schema_version": "oidc-V4", "attribute_map": {"mapping_mode": "bind_all"},
        "connection_settings": {"pkce": "auto"}})";
constexpr std::string_view okta_options =
    R"({"type": "back_channel", "schema_version": "oidc-V4", "attribute_map": {"mapping_mode": "basic_profile"},
        "connection_settings": {"pkce": "auto"}})";

constexpr Strategy strategies[] = {
    {"auth0", Family::database, database_options},
    {"email", Family::passwordless, R"({"brute_force_protection": true})"},
    {"sms", Family::passwordless, R"({"brute_force_protection": true})"},
    {"ad", Family::enterprise, R"({"ips": null, "brute_force_protection": true})"},
    {"auth0-adldap", Family::enterprise, R"({"ips": null, "brute_force_protection": true})"},
    {"adfs", Family::enterprise,
     R"({"thumbprints": [], "should_trust_email_verified_connection": "always_set_emails_as_verified"})"},
    {"waad", Family::enterprise,
     R"({"thumbprints": [], "identity_api": "microsoft-identity-platform-v2.0", "useCommonEndpoint": false,
         "should_trust_email_verified_connection": "never_set_emails_as_verified", "waad_common_endpoint": false,
         "use_wsfed": false, "waad_protocol": "openid-connect"})"},
    {"google-apps", Family::enterprise,
     R"({"map_user_id_to_id": false, "email": true, "profile": true, "scope": ["email", "profile"],
         "handle_login_from_social": true, "api_enable_users": true})"},
    {"oidc", Family::enterprise, oidc_options},
    {"okta", Family::enterprise, okta_options},
    {"auth0-oidc", Family::enterprise},
    {"ip", Family::enterprise},
    {"office365", Family::enterprise},
    {"pingfederate", Family::enterprise},
    {"samlp", Family::enterprise},
    {"sharepoint", Family::enterprise},
    {"facebook", Family::social, R"({"scope": "public_profile"})"},
    {"github", Family::social, R"({"scope": []})"},
    {"salesforce", Family::social, R"({"scope": []})"},
    {"salesforce-community", Family::social, R"({"scope": []})"},
    {"salesforce-sandbox", Family::social, R"({"scope": []})"},
    {"windowslive", Family::social, R"({"signin": true})"},
    {"google-oauth2", Family::social, R"({"email": true, "profile": true})"},
    {"line", Family::social, R"({"profile": true})"},
    {"linkedin", Family::social, R"({"profile": true})"},
    {"wordpress", Family::social, R"({"profile": true})"},
};

// The scopes that a switch in the options of a strategy stands for. `version` 2: only of strategy_version 2,
// 1: only of others.
struct ScopeSwitch {
  std::string_view strategy, option, scope;
  int version = 0;
};
constexpr ScopeSwitch scope_switches[] = {
    {"google-oauth2", "email", "email"},
    {"google-oauth2", "profile", "profile"},
    {"google-oauth2", "calendar", "https://www.googleapis.com/auth/calendar"},
    {"google-oauth2", "youtube", "https://www.googleapis.com/auth/youtube"},
    {"line", "profile", "openid"},
    {"line", "profile", "profile"},
    {"linkedin", "profile", "r_liteprofile", 2},
    {"linkedin", "profile", "r_basicprofile", 1},
    {"windowslive", "signin", "wl.signin", 1},
    {"wordpress", "profile", "profile"},
};

// Every other strategy of the field table is a social one without defaults.
Strategy strategy_of(std::string_view name) {
  const auto found = std::ranges::find(strategies, name, &Strategy::name);
  return found == std::end(strategies) ? Strategy{name, Family::social} : *found;
}

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  std::vector<ports::DocumentKey> keys = {{"name", json::string_or(body, "name"), true},
                                          {"strategy", json::string_or(body, "strategy")}};
  for (const auto& client : json::strings(body, "enabled_clients")) keys.push_back({"client", client});
  if (json::boolean_or(body, "is_domain_connection", false)) keys.push_back({"domain_connection", "true"});
  return keys;
}

json::Object parsed(std::string_view text) { return *json::parse_object(text); }

void fill(json::Object& target, const json::Object& defaults) {
  for (const auto& member : defaults)
    if (!target.contains(member.key())) target[member.key()] = member.value();
}

// Also fills the objects inside.
void fill_deep(json::Object& target, const json::Object& defaults) {
  for (const auto& member : defaults) {
    auto* old = target.if_contains(member.key());
    if (!old)
      target[member.key()] = member.value();
    else if (old->is_object() && member.value().is_object())
      fill_deep(old->get_object(), member.value().get_object());
  }
}

// ---- rules of database options (Auth0 Management API)

const json::Object* step(const json::Object* object, std::string_view name) {
  return object ? json::object(*object, name) : nullptr;
}

Result<> check_attributes(const json::Object& options) {
  const auto* attributes = json::object(options, "attributes");
  if (!attributes) return {};
  for (const char* old : {"requires_username", "validation"})
    if (options.contains(old))
      return invalid_body(std::string("Cannot set both options.attributes and options.") + old);
  bool identified = false;
  for (const auto& member : *attributes) {
    const auto* attribute = member.value().if_object();
    const auto* identifier = step(attribute, "identifier");
    const bool active = identifier && json::boolean_or(*identifier, "active", false);
    identified = identified || active;
    const auto* signup = step(attribute, "signup");
    const std::string status = signup ? json::string_or(*signup, "status", "required") : "required";
    if (attribute && json::boolean_or(*attribute, "profile_required", false) && status != "required")
      return invalid_body("attribute " + std::string(member.key()) + " must also be required on signup");
  }
  if (!identified) return invalid_body("attributes must contain one active identifier");
  return {};
}

Result<> check_username_length(const json::Object& options) {
  const auto* username = step(step(&options, "validation"), "username");
  if (username && json::integer_or(*username, "min", 1) > json::integer_or(*username, "max", 128))
    return invalid_body("options.validation.username.min cannot be greater than max");
  return {};
}

void complete_database(json::Object& options) {
  auto defaults = parsed(database_options);
  if (auto* given = options.if_contains("password_options"); given && given->is_object()) {
    fill_deep(given->get_object(), parsed(password_options));
    defaults.stable_erase("passwordPolicy");
  }
  auto* attributes = options.if_contains("attributes");
  auto* email =
      attributes && attributes->is_object() ? attributes->get_object().if_contains("email") : nullptr;
  if (email && email->is_object())
    fill(email->get_object(), parsed(R"({"verification_method": "link", "unique": true})"));
  // A null removes the default for good.
  fill(options, defaults);
  if (auto* methods = options.if_contains("authentication_methods"); methods && methods->is_object())
    fill_deep(methods->get_object(), defaults.at("authentication_methods").get_object());
}

// ---- options that follow from others

// Scopes of the switches that are on, in the order of the options, then those that were named.
void complete_scope(std::string_view strategy, json::Object& options) {
  const bool second = json::integer_or(options, "strategy_version", 1) == 2;
  std::vector<std::string> scopes;
  bool switched = false;
  const auto add = [&](std::string_view scope) {
    if (std::ranges::find(scopes, scope) == scopes.end()) scopes.emplace_back(scope);
  };
  for (const auto& member : options) {
    for (const auto& row : scope_switches) {
      if (row.strategy != strategy || row.option != std::string_view(member.key())) continue;
      switched = true;
      const bool on = member.value().is_bool() && member.value().get_bool();
      if (on && (row.version == 0 || (row.version == 2) == second)) add(row.scope);
    }
  }
  if (!switched) return;
  for (const auto& scope : json::strings(options, "scope")) add(scope);
  options["scope"] = json::array_of(scopes);
}

// OpenID Connect Discovery §3: what a provider's metadata means when it leaves a member out.
constexpr std::string_view discovery_defaults =
    R"({"claims_parameter_supported": false, "request_parameter_supported": false,
        "request_uri_parameter_supported": true, "require_request_uri_registration": false})";
constexpr std::string_view discovered[] = {"issuer", "authorization_endpoint", "token_endpoint",
                                           "userinfo_endpoint", "jwks_uri"};

void complete_metadata(json::Object& options) {
  auto* value = options.if_contains("oidc_metadata");
  if (!value || !value->is_object()) return;
  fill(value->get_object(), parsed(discovery_defaults));
  const json::Object metadata = value->get_object();
  for (const auto name : discovered) {
    const auto* known = options.if_contains(name);
    if ((!known || known->is_null()) && metadata.contains(name)) options[name] = metadata.at(name);
  }
}

// Where the authorization server of an Okta organization has its endpoints.
constexpr std::pair<std::string_view, std::string_view> okta_endpoints[] = {
    {"issuer", ""},
    {"authorization_endpoint", "/oauth2/v1/authorize"},
    {"token_endpoint", "/oauth2/v1/token"},
    {"userinfo_endpoint", "/oauth2/v1/userinfo"},
    {"jwks_uri", "/oauth2/v1/keys"}};

void complete_okta(json::Object& options) {
  const std::string domain = json::string_or(options, "domain");
  if (domain.empty() || domain.find_first_of("/?#@ ") != std::string::npos) return;
  for (const auto& [name, path] : okta_endpoints) {
    const auto* known = options.if_contains(name);
    if (!known || known->is_null()) options[name] = "https://" + domain + std::string(path);
  }
}

constexpr std::pair<std::string_view, std::string_view> subject_words[] = {
    {"C", "countryName"},      {"ST", "stateOrProvinceName"},    {"L", "localityName"},
    {"O", "organizationName"}, {"OU", "organizationalUnitName"}, {"CN", "commonName"}};

// "/C=US/O=Acme/CN=acme.example" as an object of long names.
json::Object subject_names(std::string_view subject) {
  json::Object out;
  while (!subject.empty()) {
    subject.remove_prefix(1);
    const auto part = subject.substr(0, subject.find('/'));
    subject.remove_prefix(part.size());
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    for (const auto& [word, name] : subject_words)
      if (part.substr(0, equals) == word) out[name] = part.substr(equals + 1);
  }
  return out;
}

void describe_certificate(json::Object& options) {
  const auto pem = json::string(options, "signingCert");
  if (!pem || options.contains("thumbprints")) return;
  auto text = *pem;
  if (text.find("-----BEGIN") == std::string::npos)
    text = from_base64(text).value_or(text);  // tools send the certificate once more in base64
  const auto certificate = crypto::parse_certificate(text);
  if (!certificate) return;
  options["cert"] = certificate->pem;
  options["thumbprints"] = json::Array{json::Value(to_lower(crypto::thumbprint_sha1(*certificate)))};
  if (const auto until = crypto::certificate_not_after(*certificate)) options["expires"] = to_iso8601(*until);
  if (const auto subject = crypto::certificate_subject(*certificate))
    options["subject"] = subject_names(*subject);
}

// "https://acme.example.com/" -> "acme.example.com"
std::string_view host_of(std::string_view issuer) {
  if (issuer.starts_with("https://")) issuer.remove_prefix(8);
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return issuer;
}

void derive_endpoint(std::string_view strategy, json::Object& options, std::string_view issuer) {
  const auto base = json::string(options, "pingFederateBaseUrl");
  if (strategy == "pingfederate" && base && !options.contains("signInEndpoint"))
    options["signInEndpoint"] = *base;
  if (strategy == "waad" && !options.contains("app_domain")) options["app_domain"] = host_of(issuer);
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::connections,
    .id_member = "id",
    .plural = "connections",
    .missing = {ErrorKind::not_found, "inexistent_connection", "The connection does not exist"},
    .taken = {ErrorKind::conflict, "connection_conflict", "A connection with the same name already exists"},
    .keys = document_keys,
    .secrets = secrets,
};

Result<> complete_options(std::string_view name, json::Object& options, std::string_view issuer) {
  const Strategy strategy = strategy_of(name);
  if (strategy.family == Family::database) {
    ENSURE(database_options_schema().check_create(options));
    ENSURE(check_attributes(options));
    ENSURE(check_username_length(options));
    complete_database(options);
    return {};
  }
  if (strategy.family == Family::enterprise) {
    describe_certificate(options);
    derive_endpoint(name, options, issuer);
    complete_metadata(options);
    if (name == "okta") complete_okta(options);
  }
  fill(options, parsed(strategy.options));
  complete_scope(name, options);
  return {};
}

Result<json::Object> new_connection(json::Object body, Random& random, std::string_view issuer) {
  const std::string name = json::string_or(body, "name"), type = json::string_or(body, "strategy");
  const Strategy strategy = strategy_of(type);
  auto& options = body["options"];
  if (!options.is_object()) options = json::Object();
  ENSURE(complete_options(type, options.get_object(), issuer));
  body["id"] = "con_" + random.base62(16);
  if (!body.contains("realms")) body["realms"] = json::Array{json::Value(name)};
  fill(body, parsed(R"({"enabled_clients": [], "is_domain_connection": false,
                        "authentication": {"active": true}, "connected_accounts": {"active": false}})"));
  if (strategy.family == Family::enterprise) {
    if (!body.contains("show_as_button")) body["show_as_button"] = false;
    if (!body.contains("display_name") && (type == "oidc" || type == "okta" || type == "waad"))
      body["display_name"] = name;
    body["provisioning_ticket_url"] = std::string(issuer) + "p/" + type + "/" + random.base62(8);
  }
  return body;
}

void forget_missing_secrets(json::Object& patch) {
  const auto* options = json::object(patch, "options");
  if (!options) return;
  json::Object gone;
  for (const auto path : secrets) gone[path] = nullptr;
  if (const auto* given = json::object(patch, "_sealed"))
    for (const auto& member : *given) gone[member.key()] = member.value();
  patch["_sealed"] = std::move(gone);
}

void disable_client(json::Object& body, std::string_view client_id) {
  auto* list = body.if_contains("enabled_clients");
  if (!list || !list->is_array()) return;
  remove_items(list->get_array(), [&](const json::Value& item) {
    return item.is_string() && json::view(item.get_string()) == client_id;
  });
}

void enable_client(json::Object& body, std::string_view client_id) {
  disable_client(body, client_id);
  auto& list = body["enabled_clients"];
  if (!list.is_array()) list = json::Array();
  list.get_array().push_back(json::Value(client_id));
}

}  // namespace durward::management::connection
