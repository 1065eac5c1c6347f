#include "management/keys/keys.h"

#include <algorithm>
#include <thread>

#include "base/executor.h"
#include "crypto/x509.h"

namespace durward::management::keys {
namespace {

using endpoint::Type;

constexpr std::string_view key_types[] = {"RSA", "EC"};
constexpr std::string_view secrets[] = {"private_key"};

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  const std::string status = json::string_or(body, "status"), kty = json::string_or(body, "kty");
  std::vector<ports::DocumentKey> out = {{"status", status}, {"kty", kty}};
  // At most one current key of a kind, also when two processes make the first one at once.
  if (status == "current") out.push_back({"current", kty, true});
  return out;
}

constexpr endpoint::Field fields[] = {
    {.path = "kid"},
    {.path = "cert", .doc = "PEM"},
    {.path = "pkcs7", .doc = "PEM"},
    {.path = "kty", .values = "RSA EC"},
    {.path = "current", .type = Type::boolean},
    {.path = "next", .type = Type::boolean},
    {.path = "previous", .type = Type::boolean},
    {.path = "current_since", .format = "date-time"},
    {.path = "current_until", .format = "date-time"},
    {.path = "fingerprint"},
    {.path = "thumbprint"},
    {.path = "revoked", .type = Type::boolean},
    {.path = "revoked_at", .format = "date-time"},
};
const endpoint::Schema& schema() {
  static const endpoint::Schema made("SigningKey", fields);
  return made;
}

json::Object render(const json::Object& body) {
  json::Object out;
  for (const char* name : {"kid", "cert", "pkcs7", "kty"}) out[name] = json::string_or(body, name);
  const std::string status = json::string_or(body, "status");
  for (const char* name : {"current", "next", "previous"}) out[name] = status == name;
  for (const char* name : {"current_since", "current_until", "fingerprint", "thumbprint"})
    if (const auto text = json::string(body, name)) out[name] = *text;
  const auto revoked_at = json::string(body, "revoked_at");
  out["revoked"] = revoked_at.has_value();
  if (revoked_at) out["revoked_at"] = *revoked_at;
  return out;
}

// RSA first, since API v2 knows no other kind and tools take the first current key; then next, current,
// previous.
std::pair<int, TimePoint> rank(const ports::Document& document) {
  const std::string status = json::string_or(document.body, "status");
  const int by_status = status == "current" ? 0 : status == "next" ? 1 : 2;
  return {by_status + (json::string_or(document.body, "kty") == "RSA" ? 0 : 10), document.created_at};
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(auto documents, co_await all(services, resource, call.tenant()));
  std::ranges::sort(documents, {}, rank);
  json::Array out;
  for (const auto& document : documents) out.push_back(render(document.body));
  co_return ok(std::move(out));
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(const auto document, co_await load(services, resource, call.tenant(), call.parameter("kid")));
  co_return ok(render(document.body));
}

Result<> revoke_body(json::Object& body, TimePoint now) {
  if (json::string_or(body, "status") != "previous")
    return invalid_body("Only a previously used signing key can be revoked; rotate first.");
  if (!body.contains("revoked_at")) body["revoked_at"] = to_iso8601(now);
  return {};
}

Async<Reply> revoke(const ports::Services& services, Call call) {
  const TimePoint now = services.clock.now();
  Change change = [now](json::Object& body) { return revoke_body(body, now); };
  CO_TRY(const auto body, co_await update(services, resource, call.tenant(), call.parameter("kid"),
                                          std::move(change), {api_record(services, call)}));
  co_return ok(render(body));
}

Async<Reply> rotate(const ports::Services& services, Call call) {
  const std::string name = call.context.host;
  CO_TRY(auto current, co_await rotate_keys(services, call.tenant(), name, {api_record(services, call)}));
  co_return ok(std::move(current));
}

std::string_view kty_of(const crypto::PrivateKey& key) {
  return key.type() == crypto::KeyType::rsa ? "RSA" : "EC";
}

struct Fresh {
  Result<crypto::PrivateKey> rsa = fail(ErrorKind::internal, ""), ec = fail(ErrorKind::internal, "");
};

// RSA generation takes about 100 ms, which no thread that serves requests may spend. Rotation is rare, so a
// thread of its own is enough.
Task<Fresh> generate() {
  Fresh out;
  Fresh* slot = &out;
  co_await Suspend{[slot](auto resume) {
    std::thread([slot, resume] {
      slot->rsa = crypto::PrivateKey::generate_rsa();
      slot->ec = crypto::PrivateKey::generate_ec_p256();
      resume();
    }).detach();
  }};
  co_return out;
}

const ports::Document* with(const std::vector<ports::Document>& documents, std::string_view kty,
                            std::string_view status) {
  for (const auto& document : documents)
    if (json::string_or(document.body, "kty") == kty && json::string_or(document.body, "status") == status)
      return &document;
  return nullptr;
}

ports::ReplaceDocument restated(const ports::Document& document, std::string_view status, TimePoint now) {
  ports::ReplaceDocument write{.collection = resource.collection, .document = document};
  auto& body = write.document.body;
  body["status"] = status;
  body[status == "current" ? "current_since" : "current_until"] = to_iso8601(now);
  write.document.updated_at = now;
  write.keys = document_keys(body);
  return write;
}

Async<ports::InsertDocument> fresh_key(const ports::Services& services, domain::TenantId tenant,
                                       crypto::PrivateKey key, std::string status, std::string common_name) {
  CO_TRY(auto body, new_document(services, key, status, common_name));
  CO_TRY(body, co_await seal(services, resource, tenant, std::move(body)));
  co_return std::get<ports::InsertDocument>(insertion(services, resource, std::move(body)));
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::signing_keys,
    .id_member = "kid",
    .plural = "keys",
    .missing = {ErrorKind::not_found, "", "The signing key does not exist."},
    .taken = {ErrorKind::conflict, "", "The signing key already exists."},
    .keys = document_keys,
    .secrets = secrets,
};

Result<json::Object> new_document(const ports::Services& services, const crypto::PrivateKey& key,
                                  std::string_view status, std::string_view common_name) {
  const TimePoint now = services.clock.now();
  TRY(const auto certificate, crypto::make_self_signed(key, common_name, now, services.random));
  TRY(const auto pkcs7, crypto::to_pkcs7_pem(certificate));
  json::Object body;
  body["kid"] = services.random.url_safe(21);
  body["kty"] = kty_of(key);
  body["status"] = status;
  body["cert"] = certificate.pem;
  body["pkcs7"] = pkcs7;
  body["fingerprint"] = crypto::fingerprint_sha1_colons(certificate);
  body["thumbprint"] = crypto::thumbprint_sha1(certificate);
  body["common_name"] = common_name;
  body["created_at"] = to_iso8601(now);
  if (status == "current") body["current_since"] = to_iso8601(now);
  body["private_key"] = key.to_pem();
  return body;
}

Async<json::Array> client_signing_keys(const ports::Services& services, domain::TenantId tenant) {
  ports::DocumentQuery query{.equals = {{"status", "current"}, {"kty", "RSA"}}, .limit = 1};
  CO_TRY(const auto found,
         co_await services.documents.list(tenant, ports::Collection::signing_keys, std::move(query)));
  json::Array out;
  for (const auto& document : found.items) {
    json::Object key;
    key["cert"] = json::string_or(document.body, "cert");
    key["pkcs7"] = json::string_or(document.body, "pkcs7");
    key["subject"] = "deprecated";
    out.push_back(std::move(key));
  }
  co_return out;
}

Async<json::Object> rotate_keys(const ports::Services& services, domain::TenantId tenant,
                                std::string common_name, ports::Writes more) {
  auto fresh = co_await generate();
  CO_TRY(auto rsa, std::move(fresh.rsa));
  CO_TRY(auto ec, std::move(fresh.ec));
  CO_TRY(const auto documents, co_await all(services, resource, tenant));
  const TimePoint now = services.clock.now();
  ports::Writes writes;
  json::Object shown;
  for (const auto kty : key_types) {
    if (const auto* old = with(documents, kty, "current")) writes.push_back(restated(*old, "previous", now));
    const auto* next = with(documents, kty, "next");
    // Without a next key (a young tenant may still wait for it) the new one signs at once.
    CO_TRY(auto made, co_await fresh_key(services, tenant, kty == "RSA" ? rsa : ec, next ? "next" : "current",
                                         common_name));
    auto promoted = next ? restated(*next, "current", now) : ports::ReplaceDocument{};
    if (kty == "RSA") shown = next ? promoted.document.body : made.document.body;
    if (next) writes.push_back(std::move(promoted));
    writes.push_back(std::move(made));
  }
  writes.insert(writes.end(), more.begin(), more.end());
  CO_ENSURE(co_await services.committer.commit(tenant, std::move(writes)));
  co_return render(shown);
}

Async<> add_first_key(const ports::Services& services, domain::TenantId tenant, crypto::PrivateKey key) {
  CO_TRY(const auto documents, co_await all(services, resource, tenant));
  // The name in its certificate is that of the keys the tenant was created with.
  std::string name = "durward";
  for (const auto& document : documents) name = json::string_or(document.body, "common_name", name);
  CO_TRY(auto made, co_await fresh_key(services, tenant, std::move(key), "current", std::move(name)));
  auto stored = co_await services.committer.commit(tenant, {std::move(made)});
  if (!stored && stored.error().kind != ErrorKind::conflict) co_return std::unexpected(stored.error());
  co_return Result<>{};
}

Async<> add_next_key(const ports::Services& services, domain::TenantId tenant, crypto::PrivateKey key,
                     std::string common_name) {
  CO_TRY(const auto documents, co_await all(services, resource, tenant));
  const std::string_view kty = kty_of(key);
  if (with(documents, kty, "next")) co_return Result<>{};
  const std::string status = with(documents, kty, "current") ? "next" : "current";
  CO_TRY(auto made, co_await fresh_key(services, tenant, std::move(key), status, std::move(common_name)));
  co_return co_await services.committer.commit(tenant, {std::move(made)});
}

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  return {
      {.id = "list_signing_keys",
       .method = get,
       .path = "/api/v2/keys/signing",
       .tag = "keys",
       .summary = "Get all application signing keys",
       .scopes = {"read:signing_keys"},
       .rate = management_read,
       .reply = &schema(),
       .handler = handler<list>(services)},
      {.id = "get_signing_key",
       .method = get,
       .path = "/api/v2/keys/signing/{kid}",
       .tag = "keys",
       .summary = "Get an application signing key",
       .scopes = {"read:signing_keys"},
       .rate = management_read,
       .reply = &schema(),
       .handler = handler<read>(services)},
      {.id = "rotate_signing_keys",
       .method = post,
       .path = "/api/v2/keys/signing/rotate",
       .tag = "keys",
       .summary = "Rotate the application signing key",
       .scopes = {"create:signing_keys", "update:signing_keys"},
       .rate = management_write,
       .success = 201,
       .reply = &schema(),
       .handler = handler<rotate>(services)},
      {.id = "revoke_signing_key",
       .method = put,
       .path = "/api/v2/keys/signing/{kid}/revoke",
       .tag = "keys",
       .summary = "Revoke an application signing key",
       .scopes = {"update:signing_keys"},
       .rate = management_write,
       .reply = &schema(),
       .handler = handler<revoke>(services)},
  };
}

}  // namespace durward::management::keys
