#include "domain/notification.h"

#include <algorithm>

namespace durward::domain {
namespace {

constexpr MailService services[] = {
    {custom_provider, "", "", ""},
    {"mailgun", "api_key domain", "region", "api_key"},
    {"mandrill", "api_key", "", "api_key"},
    {"resend", "api_key", "", "api_key"},
    {"sendgrid", "api_key", "", "api_key"},
    {"smtp", "smtp_host smtp_port", "smtp_user smtp_pass", "smtp_pass"},
    {"sparkpost", "api_key", "region", "api_key"},
};

json::Object object_or_empty(const json::Object& from, std::string_view name) {
  const auto* found = json::object(from, name);
  return found ? *found : json::Object();
}

constexpr std::pair<std::string_view, std::string NotificationFacts::*> facts[] = {
    {"user_id", &NotificationFacts::user_id},       {"client_id", &NotificationFacts::client_id},
    {"connection", &NotificationFacts::connection}, {"ip", &NotificationFacts::ip},
    {"user_agent", &NotificationFacts::user_agent}, {"hostname", &NotificationFacts::hostname},
    {"method", &NotificationFacts::method}};

}  // namespace

json::Object NotificationFacts::to_json() const {
  json::Object out;
  for (const auto& [name, member] : facts)
    if (!(this->*member).empty()) out[name] = this->*member;
  return out;
}

NotificationFacts NotificationFacts::from_json(const json::Object& object) {
  NotificationFacts out;
  for (const auto& [name, member] : facts) out.*member = json::string_or(object, name);
  return out;
}

std::span<const MailService> mail_services() { return services; }

const MailService* find_mail_service(std::string_view name) {
  const auto found = std::ranges::find(services, name, &MailService::name);
  return found == std::end(services) ? nullptr : found;
}

MailProvider MailProvider::from_json(const json::Object& document) {
  return {.name = json::string_or(document, "name"),
          .enabled = json::boolean_or(document, "enabled", true),
          .default_from = json::string_or(document, "default_from_address"),
          .credentials = object_or_empty(document, "credentials"),
          .settings = object_or_empty(document, "settings")};
}

PhoneProvider PhoneProvider::from_json(const json::Object& document) {
  return {.id = json::string_or(document, "id"),
          .name = json::string_or(document, "name"),
          .disabled = json::boolean_or(document, "disabled", false),
          .configuration = object_or_empty(document, "configuration"),
          .auth_token = json::string_or(object_or_empty(document, "credentials"), "auth_token")};
}

}  // namespace durward::domain
