#pragma once
#include "notifications/mail_notifier.h"

namespace durward::notifications {

// Messages to phones through the tenant's provider (Auth0 Management API, branding/phone/providers). There is
// no other: without one they fail.
class PhoneMessages : public ports::Notifier {
 public:
  PhoneMessages(const ports::Services& services, ports::Fetcher& fetcher, ServiceUrls urls)
      : services_(services), fetcher_(fetcher), urls_(std::move(urls)) {}
  Async<bool> serves(domain::TenantId tenant) override;
  Async<> deliver(ports::Job job) override;
  Async<> give_up(ports::Job job) override;

 private:
  Async<> post(domain::PhoneProvider provider, ports::PhoneMessage message);

  const ports::Services& services_;
  ports::Fetcher& fetcher_;
  const ServiceUrls urls_;
};

}  // namespace durward::notifications
