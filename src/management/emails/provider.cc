#include <algorithm>

#include "domain/mail_address.h"
#include "domain/notification.h"
#include "management/emails/emails.h"
#include "management/emails/fields.h"
#include "management/support/scripts.h"

namespace durward::management::emails {
namespace {

constexpr std::string_view secrets[] = {"credentials.api_key", "credentials.smtp_pass"};

std::vector<ports::DocumentKey> document_keys(const json::Object&) { return {}; }

// ---- what fits together: each provider has credentials and settings of its own

std::unexpected<Error> bad(const std::string& what, const std::string& property) {
  return invalid_body("Payload validation error: '" + what + "' on property " + property + ".");
}

bool has_word(std::string_view words, std::string_view word) {
  const std::string padded = " " + std::string(words) + " ";
  return padded.contains(" " + std::string(word) + " ");
}

template <class Use>
Result<> for_each_word(std::string_view words, Use use) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    ENSURE(use(words.substr(0, end)));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return {};
}

const json::Object& object_at(const json::Object& body, std::string_view name) {
  static const json::Object none;
  const auto* found = json::object(body, name);
  return found ? *found : none;
}

// Given, here or among what was sealed before.
bool has_credential(const json::Object& body, std::string_view name) {
  const auto* open = object_at(body, "credentials").if_contains(name);
  const auto* sealed = object_at(body, "_sealed").if_contains("credentials." + std::string(name));
  return (open && !open->is_null()) || (sealed && !sealed->is_null());
}

Result<const domain::MailService*> service_of(const json::Object& body) {
  const std::string name = json::string_or(body, "name");
  if (const auto* service = domain::find_mail_service(name)) return service;
  std::string names;
  for (const auto& one : domain::mail_services())
    names += (names.empty() ? "" : ", ") + std::string(one.name);
  return bad("The provider " + name + " cannot be used here; those that can are " + names, "name");
}

Result<> check_credentials(const json::Object& body, const domain::MailService& service) {
  const std::string name(service.name);
  for (const auto& member : object_at(body, "credentials"))
    if (!has_word(service.required, member.key()) && !has_word(service.optional, member.key()))
      return bad(name + " has no such credential", "credentials." + std::string(member.key()));
  ENSURE(for_each_word(service.required, [&](std::string_view word) -> Result<> {
    if (has_credential(body, word)) return {};
    return bad("Missing required property: " + std::string(word), "credentials");
  }));
  if (has_credential(body, "smtp_user") != has_credential(body, "smtp_pass"))
    return bad("smtp_user and smtp_pass belong together", "credentials");
  const std::string region = json::string_or(object_at(body, "credentials"), "region", "us");
  if (region != "us" && region != "eu") return bad("No enum match for: " + region, "credentials.region");
  return {};
}

// Settings that the provider would never see are refused.
struct Setting {
  std::string_view group, name, service;
};
constexpr Setting settings[] = {{"message", "view_content_link", "mandrill"},
                                {"headers", "X-MC-ViewContentLink", "smtp"},
                                {"headers", "X-SES-Configuration-Set", "smtp"}};

Result<> check_settings(const json::Object& body, const domain::MailService& service) {
  for (const auto& group : object_at(body, "settings"))
    for (const auto& member : object_at(object_at(body, "settings"), group.key()))
      if (std::ranges::none_of(settings, [&](const Setting& one) {
            return one.group == group.key() && one.name == member.key() && one.service == service.name;
          }))
        return bad(std::string(service.name) + " has no such setting",
                   "settings." + std::string(group.key()) + "." + std::string(member.key()));
  return {};
}

Result<> check(const json::Object& body) {
  TRY(const auto* service, service_of(body));
  ENSURE(check_credentials(body, *service));
  ENSURE(check_settings(body, *service));
  const std::string from = json::string_or(body, "default_from_address");
  if (!from.empty() && !domain::parse_mail_address(from))
    return bad("Object didn't pass validation for format email: " + from, "default_from_address");
  return {};
}

// The action behind "custom" has to be there first.
Async<> check_action(const ports::Services& services, domain::TenantId tenant, const json::Object& body) {
  if (json::string_or(body, "name") != domain::custom_provider) co_return Result<>();
  CO_TRY(const bool deployed,
         co_await has_deployed_action(services, tenant, std::string(domain::mail_trigger)));
  if (deployed) co_return Result<>();
  co_return fail(ErrorKind::not_found, "custom_email_provider_deployed_action_not_found",
                 "No action with the trigger custom-email-provider is deployed.");
}

// A secret was given for one provider and one server: it goes to no other.
bool is_elsewhere(const json::Object& body, const json::Object& patch) {
  if (patch.contains("name") && patch.at("name") != body.at("name")) return true;
  const auto host = json::string(object_at(patch, "credentials"), "smtp_host");
  return host && *host != json::string_or(object_at(body, "credentials"), "smtp_host");
}

// ---- handlers

json::Object shown(json::Object body) {
  for (const auto name : {"id", "_sealed"}) body.stable_erase(name);
  return body;
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), std::string(provider_id)));
  co_return ok(select_fields(call.query, shown(std::move(document.body))));
}

