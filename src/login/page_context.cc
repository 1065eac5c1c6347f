#include "base/encoding.h"
#include "login/pages.h"
#include "login/session_cookie.h"
#include "standards/oauth/redirect_uri.h"

namespace durward::login {
namespace {

// Where a form's answer may redirect when its transaction is over.
void add_origin(std::vector<std::string>& targets, std::string_view url) {
  if (const auto origin = oauth::origin_of(url); origin && !origin->empty()) targets.push_back(*origin);
}

http::Response own_error_page(const PageContext& context, const Failure& failure, std::string_view tracking) {
  oauth::Parameters parameters;
  auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) parameters.emplace_back(name, value);
  };
  add("client_id", failure.client_id);
  add("connection", failure.connection);
  add("lang", tag_of(context.language));
  add("error", failure.error);
  add("error_description", failure.description);
  add("tracking", tracking);
  auto response = http::redirect(302, oauth::append_query(context.settings->error_page_url, parameters));
  set_page_headers(response, context);
  return response;
}

// Without configuration there is no branding and no language: say it plainly.
http::Response bare_error(const Failure& failure) {
  auto response = http::text_response(failure.status, failure.error + ": " + failure.description + "\n");
  response.headers.set("Cache-Control", "no-store");
  if (failure.status == 503) response.headers.set("Retry-After", "1");
  return response;
}

Task<http::Response> build_error(const ports::Services& services, endpoint::RequestContext context,
                                 std::string accept_language, Failure failure) {
  const auto page = co_await page_context(services, context, "", std::move(accept_language));
  if (!page) co_return bare_error(failure);
  if (!page->settings->error_page_url.empty()) co_return own_error_page(*page, failure, context.request_id);
  co_return render_error(*page, failure, context.request_id);
}

}  // namespace

void allow_any_target(PageContext& context) { context.form_targets = {"https:", "http:"}; }

Async<PageContext> page_context(const ports::Services& services, endpoint::RequestContext context,
                                std::string ui_locales, std::string accept_language) {
  PageContext out;
  CO_TRY(out.settings, co_await services.configuration.settings(context.tenant->id));
  CO_TRY(out.branding, co_await services.configuration.branding(context.tenant->id));
  if (!out.settings) out.settings = std::make_shared<const domain::TenantSettings>();
  if (!out.branding) out.branding = std::make_shared<const domain::Branding>();
  out.tenant_name = out.settings->friendly_name.empty() ? context.tenant->name : out.settings->friendly_name;
  out.issuer = context.issuer;
  out.language = choose_language(ui_locales, accept_language, out.settings->enabled_locales);
  out.nonce = to_base64url(services.random.bytes(16));
  add_origin(out.form_targets, out.settings->default_redirection_uri);
  add_origin(out.form_targets, out.settings->error_page_url);
  co_return std::move(out);
}

Task<http::Response> error_page(const ports::Services& services, endpoint::RequestContext context,
                                const http::Headers& headers, Failure failure) {
  return build_error(services, std::move(context), std::string(headers.get("Accept-Language")),
                     std::move(failure));
}

}  // namespace durward::login
