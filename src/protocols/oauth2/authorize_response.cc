#include "protocols/oauth2/authorize_response.h"

#include "login/html.h"

namespace durward::protocols::oauth2 {
namespace {

using login::html;
using login::Markup;

http::Response redirect(const AuthorizationRequest& request, const oauth::Parameters& parameters) {
  const bool in_fragment = request.response_mode == oauth::ResponseMode::fragment;
  // 302 as the compatible API answers; every browser follows it with GET, also after a POST, so the password
  // is not sent again (RFC 9700 §4.12 is about 307).
  auto response = http::redirect(302, in_fragment ? oauth::append_fragment(request.redirect_uri, parameters)
                                                  : oauth::append_query(request.redirect_uri, parameters));
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Pragma", "no-cache");
  response.headers.set("Referrer-Policy", "no-referrer");
  return response;
}

Markup head(const login::PageContext& page) {
  return html("<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title></head>",
              login::tag_of(page.language), page.tenant_name);
}

// OAuth 2.0 Form Post Response Mode §2: submits itself, and by hand where scripts are off.
http::Response form_post(const AuthorizationRequest& request, const oauth::Parameters& parameters,
                         login::PageContext page) {
  Markup fields;
  for (const auto& [name, value] : parameters)
    fields += html("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, value);
  Markup body = head(page);
  body += html("<body><form method=\"post\" action=\"{}\">{}<button type=\"submit\">{}</button></form>",
               request.redirect_uri, fields, login::text(page.language, login::Text::continue_button));
  body += html("<script nonce=\"{}\">document.forms[0].submit()</script></body></html>\n", page.nonce);
  auto response = http::html_response(200, std::move(body.html));
  login::allow_any_target(page);
  login::set_page_headers(response, page, true);
  // With no-referrer the application would see "Origin: null" and take the form for a forged one.
  response.headers.set("Referrer-Policy", "strict-origin");
  return response;
}

// JSON inside of a script element: no "</script>", no "<!--".
std::string script_safe(std::string text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

json::Object message_of(const oauth::Parameters& parameters) {
  json::Object response;
  for (const auto& [name, value] : parameters) {
    if (name == "expires_in")
      response[name] = std::stoll(value);
    else
      response[name] = value;
  }
  return {{"type", "authorization_response"}, {"response", std::move(response)}};
}

// Auth0 Authentication API: the page posts to the window that opened or embeds it, and only if that window's
// origin is the callback's.
http::Response web_message(const AuthorizationRequest& request, const oauth::Parameters& parameters,
                           const login::PageContext& page) {
  const std::string origin = oauth::origin_of(request.redirect_uri).value_or("");
  const std::string script = "(function(w,m,o){(w.opener||w.parent).postMessage(m,o)})(window," +
                             script_safe(json::serialize(message_of(parameters))) + "," +
                             script_safe(json::serialize(json::Value(origin))) + ")";
  Markup body = head(page);
  body += html("<body><script nonce=\"{}\">{}</script></body></html>\n", page.nonce, Markup{script});
  auto response = http::html_response(200, std::move(body.html));
  login::set_page_headers(response, page, true);
  // This page is made to be embedded, by that origin alone.
  response.headers.remove("X-Frame-Options");
  response.headers.set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-" + page.nonce +
                                                      "'; base-uri 'none'; frame-ancestors " + origin);
  return response;
}

}  // namespace

oauth::Parameters error_parameters(const Error& error) {
  oauth::Parameters out{{"error", error.code}};
  if (!error.message.empty()) out.emplace_back("error_description", error.message);
  return out;
}

http::Response respond(const AuthorizationRequest& request, oauth::Parameters parameters,
                       const login::PageContext& page) {
  // RFC 6749 §4.1.2: state exactly as it was received.
  if (!request.state.empty()) parameters.emplace_back("state", request.state);
  switch (request.response_mode) {
    case oauth::ResponseMode::form_post:
      return form_post(request, parameters, page);
    case oauth::ResponseMode::web_message:
      return web_message(request, parameters, page);
    default:
      return redirect(request, parameters);
  }
}

}  // namespace durward::protocols::oauth2