Async<Reply> create(const ports::Services& services, Call call) {
  CO_ENSURE(check(call.object()));
  CO_ENSURE(co_await check_action(services, call.tenant(), call.object()));
  json::Object body{{"id", provider_id}};
  for (const auto& member : call.object()) body[member.key()] = member.value();
  CO_TRY(body, co_await seal(services, resource, call.tenant(), std::move(body)));
  CO_ENSURE(
      co_await insert(services, resource, call.tenant(), body, {api_record(services, call, shown(body))}));
  co_return ok(shown(std::move(body)));
}

Async<Reply> change(const ports::Services& services, Call call) {
  CO_ENSURE(co_await check_action(services, call.tenant(), call.object()));
  CO_TRY(auto patch, co_await seal(services, resource, call.tenant(), call.object()));
  Change apply = [patch](json::Object& body) -> Result<> {
    if (is_elsewhere(body, patch)) {
      body.stable_erase("_sealed");
      body["credentials"] = json::Object();
    }
    constexpr std::string_view merged[] = {"_sealed"};
    endpoint::merge_patch(body, patch, merged);
    return check(body);
  };
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), std::string(provider_id),
                                    std::move(apply), {api_record(services, call)}));
  co_return ok(shown(std::move(body)));
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  CO_ENSURE(co_await remove(services, resource, call.tenant(), std::string(provider_id),
                            {api_record(services, call)}));
  co_return no_content();
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::email_providers,
    .id_member = "id",
    .plural = "providers",
    .missing = {ErrorKind::not_found, "inexistent_email_provider", "There is no configured email provider."},
    .taken = {ErrorKind::conflict, "email_provider_conflict",
              "There is a configured email provider already."},
    .keys = document_keys,
    .secrets = secrets,
};

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string path = "/api/v2/emails/provider", tag = "emails";
  const auto* schema = &provider_schema();
  return {
      {.id = "get_email_provider",
       .method = get,
       .path = path,
       .tag = tag,
       .summary = "Get email provider",
       .scopes = {"read:email_provider"},
       .rate = management_read,
       .query = fields_query(),
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "create_email_provider",
       .method = post,
       .path = path,
       .tag = tag,
       .summary = "Configure email provider",
       .scopes = {"create:email_provider"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "update_email_provider",
       .method = patch,
       .path = path,
       .tag = tag,
       .summary = "Update email provider",
       .scopes = {"update:email_provider"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_email_provider",
       .method = delete_,
       .path = path,
       .tag = tag,
       .summary = "Delete email provider",
       .scopes = {"delete:email_provider"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
  };
}

}  // namespace durward::management::emails
