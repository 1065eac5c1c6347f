#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/task.h"
#include "domain/notification.h"

namespace durward::ports {

struct Mail {
  std::string from, to, subject, text, html;
  std::string tenant;         // its name
  std::string template_name;  // "verify_email", "reset_email", ...
  domain::NotificationFacts about;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones, as the provider's settings say
};

// Sends one mail or fails with `unavailable` (worth a retry) or `invalid` (never will).
class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual Async<> send(Mail mail) = 0;
};

// A mail server of a tenant's choice.
struct MailServer {
  std::string host;  // a name or an IPv4 address
  uint16_t port = 587;
  std::string user, password;  // empty: nobody signs in
};

// Sends mails through servers that tenants name, so only where the operator lets tenants' connections go, and
// only over TLS. Errors as Mailer; invalid/"private_address" for a server that is not public. Thread-safe.
class MailServers {
 public:
  virtual ~MailServers() = default;
  virtual Async<> send(MailServer server, Mail mail) = 0;
};

}  // namespace durward::ports
