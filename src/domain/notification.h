#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"

// Who delivers a tenant's mails and phone messages, as the tenant chose (Auth0 Management API, emails and
// branding/phone).
namespace durward::domain {

// What a notification is about, for the tenant's own code and its log. Each may be empty.
struct NotificationFacts {
  std::string user_id, client_id, connection;    // name of the connection
  std::string ip, user_agent, hostname, method;  // of the request that caused it

  json::Object to_json() const;
  static NotificationFacts from_json(const json::Object& object);
};

// A mail provider that can be named, and the members of its credentials, space separated. The secret ones are
// sealed and never shown.
struct MailService {
  std::string_view name, required, optional, secret;
};
std::span<const MailService> mail_services();
const MailService* find_mail_service(std::string_view name);

struct MailProvider {
  std::string name;  // of mail_services()
  bool enabled = true;
  std::string default_from;            // empty: the installation's
  json::Object credentials, settings;  // with the secrets in the clear

  static MailProvider from_json(const json::Object& document);
};

struct PhoneProvider {
  std::string id, name;  // "twilio", "custom"
  bool disabled = false;
  json::Object configuration;  // default_from, mssid, sid, delivery_methods
  std::string auth_token;

  static PhoneProvider from_json(const json::Object& document);
};

// Absent: none was chosen.
struct NotificationProviders {
  std::optional<MailProvider> mail;
  std::optional<PhoneProvider> phone;

  // Whether the tenant's mails are its own provider's to send.
  bool sends_mail() const { return mail && mail->enabled; }
};

// Triggers of the actions behind the provider "custom", and that name.
inline constexpr std::string_view custom_provider = "custom", mail_trigger = "custom-email-provider",
                                  phone_trigger = "custom-phone-provider";

}  // namespace durward::domain
