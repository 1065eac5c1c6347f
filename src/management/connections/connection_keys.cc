#include "management/connections/connection_keys.h"

#include <thread>

#include "base/executor.h"
#include "crypto/x509.h"
#include "management/connections/document.h"

namespace durward::management::connection {
namespace {

using endpoint::Type;

constexpr std::string_view secrets[] = {"private_key"};
constexpr std::string_view default_algorithm = "RS256";
constexpr std::string_view statuses[] = {"current", "next", "previous"};

constexpr endpoint::Field request_fields[] = {
    {.path = "signing_alg", .values = "RS256 RS384 RS512 PS256 PS384 ES256"},
};
const endpoint::Schema& request_schema() {
  static const endpoint::Schema made("ConnectionKeyRequest", request_fields);
  return made;
}

constexpr endpoint::Field key_fields[] = {
    {.path = "kid"},
    {.path = "cert", .doc = "PEM"},
    {.path = "pkcs", .doc = "PEM"},
    {.path = "current", .type = Type::boolean},
    {.path = "next", .type = Type::boolean},
    {.path = "previous", .type = Type::boolean},
    {.path = "current_since", .format = "date-time"},
    {.path = "fingerprint"},
    {.path = "thumbprint"},
    {.path = "algorithm"},
    {.path = "key_use", .values = "encryption signing"},
    {.path = "subject_dn"},
};
const endpoint::Schema& key_schema() {
  static const endpoint::Schema made("ConnectionKey", key_fields);
  return made;
}

// A connection has one current and one next key: the unique slot makes two requests at once exclude each
// other.
std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  const std::string connection = json::string_or(body, "connection_id");
  const std::string status = json::string_or(body, "status");
  std::vector<ports::DocumentKey> keys = {{"connection", connection}};
  if (status != "previous") keys.push_back({"slot", connection + ":" + status, true});
  return keys;
}

const Resource connection_keys = {
    .collection = ports::Collection::connection_keys,
    .id_member = "kid",
    .plural = "keys",
    .missing = {ErrorKind::not_found, "", "The connection has no keys."},
    .taken = {ErrorKind::conflict, "", "The connection already has keys."},
    .keys = document_keys,
    .secrets = secrets,
};

json::Object render(const json::Object& body) {
  json::Object out;
  for (const char* name : {"kid", "cert", "pkcs", "fingerprint", "thumbprint", "algorithm", "key_use",
                           "subject_dn", "current_since"})
    if (const auto text = json::string(body, name)) out[name] = *text;
  out[json::string_or(body, "status")] = true;
  return out;
}

bool has_keys(const json::Object& connection) {
  const std::string strategy = json::string_or(connection, "strategy");
  return strategy == "okta" || strategy == "oidc";
}

Async<ports::Document> keyed_connection(const ports::Services& services, const Call& call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  if (!has_keys(document.body))
    co_return fail(ErrorKind::invalid, "operation_not_supported",
                   "Only okta and oidc connections have keys.");
  co_return document;
}

Async<std::vector<ports::Document>> keys_of(const ports::Services& services, domain::TenantId tenant,
                                            std::string connection_id) {
  co_return co_await all(services, connection_keys, tenant, {{"connection", std::move(connection_id)}});
}

const ports::Document* with(const std::vector<ports::Document>& documents, std::string_view status) {
  for (const auto& document : documents)
    if (json::string_or(document.body, "status") == status) return &document;
  return nullptr;
}

// ---- new keys

using Keys = Result<std::vector<crypto::PrivateKey>>;

Keys make_keys(std::string_view algorithm, size_t count) {
  std::vector<crypto::PrivateKey> out;
  while (out.size() < count) {
    auto key = algorithm.starts_with("ES") ? crypto::PrivateKey::generate_ec_p256()
                                           : crypto::PrivateKey::generate_rsa();
    TRY(auto made, std::move(key));
    out.push_back(std::move(made));
  }
  return out;
}

// Too slow for a thread that serves requests, and rare enough for a thread of its own.
Task<Keys> generate(std::string algorithm, size_t count) {
  Keys out = fail(ErrorKind::internal, "");
  Keys* slot = &out;
  co_await Suspend{[slot, &algorithm, count](auto resume) {
    std::thread([slot, &algorithm, count, resume] {
      *slot = make_keys(algorithm, count);
      resume();
    }).detach();
  }};
  co_return out;
}

struct KeyWanted {
  std::string connection_id, algorithm, common_name;
};

Result<json::Object> new_key(const ports::Services& services, const KeyWanted& wanted,
                             const crypto::PrivateKey& key, std::string_view status) {
  const TimePoint now = services.clock.now();
  TRY(const auto certificate, crypto::make_self_signed(key, wanted.common_name, now, services.random));
  TRY(const auto pkcs7, crypto::to_pkcs7_pem(certificate));
  TRY(const auto subject, crypto::certificate_subject(certificate));
  json::Object body;
  body["kid"] = services.random.url_safe(21);
  body["connection_id"] = wanted.connection_id;
  body["status"] = status;
  body["cert"] = certificate.pem;
  body["pkcs"] = pkcs7;
  body["fingerprint"] = crypto::fingerprint_sha1_colons(certificate);
  body["thumbprint"] = crypto::thumbprint_sha1(certificate);
  body["algorithm"] = wanted.algorithm;
  body["key_use"] = "signing";
  body["subject_dn"] = subject;
  if (status == "current") body["current_since"] = to_iso8601(now);
  body["private_key"] = key.to_pem();
  return body;
}

struct FreshKeys {
  ports::Writes writes;
  json::Array shown;
};

Async<FreshKeys> fresh_keys(const ports::Services& services, domain::TenantId tenant, KeyWanted wanted,
                            std::vector<std::string_view> as) {
  auto generated = co_await generate(wanted.algorithm, as.size());
  CO_TRY(const auto keys, std::move(generated));
  FreshKeys out;
  for (size_t i = 0; i < as.size(); ++i) {
    CO_TRY(auto body, new_key(services, wanted, keys[i], as[i]));
    out.shown.push_back(render(body));
    CO_TRY(body, co_await seal(services, connection_keys, tenant, std::move(body)));
    out.writes.push_back(insertion(services, connection_keys, std::move(body)));
  }
  co_return out;
}

std::string algorithm_of(const json::Object& connection) {
  const auto* options = json::object(connection, "options");
  return options ? json::string_or(*options, "token_endpoint_auth_signing_alg", default_algorithm)
                 : std::string(default_algorithm);
}

Result<> check_algorithm(std::string_view algorithm) {
  json::Object request{{"signing_alg", algorithm}};
  if (!request_schema().check_create(request))
    return invalid_body("options.token_endpoint_auth_signing_alg is not supported");
  return {};
}

// ---- operations

Async<Reply> list(const ports::Services& services, Call call) {
  CO_ENSURE(co_await keyed_connection(services, call));
  CO_TRY(const auto documents, co_await keys_of(services, call.tenant(), call.parameter("id")));
  if (documents.empty()) co_return std::unexpected(connection_keys.missing);
  json::Array out;
  for (const auto status : statuses)
    if (const auto* document = with(documents, status)) out.push_back(render(document->body));
  co_return ok(std::move(out));
}

Async<Reply> create(const ports::Services& services, Call call) {
  CO_TRY(const auto connection, co_await keyed_connection(services, call));
  CO_TRY(const auto known, co_await keys_of(services, call.tenant(), connection.id));
  if (!known.empty()) co_return std::unexpected(connection_keys.taken);
  KeyWanted wanted{connection.id,
                   json::string_or(call.object(), "signing_alg", algorithm_of(connection.body)),
                   call.context.host};
  CO_ENSURE(check_algorithm(wanted.algorithm));
  CO_TRY(auto fresh, co_await fresh_keys(services, call.tenant(), std::move(wanted), {"current", "next"}));
  fresh.writes.push_back(api_record(services, call));
  auto done = co_await services.committer.commit(call.tenant(), std::move(fresh.writes));
  if (!done) co_return std::unexpected(translate(connection_keys, std::move(done).error()));
  co_return ok(std::move(fresh.shown));
}

ports::Write restated(const ports::Document& document, std::string_view status, TimePoint now) {
  ports::ReplaceDocument write{.collection = connection_keys.collection, .document = document};
  write.document.body["status"] = status;
  if (status == "current") write.document.body["current_since"] = to_iso8601(now);
  write.document.updated_at = now;
  write.keys = document_keys(write.document.body);
  return write;
}

// Answers with the new next key, which is what an identity provider has to learn.
Async<Reply> rotate(const ports::Services& services, Call call) {
  CO_ENSURE(co_await keyed_connection(services, call));
  CO_TRY(const auto documents, co_await keys_of(services, call.tenant(), call.parameter("id")));
  const auto *current = with(documents, "current"), *next = with(documents, "next");
  if (!current || !next) co_return std::unexpected(connection_keys.missing);
  const std::string algorithm =
      json::string_or(call.object(), "signing_alg", json::string_or(next->body, "algorithm"));
  KeyWanted wanted{call.parameter("id"), algorithm, call.context.host};
  CO_TRY(auto fresh, co_await fresh_keys(services, call.tenant(), std::move(wanted), {"next"}));
  ports::Writes writes;
  if (const auto* old = with(documents, "previous"))
    writes.push_back(ports::RemoveDocument{connection_keys.collection, old->id});
  writes.push_back(restated(*current, "previous", services.clock.now()));
  writes.push_back(restated(*next, "current", services.clock.now()));
  writes.push_back(std::move(fresh.writes.front()));
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return ok(std::move(fresh.shown.front()));
}

}  // namespace

