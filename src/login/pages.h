#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/client.h"
#include "domain/connection.h"
#include "domain/tenant.h"
#include "endpoint/endpoint.h"
#include "http/message.h"
#include "login/bots/bot_guard.h"
#include "login/text.h"
#include "ports/services.h"

// Page models and their HTML. Every page works without JavaScript, carries a strict Content-Security-Policy
// with a fresh nonce for its one style element, and is never cached. Rendering is pure: model in, response
// out.
namespace durward::login {

using Fields = std::vector<std::pair<std::string, std::string>>;

// What every page of one request shares. Values only; configuration comes from the cache.
struct PageContext {
  std::shared_ptr<const domain::TenantSettings> settings;
  std::shared_ptr<const domain::Branding> branding;
  std::string tenant_name;  // friendly_name, else the tenant's name
  std::string issuer;
  Language language = Language::english;
  std::string nonce;
  std::vector<std::string> form_targets;   // CSP sources that a submitted form may end at, besides 'self'
  std::optional<ChallengeView> challenge;  // that the page's form carries
};

// A form may end anywhere: a script or the application decides where. Browsers hold it to the page's list on
// every redirect that follows (Content Security Policy Level 3 §6.4.1).
void allow_any_target(PageContext& context);

// Loads it: no read when the configuration is warm. `ui_locales` wins over Accept-Language.
Async<PageContext> page_context(const ports::Services& services, endpoint::RequestContext context,
                                std::string ui_locales, std::string accept_language);

struct LoginPage {
  enum class Kind { both, identifier, password } kind = Kind::both;
  std::string state, client_name;
  std::string username;  // pre-filled or already chosen
  std::string error;     // shown above the form, announced to screen readers
  bool username_allowed = false;
  std::string signup_url, reset_url, back_url;  // empty: no link
};
http::Response render(const PageContext& context, const LoginPage& page, int status = 200);

struct SignupPage {
  std::string state, client_name, email, username, error;
  std::vector<std::string> rules;  // of the password policy that were broken
  bool username_required = false;
  std::string login_url;
};
http::Response render(const PageContext& context, const SignupPage& page, int status = 200);

struct ResetRequestPage {
  std::string state, email, error, login_url;
};
http::Response render(const PageContext& context, const ResetRequestPage& page, int status = 200);

inline constexpr std::string_view reset_pass_field = "reset_pass";
struct NewPasswordPage {
  // chosen: the ticket holds the new password, and a button is enough. begin: a button that leads to the
  // form.
  enum class Kind { choose, chosen, begin } kind = Kind::choose;
  std::string ticket, email;
  std::string pass;  // what scripts gave leave by (reset_pass.h); empty: none
  std::string error;
  std::vector<std::string> rules;
};
http::Response render(const PageContext& context, const NewPasswordPage& page, int status = 200);

struct VerifyEmailPage {
  std::string ticket, email;
};
http::Response render(const PageContext& context, const VerifyEmailPage& page, int status = 200);

struct UnblockPage {
  std::string ticket, identifier;
};
http::Response render(const PageContext& context, const UnblockPage& page, int status = 200);

struct ConsentPage {
  std::string state, client_name, client_logo, user_name, api_name;
  std::vector<std::string> scopes;  // already in words
};
http::Response render(const PageContext& context, const ConsentPage& page, int status = 200);

// A page that only says something, with at most one link.
struct NoticePage {
  std::string title, text, link_url, link_text;
};
http::Response render(const PageContext& context, const NoticePage& page, int status = 200);

// "Do you want to sign out?": posts to `action` with action=accept|deny and the hidden fields.
struct LogoutPage {
  std::string action, user_name;
  Fields hidden;
};
http::Response render(const PageContext& context, const LogoutPage& page, int status = 200);

// ---- pages that other faces need

// What went wrong before anybody could be sent back. Goes to the tenant's own error page when it has one
// (Auth0: error_page.url with client_id, connection, lang, error, error_description, tracking).
struct Failure {
  int status = 400;
  std::string error, description;
  std::string client_id, connection;
};
Task<http::Response> error_page(const ports::Services& services, endpoint::RequestContext context,
                                const http::Headers& headers, Failure failure);
http::Response render_error(const PageContext& context, const Failure& failure, std::string_view tracking);
// The page of a form that could not be worked on now: with the moment to send it again.
http::Response with_retry(http::Response page, const Error& error);

http::Response signed_out_page(const PageContext& context);

// ---- parts, public for tests

std::string content_security_policy(const PageContext& context, bool with_script = false);
void set_page_headers(http::Response& response, const PageContext& context, bool with_script = false);
std::string safe_color(std::string_view color, std::string_view fallback);  // #rgb or #rrggbb
std::string safe_image_url(std::string_view url);                           // https or empty

}  // namespace durward::login
