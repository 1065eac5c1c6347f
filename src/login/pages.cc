#include "login/pages.h"

#include "login/bots/script.h"
#include "login/html.h"
#include "login/style.h"
#include "standards/oauth/redirect_uri.h"

namespace durward::login {
namespace {

using enum Text;

std::string say(const PageContext& context, Text key) { return std::string(text(context.language, key)); }
std::string say(const PageContext& context, Text key, std::string_view argument) {
  return text(context.language, key, argument);
}

Markup logo(const PageContext& context, std::string_view url) {
  const std::string safe = safe_image_url(url);
  return safe.empty() ? Markup()
                      : html("<img class=\"logo\" src=\"{}\" alt=\"{}\">", safe, context.tenant_name);
}

Markup favicon(const PageContext& context) {
  const std::string safe = safe_image_url(context.branding->favicon_url);
  return html("<link rel=\"icon\" href=\"{}\">", safe.empty() ? std::string("data:,") : safe);
}

// The frame of every page: head, brand, title and the page's own content.
http::Response document(const PageContext& context, int status, std::string_view title, const Markup& content,
                        std::string_view logo_url = {}) {
  Markup page = html(
      "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"robots\" content=\"noindex\"><title>{} | {}</title>{}",
      tag_of(context.language), title, context.tenant_name, favicon(context));
  page += html("<style nonce=\"{}\">{}</style></head><body><main>", context.nonce,
               Markup{style_sheet(*context.branding)});
  page += logo(context, logo_url.empty() ? std::string_view(context.branding->logo_url) : logo_url);
  page += html("<h1>{}</h1>{}</main></body></html>\n", title, content);
  http::Response response = http::html_response(status, std::move(page.html));
  set_page_headers(response, context);
  if (status == 503) response.headers.set("Retry-After", "1");
  return response;
}

// Always present, so that a screen reader hears it change; filled at load it is announced by role=alert.
Markup error_box(std::string_view message, const std::vector<std::string>& rules = {}) {
  if (message.empty()) return html("<div aria-live=\"polite\"></div>");
  Markup items;
  for (const std::string& rule : rules) items += html("<li>{}</li>", rule);
  if (!rules.empty()) items = html("<ul>{}</ul>", items);
  return html("<div class=\"error\" role=\"alert\" aria-live=\"assertive\" id=\"error\">{}{}</div>", message,
              items);
}

struct Input {
  std::string_view name, type, autocomplete;
  Text label;
  std::string value;
  bool focus = false, readonly = false, invalid = false;
};

Markup input(const PageContext& context, const Input& field) {
  Markup extra;
  if (!field.value.empty()) extra += html(" value=\"{}\"", field.value);
  if (field.readonly) extra += html(" readonly");
  if (field.focus) extra += html(" autofocus");
  if (field.invalid) extra += html(" aria-invalid=\"true\" aria-describedby=\"error\"");
  if (field.type != "password") extra += html(" autocapitalize=\"none\" spellcheck=\"false\"");
  return html(
      "<label for=\"{}\">{}</label>"
      "<input id=\"{}\" name=\"{}\" type=\"{}\" autocomplete=\"{}\" required maxlength=\"{}\"{}>",
      field.name, say(context, field.label), field.name, field.name, field.type, field.autocomplete,
      field.type == "password" ? std::string_view("4096") : std::string_view("320"), extra);
}

Markup hidden(std::string_view name, std::string_view value) {
  return html("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, value);
}

Markup button(const PageContext& context, Text label, std::string_view action, bool second = false) {
  return html("<button type=\"submit\" name=\"action\" value=\"{}\"{}>{}</button>", action,
              second ? html(" class=\"second\"") : Markup(), say(context, label));
}

Markup link_note(const PageContext& context, std::string_view url, Text label, std::string_view before = {}) {
  if (url.empty()) return {};
  return html("<p class=\"note\">{} <a href=\"{}\">{}</a></p>", before, url, say(context, label));
}

// A program of ours that the page runs; the only one besides that of a captcha provider.
Markup script(const PageContext& context, std::string_view url, std::string_view more = {}) {
  return html("<script nonce=\"{}\" src=\"{}\"{}></script>", context.nonce, url, Markup{std::string(more)});
}

Markup written(const PageContext& context, const ChallengeView& view) {
  Markup out;
  if (!view.picture.empty()) out += html("<img class=\"picture\" src=\"{}\" alt=\"\">", view.picture);
  out += html(
      "<label for=\"captcha\">{}</label><input id=\"captcha\" name=\"captcha\" type=\"text\" required "
      "autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"40\">",
      say(context, view.picture.empty() ? question_label : picture_label, view.question));
  out += hidden("captcha_token", view.written_token);
  return html("<div id=\"written\">{}</div>", out);
}

// The script is the first thing after what it needs, so that a browser which runs it never shows the rest.
Markup own_challenge(const PageContext& context, const ChallengeView& view) {
  if (view.seed.empty()) return written(context, view);
  const Markup parts = written(context, view);
  Markup out = html(
      "<div id=\"challenge\" data-seed=\"{}\" data-bits=\"{}\" data-token=\"{}\" data-wait=\"{}\">{}"
      "<p role=\"status\" class=\"note\"></p><progress max=\"1\" aria-label=\"{}\" hidden></progress></div>",
      view.seed, std::to_string(view.bits), view.proof_token, say(context, challenge_working), parts,
      say(context, challenge_working));
  return out += script(context, challenge_script_url());
}

Markup provider_challenge(const PageContext& context, const ChallengeView& view) {
  Markup out = html(
      "<div id=\"challenge\" class=\"{}\" data-sitekey=\"{}\"></div><noscript><p "
      "class=\"error\">{}</p></noscript>",
      view.provider->widget_class, view.settings.site_key, say(context, challenge_needs_script));
  out += script(context, challenge_script_url());
  return out += script(context, script_url(*view.provider, view.settings),
                       " data-callback=\"setupEnforcement\" async defer");
}

Markup challenge(const PageContext& context) {
  if (!context.challenge) return {};
  const auto& view = *context.challenge;
  return view.provider ? provider_challenge(context, view) : own_challenge(context, view);
}

// Without an action attribute a form posts to the address of its page.
Markup form(const Markup& content) { return html("<form method=\"post\">{}</form>", content); }

std::string title_for(const PageContext& context, Text with_name, Text without, std::string_view name) {
  return name.empty() ? say(context, without) : say(context, with_name, name);
}

Input identifier_input(const LoginPage& page) {
  return {.name = "username",
          .type = page.username_allowed ? "text" : "email",
          .autocomplete = "username",
          .label = page.username_allowed ? email_or_username_label : email_label,
          .value = page.username,
          .focus = page.kind != LoginPage::Kind::password && page.username.empty(),
          .readonly = page.kind == LoginPage::Kind::password,
          .invalid = !page.error.empty()};
}

// A link goes to a page of ours or of the web; whatever else is configured is not made clickable.
bool is_web_address(std::string_view url) {
  if (url.starts_with("/") && !url.starts_with("//")) return true;
  const auto parsed = oauth::parse_url(url);
  return parsed && parsed->is_web();
}

Markup new_password_inputs(const PageContext& context, const NewPasswordPage& page) {
  Markup fields;
  // Password managers file the new password under the account of this field.
  fields +=
      html("<input type=\"email\" name=\"username\" value=\"{}\" autocomplete=\"username\" readonly hidden>",
           page.email);
  fields += input(context, {.name = "password-reset",
                            .type = "password",
                            .autocomplete = "new-password",
                            .label = new_password_label,
                            .value = {},
                            .focus = true,
                            .invalid = !page.error.empty()});
  fields += input(context, {.name = "re-enter-password",
                            .type = "password",
                            .autocomplete = "new-password",
                            .label = repeat_password_label,
                            .value = {}});
  return fields;
}

}  // namespace

http::Response render(const PageContext& context, const LoginPage& page, int status) {
  const bool with_password = page.kind != LoginPage::Kind::identifier;
  Markup fields = hidden("state", page.state);
  fields += input(context, identifier_input(page));
  if (page.kind == LoginPage::Kind::password) fields += link_note(context, page.back_url, not_you);
  if (with_password)
    fields += input(context, {.name = "password",
                              .type = "password",
                              .autocomplete = "current-password",
                              .label = password_label,
                              .value = {},
                              .focus = !page.username.empty(),
                              .invalid = !page.error.empty()});
  fields += challenge(context);
  fields += button(context, continue_button, "default");
  Markup content = error_box(page.error);
  content += form(fields);
  if (with_password) content += link_note(context, page.reset_url, forgot_password);
  content += link_note(context, page.signup_url, sign_up_link, say(context, no_account));
  return document(context, status, title_for(context, sign_in_to, sign_in_title, page.client_name), content);
}

http::Response render(const PageContext& context, const SignupPage& page, int status) {
  Markup fields = hidden("state", page.state);
  fields += input(context, {.name = "email",
                            .type = "email",
                            .autocomplete = "email",
                            .label = email_label,
                            .value = page.email,
                            .focus = page.email.empty()});
  if (page.username_required)
    fields += input(context, {.name = "username",
                              .type = "text",
                              .autocomplete = "username",
                              .label = username_label,
                              .value = page.username});
  fields += input(context, {.name = "password",
                            .type = "password",
                            .autocomplete = "new-password",
                            .label = password_label,
                            .value = {},
                            .focus = !page.email.empty()});
  fields += challenge(context);
  fields += button(context, continue_button, "default");
  Markup content = error_box(page.error, page.rules);
  content += form(fields);
  content += link_note(context, page.login_url, sign_in_link, say(context, have_account));
  return document(context, status, title_for(context, sign_up_for, sign_up_title, page.client_name), content);
}

http::Response render(const PageContext& context, const ResetRequestPage& page, int status) {
  Markup fields = hidden("state", page.state);
  fields += input(context, {.name = "email",
                            .type = "email",
                            .autocomplete = "email",
                            .label = email_label,
                            .value = page.email,
                            .focus = true,
                            .invalid = !page.error.empty()});
  fields += challenge(context);
  fields += button(context, send_button, "default");
  Markup content = html("<p>{}</p>", say(context, reset_text));
  content += error_box(page.error);
  content += form(fields);
  content += link_note(context, page.login_url, back_to_sign_in);
  return document(context, status, say(context, reset_title), content);
}

http::Response render(const PageContext& context, const NewPasswordPage& page, int status) {
  using enum NewPasswordPage::Kind;
  Markup fields = hidden("ticket", page.ticket);
  if (!page.pass.empty()) fields += hidden(reset_pass_field, page.pass);
  if (page.kind == choose) fields += new_password_inputs(context, page);
  fields += button(context, page.kind == begin ? continue_button : change_password_button, "default");
  Markup content;
  if (page.kind == begin) content += html("<p>{}</p>", say(context, new_password_begin, page.email));
  content += error_box(page.error, page.rules);
  content += form(fields);
  return document(context, status, say(context, new_password_title), content);
}

// A sentence and one button that does what the mailed link is for.
http::Response ticket_page(const PageContext& context, int status, Text title, const std::string& sentence,
                           Text label, const std::string& ticket) {
  Markup content = html("<p>{}</p>", sentence);
  Markup fields = hidden("ticket", ticket);
  fields += button(context, label, "default");
  content += form(fields);
  return document(context, status, say(context, title), content);
}

http::Response render(const PageContext& context, const VerifyEmailPage& page, int status) {
  return ticket_page(context, status, verify_title, say(context, verify_text, page.email), verify_button,
                     page.ticket);
}

http::Response render(const PageContext& context, const UnblockPage& page, int status) {
  return ticket_page(context, status, unblock_title, say(context, unblock_text, page.identifier),
                     unblock_button, page.ticket);
}

http::Response render(const PageContext& context, const ConsentPage& page, int status) {
  Markup items;
  for (const std::string& scope : page.scopes) items += html("<li>{}</li>", scope);
  const Markup api = page.api_name.empty() ? Markup() : html("<p><strong>{}</strong></p>", page.api_name);
  Markup content = html("<p>{}</p><p>{}</p>{}<ul>{}</ul>", say(context, consent_user, page.user_name),
                        say(context, consent_text, page.client_name), api, items);
  Markup fields = hidden("state", page.state);
  fields += button(context, accept_button, "accept");
  fields += button(context, decline_button, "deny", true);
  content += form(fields);
  return document(context, status, say(context, consent_title, page.client_name), content, page.client_logo);
}

http::Response render(const PageContext& context, const NoticePage& page, int status) {
  Markup content = html("<p>{}</p>", page.text);
  if (is_web_address(page.link_url))
    content += html("<p class=\"note\"><a href=\"{}\">{}</a></p>", page.link_url, page.link_text);
  return document(context, status, page.title, content);
}

http::Response render(const PageContext& context, const LogoutPage& page, int status) {
  Markup fields;
  for (const auto& [name, value] : page.hidden) fields += hidden(name, value);
  fields += button(context, logout_accept, "accept");
  fields += button(context, logout_deny, "deny", true);
  Markup content = html("<p>{}</p>", say(context, logout_text, context.tenant_name));
  if (!page.user_name.empty()) content += html("<p>{}</p>", say(context, consent_user, page.user_name));
  content += html("<form method=\"post\" action=\"{}\">{}</form>", page.action, fields);
  return document(context, status, say(context, logout_title), content);
}

http::Response render_error(const PageContext& context, const Failure& failure, std::string_view tracking) {
  Markup content = html("<p class=\"error\" role=\"alert\">{}</p><p>{}</p>", failure.description,
                        say(context, error_help, tracking));
  content += html("<p><small>{}</small></p>", failure.error);
  return document(context, failure.status, say(context, error_title), content);
}

http::Response signed_out_page(const PageContext& context) {
  return render(context, NoticePage{say(context, signed_out_title), say(context, signed_out_text), {}, {}});
}

// Continues script-src: what a captcha provider's script is made of, and where it may go.
static std::string provider_sources(const CaptchaProvider& provider) {
  const auto directive = [](const char* name, std::string_view sources) {
    return sources.empty() ? std::string() : "; " + std::string(name) + " " + std::string(sources);
  };
  return " " + std::string(provider.script_sources) + directive("frame-src", provider.frame_sources) +
         directive("connect-src", provider.other_sources) + directive("worker-src", provider.other_sources);
}

std::string content_security_policy(const PageContext& context, bool with_script) {
  std::string out = "default-src 'none'; style-src 'nonce-" + context.nonce + "'";
  if (with_script || context.challenge) out += "; script-src 'nonce-" + context.nonce + "'";
  if (context.challenge && context.challenge->provider) out += provider_sources(*context.challenge->provider);
  out += "; img-src https: data:; form-action 'self'";
  for (const std::string& target : context.form_targets) out += " " + target;
  out += "; base-uri 'none'";
  if (!context.settings->disable_clickjack_protection_headers) out += "; frame-ancestors 'none'";
  return out;
}

void set_page_headers(http::Response& response, const PageContext& context, bool with_script) {
  response.headers.set("Content-Security-Policy", content_security_policy(context, with_script));
  if (!context.settings->disable_clickjack_protection_headers)
    response.headers.set("X-Frame-Options", "DENY");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Pragma", "no-cache");
}

http::Response with_retry(http::Response page, const Error& error) {
  page.headers.set("Retry-After", std::to_string(error.retry_after));
  return page;
}

std::string safe_image_url(std::string_view url) {
  const auto parsed = oauth::parse_url(url);
  return parsed && parsed->scheme == "https" ? std::string(url) : std::string();
}

}  // namespace durward::login
