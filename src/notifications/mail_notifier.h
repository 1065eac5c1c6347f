#pragma once
#include <map>

#include "ports/fetcher.h"
#include "ports/notifications.h"
#include "ports/services.h"

namespace durward::notifications {

// The addresses of services that the operator moved somewhere else, by name.
using ServiceUrls = std::map<std::string, std::string, std::less<>>;
// How long a service may take.
inline constexpr Milliseconds service_time{10'000};

// Mails of tenants without a provider of their own: through the installation's mail server.
class InstallationMails : public ports::Notifier {
 public:
  InstallationMails(const ports::Services& services, ports::Mailer& mailer)
      : services_(services), mailer_(mailer) {}
  Async<bool> serves(domain::TenantId tenant) override;
  Async<> deliver(ports::Job job) override;
  Async<> give_up(ports::Job job) override;

 private:
  const ports::Services& services_;
  ports::Mailer& mailer_;
};

// Mails of tenants that chose who sends them (Auth0 Management API, emails/provider).
class TenantMails : public ports::Notifier {
 public:
  TenantMails(const ports::Services& services, ports::MailServers& servers, ports::Fetcher& fetcher,
              ServiceUrls urls)
      : services_(services), servers_(servers), fetcher_(fetcher), urls_(std::move(urls)) {}
  Async<bool> serves(domain::TenantId tenant) override;
  Async<> deliver(ports::Job job) override;
  Async<> give_up(ports::Job job) override;

 private:
  Async<> hand_over(domain::MailProvider provider, ports::Mail mail);
  Async<> post(domain::MailProvider provider, ports::Mail mail);

  const ports::Services& services_;
  ports::MailServers& servers_;
  ports::Fetcher& fetcher_;
  const ServiceUrls urls_;
};

}  // namespace durward::notifications
