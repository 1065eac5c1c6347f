#include "management/branding/branding.h"

namespace durward::management::branding {
namespace {

using endpoint::nullable;
using endpoint::Type;

constexpr endpoint::Field fields[] = {
    {.path = "colors", .type = Type::object, .flags = nullable},
    {.path = "colors.primary", .flags = nullable, .format = "/^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/"},
    {.path = "colors.page_background", .type = Type::any},
    {.path = "favicon_url", .flags = nullable, .max = 4096, .format = "strict-https-uri-or-null"},
    {.path = "logo_url", .flags = nullable, .max = 4096, .format = "strict-https-uri-or-null"},
    {.path = "font", .type = Type::object, .flags = nullable},
    {.path = "font.url", .flags = nullable, .max = 4096, .format = "strict-https-uri-or-null"},
    {.path = "identifiers", .type = Type::object, .flags = nullable},
};
constexpr endpoint::Field gradient_fields[] = {
    {.path = "type", .flags = endpoint::required, .values = "linear-gradient"},
    {.path = "start", .flags = endpoint::required, .format = "/^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/"},
    {.path = "end", .flags = endpoint::required, .format = "/^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/"},
    {.path = "angle_deg", .type = Type::integer, .flags = endpoint::required, .min = -360, .max = 360},
};
const endpoint::Schema& schema() {
  static const endpoint::Schema made("Branding", fields);
  return made;
}
const endpoint::Schema& gradient_schema() {
  static const endpoint::Schema made("Gradient", gradient_fields);
  return made;
}

std::vector<ports::DocumentKey> document_keys(const json::Object&) { return {}; }

// The background is a colour or a gradient. It goes into a style sheet, so nothing else may pass.
Result<> check_background(json::Object& patch) {
  auto* colors = patch.if_contains("colors");
  auto* background =
      colors && colors->is_object() ? colors->get_object().if_contains("page_background") : nullptr;
  if (!background || background->is_null()) return {};
  if (background->is_object()) return gradient_schema().check_create(background->get_object());
  json::Object color = {{"start", *background}};
  if (!gradient_schema().check_update(color))
    return invalid_body(
        "Payload validation error: 'The value is neither a colour nor a gradient' on property "
        "colors.page_background.");
  return {};
}

json::Object render(json::Object body) {
  body.stable_erase("id");
  return body;
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), "branding"));
  co_return ok(render(std::move(document.body)));
}

Async<Reply> change(const ports::Services& services, Call call) {
  json::Object patch = call.object();
  CO_ENSURE(check_background(patch));
  Change apply = [patch](json::Object& body) -> Result<> {
    constexpr std::string_view merged[] = {"colors", "font"};
    endpoint::merge_patch(body, patch, merged);
    return {};
  };
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), "branding", std::move(apply),
                                    {api_record(services, call)}));
  co_return ok(render(std::move(body)));
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::branding,
    .id_member = "id",
    .plural = "branding",
    .missing = {ErrorKind::not_found, "", "There is no branding."},
    .taken = {ErrorKind::conflict, "", "The branding exists already."},
    .keys = document_keys,
};

json::Object new_branding() {
  json::Object body;
  body["id"] = "branding";
  return body;
}

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  return {
      {.id = "get_branding",
       .method = get,
       .path = "/api/v2/branding",
       .tag = "branding",
       .summary = "Get branding settings",
       .scopes = {"read:branding"},
       .rate = management_read,
       .reply = &schema(),
       .handler = handler<read>(services)},
      {.id = "update_branding",
       .method = patch,
       .path = "/api/v2/branding",
       .tag = "branding",
       .summary = "Update branding settings",
       .scopes = {"update:branding"},
       .rate = management_write,
       .body = &schema(),
       .reply = &schema(),
       .handler = handler<change>(services)},
  };
}

}  // namespace durward::management::branding
