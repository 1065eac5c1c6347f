#include "management/prompts/prompts.h"

namespace durward::management::prompts {
namespace {

using endpoint::nullable;
using endpoint::Type;

constexpr endpoint::Field fields[] = {
    {.path = "universal_login_experience", .values = "new classic"},
    {.path = "identifier_first", .type = Type::boolean, .flags = nullable},
    {.path = "webauthn_platform_first_factor", .type = Type::boolean, .flags = nullable},
};
const endpoint::Schema& schema() {
  static const endpoint::Schema made("Prompts", fields);
  return made;
}

constexpr std::string_view defaults =
    R"({"universal_login_experience":"new","identifier_first":false,"webauthn_platform_first_factor":false})";

std::vector<ports::DocumentKey> document_keys(const json::Object&) { return {}; }

json::Object render(json::Object body) {
  body.stable_erase("id");
  return body;
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), "prompts"));
  co_return ok(render(std::move(document.body)));
}

Async<Reply> change(const ports::Services& services, Call call) {
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), "prompts", merging(call.object()),
                                    {api_record(services, call)}));
  co_return ok(render(std::move(body)));
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::prompts,
    .id_member = "id",
    .plural = "prompts",
    .missing = {ErrorKind::not_found, "", "There are no prompt settings."},
    .taken = {ErrorKind::conflict, "", "The prompt settings exist already."},
    .keys = document_keys,
};

json::Object new_prompts() {
  auto body = *json::parse_object(defaults);
  body["id"] = "prompts";
  return body;
}

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  return {
      {.id = "get_prompts",
       .method = get,
       .path = "/api/v2/prompts",
       .tag = "prompts",
       .summary = "Get prompt settings",
       .scopes = {"read:prompts"},
       .rate = management_read,
       .reply = &schema(),
       .handler = handler<read>(services)},
      {.id = "update_prompts",
       .method = patch,
       .path = "/api/v2/prompts",
       .tag = "prompts",
       .summary = "Update prompt settings",
       .scopes = {"update:prompts"},
       .rate = management_write,
       .body = &schema(),
       .reply = &schema(),
       .handler = handler<change>(services)},
  };
}

}  // namespace durward::management::prompts
