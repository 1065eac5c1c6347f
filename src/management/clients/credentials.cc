#include "management/clients/credentials.h"

#include <algorithm>

#include "crypto/x509.h"
#include "management/clients/document.h"
#include "management/clients/fields.h"
#include "standards/jose/jwk.h"

namespace durward::management::clients {
namespace {

constexpr size_t credentials_max = 20;

json::Array& stored_in(json::Object& client) {
  auto& value = client["_credentials"];
  if (!value.is_array()) value = json::Array();
  return value.get_array();
}

std::unexpected<Error> bad_pem() {
  return invalid_body(
      "Payload validation error: 'The PEM holds no acceptable key or certificate' on property pem.");
}

Result<> fill_public_key(json::Object& out, std::string_view pem) {
  const auto key = crypto::PublicKey::from_pem(pem);
  if (!key) return bad_pem();
  if (!out.contains("kid")) out["kid"] = jose::thumbprint(*key);
  if (!out.contains("alg")) out["alg"] = "RS256";
  const auto alg = crypto::parse_signature_algorithm(json::string_or(out, "alg"));
  if (!alg || !key->fits(*alg)) return invalid_body("The key cannot be used with this algorithm.");
  if (!json::boolean_or(out, "parse_expiry_from_cert", false)) return {};
  TRY(const auto certificate, crypto::parse_certificate(pem));
  TRY(const TimePoint until, crypto::certificate_not_after(certificate));
  out["expires_at"] = to_iso8601(until);
  return {};
}

Result<> fill_certificate(json::Object& out, std::string_view pem) {
  const auto certificate = crypto::parse_certificate(pem);
  if (!certificate) return bad_pem();
  TRY(const TimePoint until, crypto::certificate_not_after(*certificate));
  out["thumbprint_sha256"] = crypto::thumbprint_sha256(*certificate);
  out["expires_at"] = to_iso8601(until);
  return {};
}

Result<> fill_subject(json::Object& out, std::string_view pem) {
  if (pem.empty() && out.contains("subject_dn")) return {};
  const auto certificate = crypto::parse_certificate(pem);
  if (!certificate) return bad_pem();
  TRY(out["subject_dn"], crypto::certificate_subject(*certificate));
  return {};
}

struct Kind {
  std::string_view name;
  Result<> (*fill)(json::Object&, std::string_view pem);
};
constexpr Kind kinds[] = {
    {"public_key", fill_public_key}, {"x509_cert", fill_certificate}, {"cert_subject_dn", fill_subject}};

constexpr std::string_view shown_members[] = {
    "id",         "name",       "kid",       "alg", "credential_type", "subject_dn", "thumbprint_sha256",
    "created_at", "updated_at", "expires_at"};

json::Object render(const json::Object& stored) {
  json::Object out;
  for (const auto name : shown_members)
    if (const auto* value = stored.if_contains(name)) out[name] = *value;
  return out;
}

// An API answer has every expiry, also none.
json::Object render_row(const json::Object& stored) {
  auto out = render(stored);
  if (!out.contains("expires_at")) out["expires_at"] = nullptr;
  return out;
}

json::Object* find(json::Object& client, std::string_view id) {
  for (auto& item : stored_in(client))
    if (item.is_object() && json::string_or(item.get_object(), "id") == id) return &item.get_object();
  return nullptr;
}

// The arrays of a client that name credentials.
std::vector<json::Array*> references(json::Object& client) {
  std::vector<json::Array*> out;
  const auto add = [&](json::Value* holder) {
    if (!holder || !holder->is_object()) return;
    auto* list = holder->get_object().if_contains("credentials");
    if (list && list->is_array()) out.push_back(&list->get_array());
  };
  if (auto* methods = client.if_contains("client_authentication_methods"); methods && methods->is_object())
    for (auto& method : methods->get_object()) add(&method.value());
  add(client.if_contains("signed_request_object"));
  add(client.if_contains("token_vault_privileged_access"));
  return out;
}

const Error missing = {ErrorKind::not_found, "inexistent_client_credential", "The credential does not exist"};

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(auto client, co_await load(services, resource, call.tenant(), call.parameter("client_id")));
  json::Array out;
  for (auto& item : stored_in(client.body)) out.push_back(render_row(item.get_object()));
  co_return ok(std::move(out));
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto client, co_await load(services, resource, call.tenant(), call.parameter("client_id")));
  const auto* found = find(client.body, call.parameter("credential_id"));
  if (!found) co_return std::unexpected(missing);
  co_return ok(render_row(*found));
}

