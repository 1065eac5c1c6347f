#include "management/attack_protection/attack_protection.h"

#include <algorithm>

#include "domain/attack_protection.h"
#include "http/address.h"
#include "management/attack_protection/fields.h"

namespace durward::management::attack_protection {
namespace {

constexpr int attempts_max = 5;
constexpr std::string_view providers[] = {
    "",         "arkose",       "auth_challenge",       "friendly_captcha",
    "hcaptcha", "recaptcha_v2", "recaptcha_enterprise", "simple_captcha"};
constexpr std::string_view captcha_secrets[] = {"arkose.secret", "hcaptcha.secret", "friendly_captcha.secret",
                                                "recaptcha_v2.secret", "recaptcha_enterprise.api_key"};

std::vector<ports::DocumentKey> document_keys(const json::Object&) { return {}; }

std::unexpected<Error> bad_value(const std::string& what, const std::string& property) {
  return invalid_body("Payload validation error: '" + what + "' on property " + property + ".");
}

// An entry that matches nothing would be trusted to let somebody in, so it is refused.
Result<> check_addresses(const json::Object& body) {
  const auto addresses = json::strings(body, "allowlist");
  for (size_t i = 0; i < addresses.size(); ++i)
    if (!http::Networks::parse({addresses[i]}))
      return bad_value("Object didn't pass validation for format ip-or-cidr: " + addresses[i].substr(0, 64),
                       "allowlist." + std::to_string(i));
  return {};
}

Result<> check_provider(const json::Object& body) {
  const auto provider = json::string(body, "active_provider_id");
  if (!provider || std::ranges::find(providers, *provider) != std::end(providers)) return {};
  return bad_value("No enum match for: " + *provider, "active_provider_id");
}

Result<> check(const Settings& settings, const json::Object& patch) {
  if (!settings.always.empty() && !patch.contains(settings.always))
    return invalid_body(
        "Payload validation error: 'Missing required property: " + std::string(settings.always) + "'.");
  ENSURE(check_addresses(patch));
  return check_provider(patch);
}

// Stages and their numbers are settings of their own: whoever changes one leaves the others.
void merge(json::Object& target, const json::Object& patch, int depth) {
  for (const auto& member : patch) {
    json::Value* old = target.if_contains(member.key());
    if (depth > 0 && old && old->is_object() && member.value().is_object())
      merge(old->get_object(), member.value().get_object(), depth - 1);
    else
      target[member.key()] = member.value();
  }
}
constexpr int stage_depth = 2;

void apply(json::Object& body, const json::Object& patch) {
  for (const auto& member : patch) {
    const bool deep = member.key() == "stage" || member.key() == "_sealed";
    json::Object one;
    one[member.key()] = member.value();
    merge(body, one, deep ? stage_depth : 0);
  }
}

Async<ports::Document> current(const ports::Services& services, domain::TenantId tenant, std::string name,
                               bool& stored) {
  CO_TRY(auto found, co_await services.documents.find(tenant, resource.collection, name));
  stored = found.has_value();
  if (found) co_return *std::move(found);
  const TimePoint now = services.clock.now();
  co_return ports::Document{
      .id = name, .body = domain::default_attack_protection(name), .created_at = now, .updated_at = now};
}

ports::Write writing(ports::Document document, bool stored) {
  if (stored) return ports::ReplaceDocument{resource.collection, std::move(document), {}};
  return ports::InsertDocument{resource.collection, std::move(document), {}};
}

bool was_overtaken(const Error& error) {
  return error.code == "version_changed" || error.code == "document_exists";
}

// As management::update, for a document that may not be there yet.
Async<json::Object> store(const ports::Services& services, domain::TenantId tenant, std::string name,
                          json::Object patch, ports::Write record) {
  for (int attempt = 1;; ++attempt) {
    bool stored = false;
    CO_TRY(auto document, co_await current(services, tenant, name, stored));
    apply(document.body, patch);
    document.updated_at = services.clock.now();
    json::Object body = document.body;
    ports::Writes writes;
    writes.push_back(writing(std::move(document), stored));
    writes.push_back(record);
    auto done = co_await services.committer.commit(tenant, std::move(writes));
    if (done) co_return body;
    if (!was_overtaken(done.error()) || attempt == attempts_max) co_return std::unexpected(done.error());
  }
}

Async<Reply> read(const ports::Services& services, const Settings& settings, Call call) {
  bool stored = false;
  CO_TRY(auto document, co_await current(services, call.tenant(), std::string(settings.name), stored));
  CO_TRY(auto shown, co_await reveal(services, resource, call.tenant(), std::move(document.body), false));
  co_return ok(std::move(shown));
}

Async<Reply> change(const ports::Services& services, const Settings& settings, Call call) {
  CO_ENSURE(check(settings, call.object()));
  CO_TRY(auto patch, co_await seal(services, resource, call.tenant(), call.object()));
  CO_TRY(auto body, co_await store(services, call.tenant(), std::string(settings.name), std::move(patch),
                                   api_record(services, call)));
  CO_TRY(auto shown, co_await reveal(services, resource, call.tenant(), std::move(body), false));
  co_return ok(std::move(shown));
}

std::string underscored(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '-', '_');
  return out;
}

using Handle = Async<Reply> (*)(const ports::Services&, const Settings&, Call);

Endpoint row(const ports::Services& services, const Settings& settings, http::Method method, Handle handle) {
  const bool reads = method == http::Method::get;
  Endpoint out;
  out.id = (reads ? "get_" : "update_") + underscored(settings.name);
  out.method = method;
  out.path = "/api/v2/attack-protection/" + std::string(settings.name);
  out.tag = "attack-protection";
  out.summary = (reads ? "Get " : "Update ") + std::string(settings.words);
  out.scopes = {reads ? "read:attack_protection" : "update:attack_protection"};
  out.rate = reads ? endpoint::RateClass::management_read : endpoint::RateClass::management_write;
  if (!reads) out.body = &schema_of(settings);
  out.reply = &schema_of(settings);
  out.handler = [&services, &settings, handle](Call call) {
    return handle(services, settings, std::move(call));
  };
  return out;
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::attack_protection,
    .id_member = "id",
    .plural = "attack_protection",
    .missing = {ErrorKind::not_found, "", "There are no such settings."},
    .taken = {ErrorKind::conflict, "", "The settings exist already."},
    .keys = document_keys,
    .secrets = captcha_secrets,
};

std::vector<Endpoint> rows(const ports::Services& services) {
  std::vector<Endpoint> out;
  for (const Settings& one : settings()) {
    out.push_back(row(services, one, http::Method::get, read));
    out.push_back(row(services, one, http::Method::patch, change));
  }
  return out;
}

}  // namespace durward::management::attack_protection
