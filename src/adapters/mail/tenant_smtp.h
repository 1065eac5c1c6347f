#pragma once
#include "adapters/mail/smtp_mailer.h"
#include "adapters/sandbox/egress_policy.h"

namespace durward::adapters {

struct TenantSmtpOptions {
  std::string ca_file;  // trusted beside the system's
  Seconds connect_timeout{10}, timeout{30};
  size_t threads = 8, queue_max = 256;
};

// Over TLS from the first byte on port 465 (RFC 8314 §3.3), with STARTTLS on every other, and never without.
// Connections are made where the policy lets customers' code connect.
class TenantSmtp : public ports::MailServers {
 public:
  TenantSmtp(TenantSmtpOptions options, sandbox::EgressPolicy policy, const Clock& clock, Random& random);
  Async<> send(ports::MailServer server, ports::Mail mail) override;

 private:
  SmtpOptions options_for(const ports::MailServer& server) const;

  const TenantSmtpOptions options_;
  const sandbox::EgressPolicy policy_;
  const Clock& clock_;
  Random& random_;
  ThreadPool pool_;
};

}  // namespace durward::adapters
