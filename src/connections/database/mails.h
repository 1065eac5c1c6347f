#pragma once
#include <string>
#include <string_view>

#include "domain/connection.h"
#include "domain/user.h"
#include "ports/notifications.h"

// The built-in mails of the database connection. Pure text; a job sends them later.
namespace durward::connections::database {

struct MailFacts {
  std::string to, from;
  std::string url;  // of the one link; empty: none
  std::string tenant_name;
  std::string product;        // friendly name of the tenant, or its name
  std::string support_email;  // shown when set
  Seconds valid{0};           // how long the link works
  std::string address;        // where attempts came from
  domain::NotificationFacts about;
};

struct Scene;
// What a mail to `user` is about; the user may be one without an id.
domain::NotificationFacts about(const Scene& scene, const domain::Connection& connection,
                                const domain::User& user);

// `name`: one of the templates of mails.cc ("verify_email", "reset_email", "stolen_credentials" ...);
// throws std::logic_error for another.
ports::Mail render_mail(std::string_view name, const MailFacts& facts);

}  // namespace durward::connections::database
