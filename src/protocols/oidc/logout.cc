#include "protocols/oidc/logout.h"

#include <algorithm>
#include <memory>

#include "login/pages.h"
#include "login/session_cookie.h"
#include "protocols/body.h"
#include "protocols/oidc/logout_hint.h"
#include "protocols/record.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/redirect_uri.h"

namespace durward::protocols::oidc {

namespace {

using ClientPtr = std::shared_ptr<const domain::Client>;
using SettingsPtr = std::shared_ptr<const domain::TenantSettings>;
using MaybeSession = std::optional<domain::Session>;

constexpr std::string_view confirm_path = "/u/logout-confirm", confirm_purpose = "logout_confirmation";
constexpr Seconds confirm_lifetime{3600};

// One logout request; lives in the handler's frame.
struct Logout {
  Parts parts;
  endpoint::RequestContext context;
  http::Headers headers;
  Body body;
  ClientPtr client;
  SettingsPtr settings;
  MaybeSession session;  // of the browser's cookie

  const ports::Services& services() const { return parts.services; }
  domain::TenantId tenant() const { return context.tenant->id; }
};

Result<Body> parameters_of(const http::Request& request) {
  return request.method == http::Method::post ? Body::parse(request) : Body::parse_query(request.query);
}

Async<SettingsPtr> settings_of(const ports::Services& services, domain::TenantId tenant) {
  CO_TRY(auto settings, co_await services.configuration.settings(tenant));
  co_return settings ? settings : std::make_shared<const domain::TenantSettings>();
}

Async<ClientPtr> known_client(Logout& logout, std::string client_id) {
  CO_TRY(auto client, co_await logout.services().configuration.client(logout.tenant(), client_id));
  if (!client) co_return oauth::refuse("invalid_request", "Unknown client.");
  co_return client;
}

ports::AppendLog signed_out(Logout& logout, const domain::Session& session) {
  auto log = record_of(logout.context, logout.client.get(), "slo", "User signed out");
  log.id = logout.parts.services.sequence.next();
  log.connection = session.connection;
  log.user_id = session.user_id;
  log.details["session_id"] = session.sid();
  return {std::move(log)};
}

// Ends the session in one commit; nothing to do without one.
Async<> end_session(Logout& logout, const MaybeSession& session) {
  if (!session) co_return Result<>();
  ports::Writes writes{ports::RemoveSession{session->id}, signed_out(logout, *session)};
  co_return co_await logout.services().committer.commit(logout.tenant(), std::move(writes));
}

Async<login::PageContext> page_context(Logout& logout) {
  co_return co_await login::page_context(logout.services(), logout.context, logout.body.get("ui_locales"),
                                         std::string(logout.headers.get("Accept-Language")));
}

// The browser forgets its session and goes on to `target`, or is told that it is signed out.
Async<http::Response> leave(Logout& logout, std::string target) {
  http::Response response;
  if (target.empty()) {
    CO_TRY(auto page, co_await page_context(logout));
    response = login::signed_out_page(page);
  } else {
    response = http::redirect(302, std::move(target));
    response.headers.set("Cache-Control", "no-store");
  }
  login::clear_session_cookies(response.headers);
  co_return response;
}

Task<http::Response> refuse_page(Logout& logout, Error error) {
  login::Failure failure{endpoint::status_of(error.kind), error.code, error.message, {}, {}};
  if (logout.client) failure.client_id = logout.client->client_id;
  co_return co_await login::error_page(logout.services(), logout.context, logout.headers, failure);
}

Async<> load(Logout& logout, const http::Request& request) {
  CO_TRY(logout.settings, co_await settings_of(logout.services(), logout.tenant()));
  CO_TRY(logout.body, parameters_of(request));
  CO_TRY(logout.session, co_await login::session_of(logout.services(), logout.context, logout.headers));
  co_return Result<>();
}

// ---- /v2/logout

Async<http::Response> answer_v2(Logout& logout, const http::Request& request) {
  CO_ENSURE(co_await load(logout, request));
  if (const auto id = logout.body.get("client_id"); !id.empty()) {
    CO_TRY(logout.client, co_await known_client(logout, id));
  }
  CO_TRY(auto target, logout_target(logout.body.get("returnTo"), logout.client.get(), *logout.settings));
  CO_ENSURE(co_await end_session(logout, logout.session));
  co_return co_await leave(logout, std::move(target));
}

// ---- /oidc/logout

// RP-Initiated Logout §2: client_id and the hint's audience must agree.
Async<> find_client(Logout& logout, const std::optional<LogoutHint>& hint) {
  std::string id = logout.body.get("client_id");
  if (hint && !id.empty() && hint->client_id != id)
    co_return oauth::refuse("invalid_request", "The id_token_hint was issued to another client.");
  if (hint && id.empty()) id = hint->client_id;
  if (id.empty()) co_return Result<>();
  CO_TRY(logout.client, co_await known_client(logout, id));
  co_return Result<>();
}

// RP-Initiated Logout §3: only to a registered URL, and never without knowing whose.
Result<std::string> redirect_target(const Logout& logout) {
  const std::string wanted = logout.body.get("post_logout_redirect_uri");
  if (wanted.empty()) return std::string();
  if (!logout.client)
    return oauth::refuse("invalid_request", "post_logout_redirect_uri needs client_id or id_token_hint.");
  if (!is_allowed_logout_url(wanted, logout.client.get(), *logout.settings) &&
      !is_allowed_logout_url(wanted, nullptr, *logout.settings))
    return oauth::refuse("invalid_request", "The post_logout_redirect_uri is not allowed.");
  const std::string state = logout.body.get("state");
  return state.empty() ? wanted : oauth::append_query(wanted, {{"state", state}});
}

// RP-Initiated Logout §2, §4: the hint names the session of this browser, so nobody else can have made the
// request up.
bool is_confirmed(const Logout& logout, const std::optional<LogoutHint>& hint) {
  const auto& session = *logout.session;
  if (hint && !hint->session_id.empty()) return hint->session_id == session.sid();
  if (hint) return hint->subject == session.user_id;
  return logout.body.get("logout_hint") == session.sid();
}

// A signed hint ends its session also when the browser has lost the cookie.
Async<MaybeSession> hinted_session(Logout& logout, const std::optional<LogoutHint>& hint) {
  if (!hint) co_return MaybeSession();
  const auto handle = domain::Handle::parse(hint->session_id, 16);
  if (!handle) co_return MaybeSession();
  CO_TRY(auto session, co_await logout.services().sessions.find(logout.tenant(), handle->id));
  if (!session || session->sid() != hint->session_id) co_return MaybeSession();
  co_return session;
}

Async<http::Response> ask(Logout& logout, const std::string& target) {
  CO_TRY(auto page, co_await page_context(logout));
  const json::Object sealed{{"session", logout.session->id},
                            {"target", target},
                            {"client_id", logout.client ? logout.client->client_id : std::string()},
                            {"expires", to_unix_ms(logout.context.now + confirm_lifetime)},
                            {"tenant", logout.tenant().value}};
  login::LogoutPage model{.action = std::string(confirm_path)};
  model.hidden = {{"state", logout.services().vault.seal_local(confirm_purpose, json::serialize(sealed))}};
  // The form's answer may lead on to the application, which the page's policy has to allow.
  if (auto origin = oauth::origin_of(std::string_view(target)); origin && !origin->empty())
    page.form_targets.push_back(*origin);
  co_return login::render(page, model);
}

Async<http::Response> answer_oidc(Logout& logout, const http::Request& request) {
  CO_ENSURE(co_await load(logout, request));
  CO_TRY(auto hint,
         co_await read_logout_hint(logout.services(), logout.context, logout.body.get("id_token_hint")));
  CO_ENSURE(co_await find_client(logout, hint));
  CO_TRY(auto target, redirect_target(logout));
  if (!logout.session) {
    CO_TRY(logout.session, co_await hinted_session(logout, hint));
  } else if (logout.settings->logout_prompt && !is_confirmed(logout, hint)) {
    co_return co_await ask(logout, target);
  }
  CO_ENSURE(co_await end_session(logout, logout.session));
  co_return co_await leave(logout, std::move(target));
}

// ---- the confirmation page's answer

struct Confirmation {
  int64_t session = 0;
  std::string target, client_id;
};

// The sealed value came from our own page: it carries the session it was made for, so that no other site can
// submit one (RP-Initiated Logout §7).
Result<Confirmation> open_confirmation(const Logout& logout) {
  auto expired = oauth::refuse("invalid_request", "This page has expired.");
  auto opened = logout.services().vault.open_local(confirm_purpose, logout.body.get("state"));
  if (!opened) return expired;
  auto sealed = json::parse_object(*opened);
  if (!sealed || json::integer_or(*sealed, "tenant", 0) != logout.tenant().value ||
      logout.context.now >= from_unix_ms(json::integer_or(*sealed, "expires", 0)))
    return expired;
  return Confirmation{json::integer_or(*sealed, "session", 0), json::string_or(*sealed, "target"),
                      json::string_or(*sealed, "client_id")};
}

Async<http::Response> stay(Logout& logout) {
  CO_TRY(auto page, co_await page_context(logout));
  co_return login::render(
      page, login::NoticePage{.title = "Still signed in", .text = "You have not been signed out."});
}

Async<http::Response> answer_confirm(Logout& logout, const http::Request& request) {
  CO_ENSURE(co_await load(logout, request));
  CO_TRY(auto confirmation, open_confirmation(logout));
  if (logout.body.get("action") != "accept") co_return co_await stay(logout);
  if (!confirmation.client_id.empty()) {
    CO_TRY(logout.client,
           co_await logout.services().configuration.client(logout.tenant(), confirmation.client_id));
  }
  if (logout.session && logout.session->id == confirmation.session) {
    CO_ENSURE(co_await end_session(logout, logout.session));
  }
  co_return co_await leave(logout, std::move(confirmation.target));
}

// ---- rows

using Answer = Async<http::Response> (*)(Logout&, const http::Request&);

Task<http::Response> handle(Parts parts, Answer answer, endpoint::RequestContext context,
                            http::Request request) {
  Logout logout{.parts = parts, .context = std::move(context), .headers = request.headers};
  auto response = co_await answer(logout, request);
  if (response) co_return std::move(*response);
  co_return co_await refuse_page(logout, std::move(response).error());
}

endpoint::Endpoint row_of(Parts parts, Answer answer, std::string id, http::Method method,
                          std::string_view path, std::string summary) {
  endpoint::Endpoint row;
  row.id = std::move(id);
  row.method = method;
  row.path = path;
  row.tag = "logout";
  row.summary = std::move(summary);
  row.open_because = "RP-Initiated Logout 1.0 §2: a browser arrives with its own session, if any";
  row.rate = endpoint::RateClass::login;
  row.handler = endpoint::ProtocolHandler(
      [parts, answer](endpoint::RequestContext context, http::Request request, endpoint::PathParameters) {
        return handle(parts, answer, std::move(context), std::move(request));
      });
  return row;
}

}  // namespace

bool is_allowed_logout_url(std::string_view url, const domain::Client* client,
                           const domain::TenantSettings& settings) {
  const auto& registered = client ? client->allowed_logout_urls : settings.allowed_logout_urls;
  const oauth::MatchOptions options{.native = client && client->app_type == "native",
                                    .allow_wildcard = !client || client->is_first_party};
  return std::any_of(registered.begin(), registered.end(), [&](const std::string& entry) {
    return oauth::matches_logout_url(entry, url, options);
  });
}

Result<std::string> logout_target(const std::string& wanted, const domain::Client* client,
                                  const domain::TenantSettings& settings) {
  if (wanted.empty()) {
    const auto& registered = client ? client->allowed_logout_urls : settings.allowed_logout_urls;
    // A pattern is no address to go to.
    const auto plain = std::find_if(registered.begin(), registered.end(), [](const std::string& url) {
      return url.find_first_of("*{") == url.npos;
    });
    return plain == registered.end() ? std::string() : *plain;
  }
  if (is_allowed_logout_url(wanted, client, settings)) return wanted;
  return oauth::refuse("invalid_request", "The \"returnTo\" URL is not in the list of allowed logout URLs.");
}

std::vector<endpoint::Endpoint> logout_rows(Parts parts) {
  using http::Method;
  return {row_of(parts, answer_v2, "logout", Method::get, "/v2/logout", "Sign out and go to an allowed URL"),
          row_of(parts, answer_oidc, "oidc_logout", Method::get, "/oidc/logout", "RP-initiated logout"),
          row_of(parts, answer_oidc, "oidc_logout_post", Method::post, "/oidc/logout", "RP-initiated logout"),
          row_of(parts, answer_confirm, "logout_confirm", Method::post, confirm_path,
                 "The answer to the sign-out question")};
}

}  // namespace durward::protocols::oidc