bool needs_keys(const json::Object& connection) {
  const auto* options = json::object(connection, "options");
  return has_keys(connection) && options &&
         json::string_or(*options, "token_endpoint_auth_method") == "private_key_jwt";
}

Async<ports::Writes> first_keys(const ports::Services& services, domain::TenantId tenant,
                                json::Object connection, std::string common_name) {
  CO_TRY(const auto known, co_await keys_of(services, tenant, json::string_or(connection, "id")));
  if (!known.empty()) co_return ports::Writes{};
  KeyWanted wanted{json::string_or(connection, "id"), algorithm_of(connection), std::move(common_name)};
  CO_ENSURE(check_algorithm(wanted.algorithm));
  CO_TRY(auto fresh, co_await fresh_keys(services, tenant, std::move(wanted), {"current", "next"}));
  co_return std::move(fresh.writes);
}

ports::Write key_removal(std::string connection_id) {
  return ports::RemoveDocumentsBy{connection_keys.collection, "connection", std::move(connection_id)};
}

std::vector<Endpoint> key_rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string one = "/api/v2/connections/{id}/keys";
  return {
      {.id = "list_connection_keys",
       .method = get,
       .path = one,
       .tag = "connections",
       .summary = "Get connection keys",
       .scopes = {"read:connections_keys"},
       .rate = management_read,
       .reply = &key_schema(),
       .handler = handler<list>(services)},
      {.id = "create_connection_keys",
       .method = post,
       .path = one,
       .tag = "connections",
       .summary = "Create connection keys",
       .scopes = {"create:connections_keys"},
       .rate = management_write,
       .success = 201,
       .body = &request_schema(),
       .body_optional = true,
       .reply = &key_schema(),
       .handler = handler<create>(services)},
      {.id = "rotate_connection_keys",
       .method = post,
       .path = one + "/rotate",
       .tag = "connections",
       .summary = "Rotate connection keys",
       .scopes = {"create:connections_keys", "update:connections_keys"},
       .rate = management_write,
       .success = 201,
       .body = &request_schema(),
       .body_optional = true,
       .reply = &key_schema(),
       .handler = handler<rotate>(services)},
  };
}

}  // namespace durward::management::connection
