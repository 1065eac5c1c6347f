#pragma once
#include <string>
#include <string_view>

#include "domain/tenant.h"
#include "ports/mailer.h"
#include "ports/storage/commit.h"

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
};

// `name`: one of the templates of mails.cc ("verify_email", "reset_email", "stolen_credentials" ...);
// throws std::logic_error for another.
ports::Mail render_mail(std::string_view name, const MailFacts& facts);
// The job that sends it: kind "mail".
ports::InsertJob mail_job(int64_t id, ports::Mail mail, TimePoint now);

}  // namespace durward::connections::database
