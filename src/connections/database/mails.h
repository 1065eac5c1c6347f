#pragma once
#include <string>
#include <string_view>

#include "domain/tenant.h"
#include "ports/mailer.h"
#include "ports/storage/commit.h"

// The built-in mails of the database connection. Pure text; a job sends them later.
namespace durward::connections::database {

struct MailFacts {
  std::string to, from, url, tenant_name;
  std::string product;        // friendly name of the tenant, or its name
  std::string support_email;  // shown when set
  Seconds valid{0};           // how long the link works
  std::string address;        // where attempts came from
};

// `name`: "verify_email", "reset_email", "blocked_account" or "blocked_address"; throws std::logic_error for
// another.
ports::Mail render_mail(std::string_view name, const MailFacts& facts);
// The job that sends it: kind "mail".
ports::InsertJob mail_job(int64_t id, ports::Mail mail, TimePoint now);

}  // namespace durward::connections::database
