#include "tokens/opaque.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "standards/oauth/scope.h"

namespace durward::tokens {

namespace {

constexpr size_t size_max = 8 * 1024;
constexpr size_t claims_max = 4 * 1024;  // a token goes into a header; who has more reads the ID token
constexpr size_t nonce_chars = 16, tag_chars = 22;

std::string purpose(domain::TenantId tenant) { return "access_token:" + std::to_string(tenant.value); }

std::unexpected<Error> refused() {
  return fail(ErrorKind::unauthenticated, "invalid_token", "The access token is invalid or has expired.");
}

}  // namespace

std::string seal_opaque(ports::Vault& vault, domain::TenantId tenant, std::string_view issuer,
                        const OpaqueContent& content) {
  json::Object inside{{"u", content.user_id},
                      {"c", content.client_id},
                      {"n", content.sid},
                      {"s", oauth::ScopeSet(content.scope).join()},
                      {"e", to_unix_ms(content.expires_at)},
                      {"g", content.grant_id}};
  if (!content.claims.empty() && json::serialize(content.claims).size() <= claims_max)
    inside["i"] = content.claims;
  const std::string sealed = vault.seal_local(purpose(tenant), json::serialize(inside));
  const std::string header =
      to_base64url(json::serialize(json::Object{{"alg", "dir"}, {"enc", "A256GCM"}, {"iss", issuer}}));
  const std::string_view text = sealed;
  const size_t tag_at = text.size() - tag_chars;
  return header + ".." + std::string(text.substr(0, nonce_chars)) + "." +
         std::string(text.substr(nonce_chars, tag_at - nonce_chars)) + "." + std::string(text.substr(tag_at));
}

bool looks_opaque(std::string_view token) { return std::count(token.begin(), token.end(), '.') == 4; }

Result<OpaqueContent> open_opaque(ports::Vault& vault, domain::TenantId tenant, std::string_view token,
                                  TimePoint now) {
  const size_t body = token.find("..");
  if (token.size() > size_max || !looks_opaque(token) || body == token.npos) return refused();
  std::string sealed(token.substr(body + 2));
  std::erase(sealed, '.');
  auto opened = vault.open_local(purpose(tenant), sealed);
  if (!opened) return refused();
  auto inside = json::parse_object(*opened);
  if (!inside) return refused();
  OpaqueContent content;
  content.user_id = json::string_or(*inside, "u");
  content.client_id = json::string_or(*inside, "c");
  content.sid = json::string_or(*inside, "n");
  content.grant_id = json::integer_or(*inside, "g", 0);
  content.expires_at = from_unix_ms(json::integer_or(*inside, "e", 0));
  if (auto scope = oauth::ScopeSet::parse(json::string_or(*inside, "s"))) content.scope = scope->words();
  if (const auto* claims = json::object(*inside, "i")) content.claims = *claims;
  if (now >= content.expires_at) return refused();
  return content;
}

}  // namespace durward::tokens
