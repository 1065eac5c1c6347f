#include "domain/event_stream.h"

#include <algorithm>

#include "base/encoding.h"
#include "domain/event_delivery.h"

namespace durward::domain {
namespace {

constexpr std::string_view all_types[] = {
    "user.created",
    "user.updated",
    "user.deleted",
    "organization.created",
    "organization.updated",
    "organization.deleted",
    "organization.connection.added",
    "organization.connection.removed",
    "organization.connection.updated",
    "organization.member.added",
    "organization.member.deleted",
    "organization.member.role.assigned",
    "organization.member.role.deleted",
    "organization.group.role.assigned",
    "organization.group.role.deleted",
    "group.created",
    "group.updated",
    "group.deleted",
    "group.member.added",
    "group.member.deleted",
    "group.role.assigned",
    "group.role.deleted",
};

const json::Object& object_in(const json::Object& from, std::string_view name) {
  static const json::Object none;
  const auto* found = json::object(from, name);
  return found ? *found : none;
}

// RFC 7617 §2, RFC 6750 §2.1, or a header of the receiver's own.
void authorize(EventStream& stream, const json::Object& authorization, const json::Object& secrets) {
  const std::string method = json::string_or(authorization, "method");
  stream.header = "Authorization";
  if (method == "basic")
    stream.header_value = "Basic " + to_base64(json::string_or(authorization, "username") + ":" +
                                               json::string_or(secrets, "password"));
  else if (method == "bearer")
    stream.header_value = "Bearer " + json::string_or(secrets, "token");
  else {
    stream.header = json::string_or(authorization, "header_key");
    stream.header_value = json::string_or(secrets, "header_value");
  }
}

}  // namespace

std::span<const std::string_view> stream_event_types() { return all_types; }
bool is_stream_event_type(std::string_view type) {
  return std::ranges::find(all_types, type) != std::end(all_types);
}

bool EventStream::wants(std::string_view type) const {
  return is_enabled && std::ranges::find(types, type) != types.end();
}

EventStream EventStream::from_json(const json::Object& body, const json::Object& secrets) {
  EventStream out{.id = json::string_or(body, "id"),
                  .is_enabled = json::string_or(body, "status") == "enabled",
                  .created_at = parse_iso8601(json::string_or(body, "created_at")).value_or(TimePoint())};
  if (const auto* subscriptions = json::array(body, "subscriptions"))
    for (const auto& item : *subscriptions)
      out.types.push_back(json::string_or(item.as_object(), "event_type"));
  const auto& destination = object_in(body, "destination");
  const auto& configuration = object_in(destination, "configuration");
  out.action_id = json::string_or(configuration, "action_id");
  if (!out.action_id.empty()) return out;
  out.webhook_endpoint = json::string_or(configuration, "webhook_endpoint");
  authorize(out, object_in(configuration, "webhook_authorization"), secrets);
  return out;
}

json::Object cloud_event(const Event& event, const EventSource& source, std::string_view stream,
                         std::string_view purpose) {
  json::Object data = event.data;
  if (!data.contains("context"))
    data["context"] = json::Object{{"tenant", json::Object{{"id", source.tenant}}}};
  json::Object out{{"specversion", "1.0"},
                   {"type", event.type},
                   {"source", "urn:auth0:" + source.tenant + "." + source.domain},
                   {"id", event_id(event.id)},
                   {"time", to_iso8601(event.time)},
                   {"data", std::move(data)},
                   {"a0tenant", source.tenant},
                   {"a0stream", stream}};
  if (!purpose.empty()) out["a0purpose"] = purpose;
  return out;
}

}  // namespace durward::domain
