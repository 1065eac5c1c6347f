#pragma once
#include "ports/fetcher.h"
#include "ports/stream_destination.h"

namespace durward::adapters {

// POSTs the event as JSON to the stream's webhook, with its authorization; any 2xx within `webhook_time`
// means that it has arrived. Redirects are failures. The fetcher is the one for addresses that tenants name.
class Webhook : public ports::StreamDestination {
 public:
  explicit Webhook(ports::Fetcher& fetcher) : fetcher_(fetcher) {}
  Async<> deliver(domain::TenantId tenant, domain::EventStream stream, json::Object event) override;

 private:
  ports::Fetcher& fetcher_;
};

inline constexpr Milliseconds webhook_time{10'000};

}  // namespace durward::adapters