Async<Reply> create(const ports::Services& services, Call call) {
  CO_TRY(auto credential, new_credential(call.object(), services.clock.now(), services.random));
  Change change = [credential](json::Object& body) -> Result<> {
    if (stored_in(body).size() >= credentials_max)
      return invalid_body("The client has the maximum number of credentials.");
    stored_in(body).push_back(credential);
    return {};
  };
  CO_ENSURE(co_await update(services, resource, call.tenant(), call.parameter("client_id"), std::move(change),
                            {api_record(services, call)}));
  co_return ok(render_row(credential));
}

Async<Reply> change(const ports::Services& services, Call call) {
  const std::string id = call.parameter("credential_id");
  const TimePoint now = services.clock.now();
  const json::Object patch = call.object();
  Change apply = [id, now, patch](json::Object& body) -> Result<> {
    auto* found = find(body, id);
    if (!found) return std::unexpected(missing);
    endpoint::merge_patch(*found, patch);
    (*found)["updated_at"] = to_iso8601(now);
    return {};
  };
  CO_TRY(auto client, co_await update(services, resource, call.tenant(), call.parameter("client_id"),
                                      std::move(apply), {api_record(services, call)}));
  co_return ok(render_row(*find(client, id)));
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  const std::string id = call.parameter("credential_id");
  Change apply = [id](json::Object& body) -> Result<> {
    remove_items(stored_in(body),
                 [&](const json::Value& item) { return json::string_or(item.get_object(), "id") == id; });
    for (auto* list : references(body))
      remove_items(*list, [&](const json::Value& item) {
        return item.is_object() && json::string_or(item.get_object(), "id") == id;
      });
    return {};
  };
  CO_ENSURE(co_await update(services, resource, call.tenant(), call.parameter("client_id"), std::move(apply),
                            {api_record(services, call)}));
  co_return no_content();
}

}  // namespace

Result<json::Object> new_credential(json::Object body, TimePoint now, Random& random) {
  const std::string type = json::string_or(body, "credential_type");
  const auto kind = std::ranges::find(kinds, std::string_view(type), &Kind::name);
  if (kind == std::end(kinds))
    return invalid_body("Payload validation error: 'No enum match for: " + type +
                        "' on property credential_type.");
  const std::string pem = json::string_or(body, "pem");
  if (pem.size() > 4096) return bad_pem();
  ENSURE(kind->fill(body, pem));
  body["id"] = "cred_" + random.base58(22);
  if (!body.contains("name")) body["name"] = "";
  body["created_at"] = body["updated_at"] = to_iso8601(now);
  return body;
}

Result<> adopt_credentials(json::Object& client, TimePoint now, Random& random) {
  json::Array fresh;
  for (auto* list : references(client)) {
    for (auto& item : *list) {
      if (!item.is_object()) return invalid_body("A credential is an object.");
      auto& given = item.get_object();
      if (const auto id = json::string(given, "id")) {
        if (!find(client, *id))
          return invalid_body("The credential " + id->substr(0, 64) + " does not exist.");
        item = json::Object{{"id", *id}};
        continue;
      }
      TRY(auto credential, new_credential(given, now, random));
      item = json::Object{{"id", json::string_or(credential, "id")}};
      fresh.push_back(std::move(credential));
    }
  }
  if (fresh.empty()) return {};
  auto& stored = stored_in(client);
  if (stored.size() + fresh.size() > credentials_max)
    return invalid_body("The client has the maximum number of credentials.");
  stored.insert(stored.end(), fresh.begin(), fresh.end());
  return {};
}

void expand_credentials(json::Object& shown, const json::Object& stored) {
  json::Object copy = stored;
  for (auto* list : references(shown))
    for (auto& item : *list)
      if (auto* found = find(copy, json::string_or(item.get_object(), "id"))) item = render(*found);
}

std::vector<Endpoint> credential_rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/clients/{client_id}/credentials", one = base + "/{credential_id}";
  const auto* schema = &credential_schema();
  return {
      {.id = "list_client_credentials",
       .method = get,
       .path = base,
       .tag = "clients",
       .summary = "Get client credentials",
       .scopes = {"read:client_credentials"},
       .rate = management_read,
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_client_credential",
       .method = post,
       .path = base,
       .tag = "clients",
       .summary = "Create a client credential",
       .scopes = {"create:client_credentials"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_client_credential",
       .method = get,
       .path = one,
       .tag = "clients",
       .summary = "Get a client credential",
       .scopes = {"read:client_credentials"},
       .rate = management_read,
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_client_credential",
       .method = patch,
       .path = one,
       .tag = "clients",
       .summary = "Update a client credential",
       .scopes = {"update:client_credentials"},
       .rate = management_write,
       .body = &credential_change_schema(),
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_client_credential",
       .method = delete_,
       .path = one,
       .tag = "clients",
       .summary = "Delete a client credential",
       .scopes = {"delete:client_credentials"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
  };
}

}  // namespace durward::management::clients
