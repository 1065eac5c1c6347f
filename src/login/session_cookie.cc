#include "login/session_cookie.h"

#include "base/encoding.h"
#include "crypto/hash.h"

namespace durward::login {
namespace {

void collect(std::string_view field, std::string_view name, std::vector<std::string>& out) {
  while (!field.empty()) {
    const size_t end = std::min(field.find(';'), field.size());
    const std::string_view pair = trim(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      out.emplace_back(pair.substr(name.size() + 1));
  }
}

std::optional<domain::Handle> handle_of(const http::Headers& headers) {
  for (const std::string_view name : {session_cookie, session_cookie_compat})
    for (const std::string& value : cookie_values(headers, name))
      if (auto handle = domain::Handle::parse(value)) return handle;
  return std::nullopt;
}

Async<std::optional<domain::Session>> find_session(const ports::Services& services, domain::TenantId tenant,
                                                   std::optional<domain::Handle> handle, TimePoint now) {
  if (!handle) co_return std::nullopt;
  CO_TRY(auto session, co_await services.sessions.find(tenant, handle->id));
  if (!session || !session->is_live(now) ||
      !crypto::equal_constant_time(session->secret_sha256, crypto::sha256(handle->secret)))
    co_return std::nullopt;
  co_return std::move(session);
}

// SameSite=None: silent sign-in runs in a frame of another site. The twin has no SameSite for browsers that
// refuse the word None.
void add_cookies(http::Headers& headers, std::string_view value, const std::string& lifetime) {
  const std::string common = std::string(value) + "; Path=/" + lifetime + "; HttpOnly; Secure";
  headers.add("Set-Cookie", std::string(session_cookie) + "=" + common + "; SameSite=None");
  headers.add("Set-Cookie", std::string(session_cookie_compat) + "=" + common);
}

}  // namespace

std::vector<std::string> cookie_values(const http::Headers& headers, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& [field, value] : headers)
    if (to_lower(field) == "cookie") collect(value, name, out);
  return out;
}

Async<std::optional<domain::Session>> session_of(const ports::Services& services,
                                                 endpoint::RequestContext context,
                                                 const http::Headers& headers) {
  return find_session(services, context.tenant->id, handle_of(headers), context.now);
}

void set_session_cookies(http::Headers& headers, const domain::Session& session, const domain::Handle& handle,
                         TimePoint now) {
  const auto lifetime = std::chrono::floor<Seconds>(session.expires_at - now).count();
  add_cookies(headers, handle.to_string(),
              session.persistent ? "; Max-Age=" + std::to_string(lifetime) : std::string());
}

void clear_session_cookies(http::Headers& headers) {
  add_cookies(headers, "", "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace durward::login
