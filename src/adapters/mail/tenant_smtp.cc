#include "adapters/mail/tenant_smtp.h"

namespace durward::adapters {
namespace {

constexpr uint16_t submissions = 465;  // RFC 8314 §7.3

}  // namespace

TenantSmtp::TenantSmtp(TenantSmtpOptions options, sandbox::EgressPolicy policy, const Clock& clock,
                       Random& random)
    : options_(std::move(options)),
      policy_(std::move(policy)),
      clock_(clock),
      random_(random),
      pool_("tenant-smtp", options_.threads, options_.queue_max) {
  initialise_smtp();
}

SmtpOptions TenantSmtp::options_for(const ports::MailServer& server) const {
  const char* scheme = server.port == submissions ? "smtps://" : "smtp://";
  SmtpOptions out;
  out.url = scheme + server.host + ":" + std::to_string(server.port);
  out.username = server.user;
  out.password = server.password;
  out.ca_file = options_.ca_file;
  out.connect_timeout = options_.connect_timeout;
  out.timeout = options_.timeout;
  out.allows = [this, server](const http::IpAddress& address) {
    return policy_.allows(address, server.host, server.port);
  };
  return out;
}

Async<> TenantSmtp::send(ports::MailServer server, ports::Mail mail) {
  const auto options = options_for(server);
  co_return co_await pool_.run([&] { return send_over_smtp(options, mail, clock_.now(), random_); });
}

}  // namespace durward::adapters
