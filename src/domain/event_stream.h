#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/event.h"

namespace durward::domain {

// Where events of a tenant go: a webhook, or an action of the trigger event-stream (Auth0 Management API,
// event-streams).
struct EventStream {
  std::string id;  // "est_..."
  bool is_enabled = false;
  TimePoint created_at;              // it gets nothing that happened before
  std::vector<std::string> types;    // subscribed
  std::string action_id;             // of a stream to an action; empty: a webhook
  std::string webhook_endpoint;      // https
  std::string header, header_value;  // that authorizes at the webhook; the value is a secret

  bool wants(std::string_view type) const;
  // `secrets` are those of the document, by the last word of their path: password, token, header_value.
  static EventStream from_json(const json::Object& body, const json::Object& secrets);
};

// What a stream may subscribe to. Of organizations and groups nothing happens as long as there are none.
std::span<const std::string_view> stream_event_types();
bool is_stream_event_type(std::string_view type);

// Who says it: `tenant` by name, `domain` is that of the installation.
struct EventSource {
  std::string tenant, domain;
};
// The envelope (CloudEvents 1.0 §3) of an event, as one stream gets it. `data` is {object, previous_object?};
// context {tenant {id}} is added. `purpose`: "test" for one that did not happen; empty for all others.
json::Object cloud_event(const Event& event, const EventSource& source, std::string_view stream,
                         std::string_view purpose = {});

}  // namespace durward::domain
