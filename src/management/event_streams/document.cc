#include "management/event_streams/document.h"

#include <algorithm>

#include "base/encoding.h"
#include "management/support/scripts.h"

namespace durward::management::event_streams {
namespace {

using endpoint::read_only;
using endpoint::required;
using endpoint::secret;
using endpoint::Type;

constexpr std::string_view event_types =
    "user.created user.updated user.deleted organization.created organization.updated organization.deleted "
    "organization.connection.added organization.connection.removed organization.connection.updated "
    "organization.member.added organization.member.deleted organization.member.role.assigned "
    "organization.member.role.deleted organization.group.role.assigned organization.group.role.deleted "
    "group.created group.updated group.deleted group.member.added group.member.deleted group.role.assigned "
    "group.role.deleted";

constexpr endpoint::Field stream_fields[] = {
    {.path = "id", .flags = read_only},
    {.path = "name", .min = 1, .max = 128},
    {.path = "subscriptions", .type = Type::array, .min = 1, .max = 100},
    {.path = "subscriptions[].event_type", .flags = required, .values = event_types},
    {.path = "destination", .type = Type::object, .flags = required},
    {.path = "destination.type", .flags = required, .values = "webhook action eventbridge"},
    {.path = "destination.configuration", .type = Type::object, .flags = required},
    {.path = "destination.configuration.webhook_endpoint", .max = 2000, .format = "https-uri"},
    {.path = "destination.configuration.webhook_authorization", .type = Type::object},
    {.path = "destination.configuration.webhook_authorization.method",
     .flags = required,
     .values = "basic bearer custom_header"},
    {.path = "destination.configuration.webhook_authorization.username", .min = 1, .max = 255},
    {.path = "destination.configuration.webhook_authorization.password",
     .flags = secret,
     .min = 1,
     .max = 2048},
    {.path = "destination.configuration.webhook_authorization.token", .flags = secret, .min = 1, .max = 4096},
    {.path = "destination.configuration.webhook_authorization.header_key",
     .min = 1,
     .max = 255,
     .format = "/^[A-Za-z0-9_-]+$/"},
    {.path = "destination.configuration.webhook_authorization.header_value",
     .flags = secret,
     .min = 1,
     .max = 4096},
    {.path = "destination.configuration.action_id", .min = 1, .max = 255},
    {.path = "destination.configuration.aws_account_id"},
    {.path = "destination.configuration.aws_region"},
    {.path = "destination.configuration.aws_partner_event_source"},
    {.path = "status", .values = "enabled disabled", .fallback = "\"enabled\""},
    {.path = "created_at", .flags = read_only, .format = "date-time"},
    {.path = "updated_at", .flags = read_only, .format = "date-time"},
};
constexpr endpoint::Field test_fields[] = {
    {.path = "event_type", .flags = required, .values = event_types},
    {.path = "data", .type = Type::map, .max = 1000},
    {.path = "data.*", .type = Type::any},
};
constexpr endpoint::Field redelivery_fields[] = {
    {.path = "date_from", .format = "date-time"},
    {.path = "date_to", .format = "date-time"},
    {.path = "statuses", .type = Type::array, .max = 10, .values = "failed"},
    {.path = "event_types", .type = Type::array, .max = 100, .values = event_types},
};

// How a webhook is told who calls: the member that is shown, and the one that is a secret.
struct Method {
  std::string_view name, shown, secret;
};
constexpr Method methods[] = {{"basic", "username", "password"},
                              {"bearer", "", "token"},
                              {"custom_header", "header_key", "header_value"}};

constexpr std::string_view authorization_path = "destination.configuration.webhook_authorization.";
constexpr std::string_view secret_paths[] = {"destination.configuration.webhook_authorization.password",
                                             "destination.configuration.webhook_authorization.token",
                                             "destination.configuration.webhook_authorization.header_value"};

// What the client of the webhook says itself, or what would be two messages (RFC 9110 §7.2, RFC 9112 §6).
constexpr std::string_view own_headers[] = {"host", "content-length", "content-type", "connection",
                                            "transfer-encoding"};

const json::Object& object_in(const json::Object& from, std::string_view name) {
  static const json::Object none;
  const auto* found = json::object(from, name);
  return found ? *found : none;
}
const json::Object& authorization_in(const json::Object& destination) {
  return object_in(object_in(destination, "configuration"), "webhook_authorization");
}

const Method& method_of(const json::Object& authorization) {
  return *std::ranges::find(methods, json::string_or(authorization, "method"), &Method::name);
}

std::unexpected<Error> missing(std::string_view member) {
  return invalid_body("Payload validation error: 'Missing required property: " + std::string(member) +
                      "' on property destination.configuration.");
}

bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Result<> check_authorization(const json::Object& authorization, bool keeps_secret) {
  const Method& method = method_of(authorization);
  if (!method.shown.empty() && !authorization.contains(method.shown)) return missing(method.shown);
  if (!authorization.contains(method.secret) && !keeps_secret) return missing(method.secret);
  for (const auto& other : methods)
    for (const auto name : {other.shown, other.secret})
      if (&other != &method && !name.empty() && authorization.contains(name))
        return invalid_body("The method '" + std::string(method.name) + "' has no '" + std::string(name) +
                            "'.");
  const std::string header = to_lower(json::string_or(authorization, "header_key"));
  if (std::ranges::find(own_headers, header) != std::end(own_headers))
    return invalid_body("The header '" + header + "' cannot be set.");
  if (!is_header_value(json::string_or(authorization, method.secret)))
    return invalid_body("The " + std::string(method.secret) + " holds characters that no header can carry.");
  return {};
}

Result<> check_endpoint(std::string_view url) {
  const auto authority = url.substr(8, url.find_first_of("/?", 8) - 8);
  if (!url.starts_with("https://") || url.contains('#') || authority.contains('@'))
    return invalid_body("The webhook_endpoint begins with https:// and has neither a user nor a fragment.");
  return {};
}

Result<> check_webhook(const json::Object& configuration, bool keeps_secret) {
  const auto url = json::string(configuration, "webhook_endpoint");
  if (!url) return missing("webhook_endpoint");
  ENSURE(check_endpoint(*url));
  if (!configuration.contains("webhook_authorization")) return missing("webhook_authorization");
  return check_authorization(object_in(configuration, "webhook_authorization"), keeps_secret);
}

// Members of one destination are not those of another.
Result<> check_members(const json::Object& configuration, std::string_view type) {
  const std::string prefix = type == "webhook" ? "webhook_" : "action_id";
  for (const auto& member : configuration)
    if (!std::string_view(member.key()).starts_with(prefix))
      return invalid_body("A destination of type '" + std::string(type) + "' has no '" +
                          std::string(member.key()) + "'.");
  return {};
}

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  const std::string action = action_of(body);
  if (action.empty()) return {};
  return {{std::string(named_action_key), action}};
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::event_streams,
    .id_member = "id",
    .plural = "eventStreams",
    .missing = {ErrorKind::not_found, "inexistent_event_stream", "The event stream does not exist."},
    .taken = {ErrorKind::conflict, "event_stream_conflict", "The event stream exists already."},
    .keys = document_keys,
    .secrets = secret_paths,
};

const endpoint::Schema& stream_schema() {
  static const endpoint::Schema made("EventStream", stream_fields);
  return made;
}
const endpoint::Schema& test_schema() {
  static const endpoint::Schema made("EventStreamTest", test_fields);
  return made;
}
const endpoint::Schema& redelivery_schema() {
  static const endpoint::Schema made("EventStreamRedelivery", redelivery_fields);
  return made;
}

Result<> check_destination(const json::Object& destination, bool keeps_secret) {
  const std::string type = json::string_or(destination, "type");
  if (type == "eventbridge")
    return invalid_body("Amazon EventBridge is not available here: a destination is a webhook or an action.");
  const auto& configuration = object_in(destination, "configuration");
  ENSURE(check_members(configuration, type));
  if (type == "webhook") return check_webhook(configuration, keeps_secret);
  if (!configuration.contains("action_id")) return missing("action_id");
  return {};
}

Result<> check_same_type(const json::Object& before, const json::Object& destination) {
  const std::string type = json::string_or(object_in(before, "destination"), "type");
  if (type == json::string_or(destination, "type")) return {};
  return invalid_body("The destination of this event stream stays a '" + type +
                      "': make another stream instead.");
}

bool is_same_method(const json::Object& before, const json::Object& destination) {
  const std::string method = json::string_or(authorization_in(destination), "method");
  return !method.empty() &&
         method == json::string_or(authorization_in(object_in(before, "destination")), "method");
}

void drop_other_secrets(json::Object& patch) {
  const auto& authorization = authorization_in(object_in(patch, "destination"));
  json::Object sealed = object_in(patch, "_sealed");
  for (const auto& method : methods)
    if (json::string_or(authorization, "method") != method.name)
      sealed[std::string(authorization_path) + std::string(method.secret)] = nullptr;
  patch["_sealed"] = std::move(sealed);
}

std::string action_of(const json::Object& body) {
  return json::string_or(object_in(object_in(body, "destination"), "configuration"), "action_id");
}

json::Object shown(json::Object body) {
  body.stable_erase("_sealed");
  return body;
}

}  // namespace durward::management::event_streams
