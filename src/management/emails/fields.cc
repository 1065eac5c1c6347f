#include "management/emails/fields.h"

namespace durward::management::emails {
namespace {

using endpoint::nullable;
using endpoint::required;
using endpoint::secret;
using endpoint::Type;

// Auth0 Management API, emails/provider. Which names can be used here, and with which credentials, is the
// table of domain/notification.h: the whole list is known, so that the refusal can say so.
constexpr endpoint::Field fields[] = {
    {.path = "name",
     .flags = required,
     .values = "mailgun mandrill sendgrid resend ses sparkpost smtp azure_cs ms365 custom"},
    {.path = "enabled", .type = Type::boolean, .fallback = "true"},
    {.path = "default_from_address", .max = 320},
    {.path = "credentials", .type = Type::object, .flags = required},
    {.path = "credentials.api_key", .flags = secret, .min = 1, .max = 4096},
    {.path = "credentials.accessKeyId", .min = 1, .max = 4096},
    {.path = "credentials.secretAccessKey", .flags = secret, .min = 1, .max = 4096},
    {.path = "credentials.region", .flags = nullable, .min = 1, .max = 64},
    {.path = "credentials.smtp_host",
     .min = 1,
     .max = 253,
     .format = "/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/"},
    {.path = "credentials.smtp_port", .type = Type::integer, .min = 1, .max = 65535},
    {.path = "credentials.smtp_user", .min = 1, .max = 4096},
    {.path = "credentials.smtp_pass", .flags = secret, .min = 1, .max = 4096},
    {.path = "credentials.domain",
     .min = 4,
     .max = 253,
     .format = "/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/"},
    {.path = "credentials.connectionString", .flags = secret, .min = 1, .max = 4096},
    {.path = "credentials.tenantId", .min = 1, .max = 4096},
    {.path = "credentials.clientId", .min = 1, .max = 4096},
    {.path = "credentials.clientSecret", .flags = secret, .min = 1, .max = 4096},
    {.path = "settings", .type = Type::object, .flags = nullable},
    {.path = "settings.message", .type = Type::object, .flags = nullable},
    {.path = "settings.message.view_content_link", .type = Type::boolean},
    {.path = "settings.message.configuration_set_name", .max = 64},
    {.path = "settings.headers", .type = Type::object, .flags = nullable},
    {.path = "settings.headers.X-MC-ViewContentLink", .values = "true false"},
    {.path = "settings.headers.X-SES-Configuration-Set", .max = 64, .format = "/^[A-Za-z0-9_-]*$/"},
};

}  // namespace

const endpoint::Schema& provider_schema() {
  static const endpoint::Schema made("EmailProvider", fields);
  return made;
}

}  // namespace durward::management::emails
