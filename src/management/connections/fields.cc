#include "management/connections/fields.h"

#include "management/support/scripts.h"

namespace durward::management::connection {
namespace {

using namespace endpoint;

constexpr Field connection_fields[] = {
    {.path = "name",
     .flags = required | create_only,
     .max = 128,
     .format = "/^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$/"},
    {.path = "display_name", .max = 128},
    {.path = "strategy",
     .flags = required | create_only,
     .values = "ad adfs amazon apple auth0 auth0-oidc baidu bitbucket bitly box custom daccount dropbox "
               "dwolla email evernote evernote-sandbox exact facebook fitbit github google-apps "
               "google-oauth2 instagram ip line linkedin oauth1 oauth2 office365 oidc okta paypal "
               "paypal-sandbox pingfederate planningcenter salesforce salesforce-community "
               "salesforce-sandbox samlp sharepoint shop shopify sms soundcloud thirtysevensignals twitter "
               "untappd vkontakte waad weibo windowslive wordpress yahoo yammer yandex"},
    {.path = "options", .type = Type::object},
    {.path = "enabled_clients", .type = Type::array, .flags = nullable, .max = 1000},
    {.path = "is_domain_connection", .type = Type::boolean},
    {.path = "show_as_button", .type = Type::boolean},
    {.path = "realms", .type = Type::array},
    {.path = "metadata", .type = Type::map, .max = 10},
    {.path = "metadata.*", .flags = nullable, .max = 255},
    {.path = "authentication", .type = Type::object},
    {.path = "authentication.active", .type = Type::boolean, .flags = required},
    {.path = "connected_accounts", .type = Type::object},
    {.path = "connected_accounts.active", .type = Type::boolean, .flags = required},
    {.path = "connected_accounts.cross_app_access", .type = Type::boolean},
    {.path = "cross_app_access_requesting_app", .type = Type::object},
    {.path = "cross_app_access_requesting_app.active", .type = Type::boolean, .flags = required},
    {.path = "id", .flags = read_only},
    {.path = "provisioning_ticket_url", .flags = read_only},
};

constexpr Field database_option_fields[] = {
    {.path = "non_persistent_attrs", .type = Type::array, .max = 96},
    {.path = "non_persistent_attrs[]", .max = 255},
    {.path = "attributes", .type = Type::object},
    {.path = "attributes.email", .type = Type::object},
    {.path = "attributes.email.identifier", .type = Type::object},
    {.path = "attributes.email.identifier.active", .type = Type::boolean},
    {.path = "attributes.email.identifier.default_method", .values = "password email_otp"},
    {.path = "attributes.email.unique", .type = Type::boolean},
    {.path = "attributes.email.profile_required", .type = Type::boolean},
    {.path = "attributes.email.verification_method", .values = "link otp"},
    {.path = "attributes.email.signup", .type = Type::object},
    {.path = "attributes.email.signup.status", .values = "required optional inactive"},
    {.path = "attributes.email.signup.verification", .type = Type::object},
    {.path = "attributes.phone_number", .type = Type::object},
    {.path = "attributes.phone_number.identifier", .type = Type::object},
    {.path = "attributes.phone_number.identifier.active", .type = Type::boolean},
    {.path = "attributes.phone_number.identifier.default_method", .values = "password phone_otp"},
    {.path = "attributes.phone_number.profile_required", .type = Type::boolean},
    {.path = "attributes.phone_number.signup", .type = Type::object},
    {.path = "attributes.phone_number.signup.status", .values = "required optional inactive"},
    {.path = "attributes.phone_number.signup.verification", .type = Type::object},
    {.path = "attributes.username", .type = Type::object},
    {.path = "attributes.username.identifier", .type = Type::object},
    {.path = "attributes.username.identifier.active", .type = Type::boolean},
    {.path = "attributes.username.profile_required", .type = Type::boolean},
    {.path = "attributes.username.signup", .type = Type::object},
    {.path = "attributes.username.signup.status", .values = "required optional inactive"},
    {.path = "attributes.username.validation", .type = Type::object},
    {.path = "attributes.username.validation.min_length", .type = Type::number, .min = 1, .max = 128},
    {.path = "attributes.username.validation.max_length", .type = Type::number, .min = 1, .max = 128},
    {.path = "attributes.username.validation.allowed_types", .type = Type::object},
    {.path = "authentication_methods", .type = Type::object, .flags = nullable},
    {.path = "authentication_methods.password", .type = Type::object},
    {.path = "authentication_methods.password.enabled", .type = Type::boolean},
    {.path = "authentication_methods.password.api_behavior", .values = "required optional"},
    {.path = "authentication_methods.password.signup_behavior", .values = "allow block"},
    {.path = "authentication_methods.passkey", .type = Type::object},
    {.path = "authentication_methods.passkey.enabled", .type = Type::boolean},
    {.path = "authentication_methods.email_otp", .type = Type::object},
    {.path = "authentication_methods.email_otp.enabled", .type = Type::boolean},
    {.path = "authentication_methods.phone_otp", .type = Type::object},
    {.path = "authentication_methods.phone_otp.enabled", .type = Type::boolean},
    {.path = "brute_force_protection", .type = Type::boolean},
    {.path = "configuration", .type = Type::map, .flags = nullable, .max = 100},
    {.path = "configuration.*", .max = 16384},
    {.path = "customScripts", .type = Type::object, .flags = nullable},
    {.path = "customScripts.login", .min = 1, .max = code_max},
    {.path = "customScripts.get_user", .min = 1, .max = code_max},
    {.path = "customScripts.delete", .min = 1, .max = code_max},
    {.path = "customScripts.change_password", .min = 1, .max = code_max},
    {.path = "customScripts.verify", .min = 1, .max = code_max},
    {.path = "customScripts.create", .min = 1, .max = code_max},
    {.path = "customScripts.change_username", .min = 1, .max = code_max},
    {.path = "customScripts.change_email", .min = 1, .max = code_max},
    {.path = "customScripts.change_phone_number", .min = 1, .max = code_max},
    {.path = "disable_self_service_change_password", .type = Type::boolean},
    {.path = "disable_signup", .type = Type::boolean},
    {.path = "enable_script_context", .type = Type::boolean},
    {.path = "enabledDatabaseCustomization", .type = Type::boolean},
    {.path = "import_mode", .type = Type::boolean},
    {.path = "mfa", .type = Type::object},
    {.path = "mfa.active", .type = Type::boolean},
    {.path = "mfa.return_enroll_settings", .type = Type::boolean},
    {.path = "passkey_options", .type = Type::object, .flags = nullable},
    {.path = "passkey_options.challenge_ui", .values = "both autofill button"},
    {.path = "passkey_options.progressive_enrollment_enabled", .type = Type::boolean},
    {.path = "passkey_options.local_enrollment_enabled", .type = Type::boolean},
    {.path = "passwordPolicy", .flags = nullable, .values = "none low fair good excellent"},
    {.path = "password_complexity_options", .type = Type::object, .flags = nullable},
    {.path = "password_complexity_options.min_length", .type = Type::integer, .min = 1, .max = 128},
    {.path = "password_dictionary", .type = Type::object, .flags = nullable},
    {.path = "password_dictionary.enable", .type = Type::boolean, .flags = required},
    {.path = "password_dictionary.dictionary", .type = Type::array},
    {.path = "password_dictionary.dictionary[]", .max = 50},
    {.path = "password_history", .type = Type::object, .flags = nullable},
    {.path = "password_history.enable", .type = Type::boolean, .flags = required},
    {.path = "password_history.size", .type = Type::integer, .max = 24},
    {.path = "password_no_personal_info", .type = Type::object, .flags = nullable},
    {.path = "password_no_personal_info.enable", .type = Type::boolean, .flags = required},
    {.path = "password_options", .type = Type::object},
    {.path = "password_options.complexity", .type = Type::object},
    {.path = "password_options.complexity.min_length", .type = Type::integer, .min = 1, .max = 72},
    {.path = "password_options.complexity.character_types",
     .type = Type::array,
     .values = "uppercase lowercase number special"},
    {.path = "password_options.complexity.character_type_rule", .values = "all three_of_four"},
    {.path = "password_options.complexity.identical_characters", .values = "allow block"},
    {.path = "password_options.complexity.sequential_characters", .values = "allow block"},
    {.path = "password_options.complexity.max_length_exceeded", .values = "truncate error"},
    {.path = "password_options.dictionary", .type = Type::object},
    {.path = "password_options.dictionary.active", .type = Type::boolean},
    {.path = "password_options.dictionary.custom", .type = Type::array},
    {.path = "password_options.dictionary.custom[]", .max = 50},
    {.path = "password_options.dictionary.default", .values = "en_10k en_100k"},
    {.path = "password_options.history", .type = Type::object},
    {.path = "password_options.history.active", .type = Type::boolean},
    {.path = "password_options.history.size", .type = Type::integer, .min = 1, .max = 24},
    {.path = "password_options.profile_data", .type = Type::object},
    {.path = "password_options.profile_data.active", .type = Type::boolean},
    {.path = "password_options.profile_data.blocked_fields", .type = Type::array},
    {.path = "password_options.profile_data.blocked_fields[]", .max = 100},
    {.path = "precedence", .type = Type::array, .min = 3, .max = 3, .values = "email phone_number username"},
    {.path = "realm_fallback", .type = Type::boolean},
    {.path = "requires_username", .type = Type::boolean},
    {.path = "validation", .type = Type::object, .flags = nullable},
    {.path = "validation.username", .type = Type::object, .flags = nullable},
    {.path = "validation.username.min",
     .type = Type::integer,
     .flags = required,
     .min = 1,
     .max = 2147483647},
    {.path = "validation.username.max", .type = Type::integer, .flags = required, .max = 128},
};

}  // namespace

const Schema& connection_schema() {
  static const Schema schema("Connection", connection_fields);
  return schema;
}

const Schema& database_options_schema() {
  static const Schema schema("DatabaseOptions", database_option_fields, true);
  return schema;
}

}  // namespace durward::management::connection
