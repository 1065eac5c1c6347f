#include "protocols/oidc/keys.h"

#include <memory>

#include "crypto/x509.h"
#include "protocols/cors.h"
#include "protocols/reply.h"
#include "standards/jose/jwk.h"
#include "tokens/key_algorithms.h"
#include "tokens/key_set_cache.h"

namespace durward::protocols::oidc {

namespace {

using Cache = tokens::KeySetCache<std::string>;

json::Object jwk_of(const domain::SigningKey& key, const tokens::KeyAlgorithm& use) {
  jose::JwkOptions options{.kid = tokens::kid_for(key, use)};
  options.alg = use.alg;
  // Once is enough: the certificate does not depend on the algorithm.
  if (auto certificate = crypto::parse_certificate(key.cert_pem); certificate && use.primary)
    options.certificate_der = certificate->der;
  return jose::to_jwk(key.key.public_key(), options);
}

void add_keys(json::Array& list, const domain::KeySet& keys, bool primary) {
  for (const std::string_view status : {"current", "next", "previous"})
    for (const auto& key : keys.keys)
      for (const auto& use : tokens::key_algorithms())
        if (key.status == status && !key.revoked_at && use.kty == key.kty && use.primary == primary)
          list.push_back(jwk_of(key, use));
}

std::string jwks_body(const domain::KeySet& keys) { return json::serialize(jwks_document(keys)); }

Task<http::Response> jwks(Parts parts, std::shared_ptr<Cache> cache, endpoint::RequestContext context) {
  auto keys = co_await parts.services.configuration.keys(context.tenant->id);
  if (!keys) co_return oauth_error(keys.error());
  static const auto none = std::make_shared<const domain::KeySet>();
  const auto body = cache->get(context.tenant->id, *keys ? *keys : none, jwks_body);
  auto response = http::json_response(200, *body);
  response.headers.set("Cache-Control",
                       "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400");
  allow_any_origin(response);
  co_return response;
}

// ---- the certificate of the current key, in the forms that older integrations fetch

struct Form {
  std::string_view id, path, content_type;
  Result<std::string> (*render)(const domain::SigningKey&);
};

std::string without_folding(std::string_view pem) {
  std::string out;
  for (size_t at = 0; at < pem.size();) {
    const size_t end = std::min(pem.find('\n', at), pem.size());
    const std::string_view line = pem.substr(at, end - at);
    if (!line.starts_with("-----")) out += line;
    at = end + 1;
  }
  std::erase(out, '\r');
  return out;
}

Result<std::string> der(const domain::SigningKey& key) {
  TRY(auto certificate, crypto::parse_certificate(key.cert_pem));
  return certificate.der;
}
Result<std::string> fingerprint(const domain::SigningKey& key) {
  TRY(auto certificate, crypto::parse_certificate(key.cert_pem));
  return crypto::fingerprint_sha1_colons(certificate);
}
Result<std::string> pkcs7(const domain::SigningKey& key) {
  TRY(auto certificate, crypto::parse_certificate(key.cert_pem));
  return crypto::to_pkcs7_pem(certificate);
}

constexpr Form forms[] = {
    {"signing_pem", "/pem", "application/x-pem-file",
     [](const domain::SigningKey& key) -> Result<std::string> { return key.cert_pem; }},
    {"signing_cer", "/cer", "application/pkix-cert", der},
    {"signing_rawpem", "/rawpem", "text/plain; charset=utf-8",
     [](const domain::SigningKey& key) -> Result<std::string> { return without_folding(key.cert_pem); }},
    {"signing_pb7", "/pb7", "application/x-pkcs7-certificates", pkcs7},
    {"signing_fingerprint", "/fingerprint", "text/plain; charset=utf-8", fingerprint},
};

Task<http::Response> certificate(Parts parts, endpoint::RequestContext context, const Form* form) {
  auto keys = co_await parts.services.configuration.keys(context.tenant->id);
  if (!keys) co_return oauth_error(keys.error());
  const domain::SigningKey* key = *keys ? (*keys)->current("RSA") : nullptr;
  if (!key) co_return oauth_error({ErrorKind::not_found, "not_found", "There is no signing certificate."});
  auto body = form->render(*key);
  if (!body) co_return oauth_error({ErrorKind::internal, body.error().code, {}});
  auto response = http::text_response(200, std::move(*body));
  response.headers.set("Content-Type", std::string(form->content_type));
  response.headers.set("Cache-Control", "public, max-age=15");
  co_return response;
}

endpoint::Endpoint public_row(std::string_view id, std::string_view path, std::string summary) {
  endpoint::Endpoint row;
  row.id = id;
  row.method = http::Method::get;
  row.path = path;
  row.tag = "discovery";
  row.summary = std::move(summary);
  row.open_because = "RFC 7517 §5: verification keys are public";
  row.rate = endpoint::RateClass::well_known;
  return row;
}

}  // namespace

json::Object jwks_document(const domain::KeySet& keys) {
  json::Array list;
  add_keys(list, keys, true);
  add_keys(list, keys, false);
  return {{"keys", std::move(list)}};
}

std::vector<endpoint::Endpoint> key_rows(Parts parts) {
  auto cache = std::make_shared<Cache>();
  std::vector<endpoint::Endpoint> rows;
  auto set = public_row("jwks", "/.well-known/jwks.json", "Verification keys (RFC 7517 §5)");
  set.cors = endpoint::Cors::any;
  set.handler = endpoint::ProtocolHandler(
      [parts, cache](endpoint::RequestContext context, http::Request, endpoint::PathParameters) {
        return jwks(parts, cache, std::move(context));
      });
  rows.push_back(std::move(set));
  for (const auto& form : forms) {
    auto row = public_row(form.id, form.path, "The signing certificate");
    row.handler = endpoint::ProtocolHandler(
        [parts, form = &form](endpoint::RequestContext context, http::Request, endpoint::PathParameters) {
          return certificate(parts, std::move(context), form);
        });
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace durward::protocols::oidc
