#include "adapters/event_streams/webhook.h"

#include <algorithm>

namespace durward::adapters {
namespace {

// Of the server as a whole, not of this event (RFC 9110 §15, RFC 6585 §4).
constexpr int busy_statuses[] = {408, 429, 502, 503, 504};

Result<> judge(int status) {
  if (status >= 200 && status < 300) return {};
  const bool is_busy = std::ranges::find(busy_statuses, status) != std::end(busy_statuses);
  return fail(is_busy ? ErrorKind::unavailable : ErrorKind::conflict, "webhook_refused",
              "The webhook answered " + std::to_string(status) + ".");
}

ports::Outbound request_of(const domain::EventStream& stream, const json::Object& event) {
  return {.url = stream.webhook_endpoint,
          .headers = {{"Content-Type", "application/json"},
                      {"User-Agent", "Durward"},
                      {stream.header, stream.header_value}},
          .body = json::serialize(event)};
}

}  // namespace

Async<> Webhook::deliver(domain::TenantId, domain::EventStream stream, json::Object event) {
  auto answer = co_await fetcher_.post(request_of(stream, event), webhook_time);
  if (answer) co_return judge(answer->status);
  Error error = std::move(answer).error();
  if (!error.debug.empty()) error.message = "The webhook could not be reached: " + error.debug + ".";
  co_return std::unexpected(std::move(error));
}

}  // namespace durward::adapters
