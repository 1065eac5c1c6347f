#include "login/rows.h"

#include "login/bots/script.h"
#include "login/screens.h"

namespace durward::login {
namespace {

using Handler = Task<http::Response> (*)(MachinePtr, endpoint::RequestContext, http::Request,
                                         endpoint::PathParameters);

struct Row {
  std::string_view id;
  http::Method method;
  std::string_view path, summary, open_because;
  Handler handler;
};

constexpr std::string_view by_state = "a person signs in here; the sealed state and its cookie are checked";
constexpr std::string_view by_ticket = "a person comes by a mailed link; its ticket is checked";

constexpr auto get = http::Method::get, post = http::Method::post;
constexpr Row rows[] = {
    {"login_page", get, "/u/login", "Sign-in page", by_state, show_login},
    {"login_post", post, "/u/login", "Sign in", by_state, post_login},
    {"identifier_page", get, "/u/login/identifier", "Identifier page", by_state, show_identifier},
    {"identifier_post", post, "/u/login/identifier", "Give an identifier", by_state, post_identifier},
    {"password_page", get, "/u/login/password", "Password page", by_state, show_password},
    {"password_post", post, "/u/login/password", "Sign in with an identifier given before", by_state,
     post_password},
    {"signup_page", get, "/u/signup", "Sign-up page", by_state, show_signup},
    {"signup_post", post, "/u/signup", "Sign up", by_state, post_signup},
    {"reset_request_page", get, "/u/reset-password/request/{connection}", "Forgotten password page", by_state,
     show_reset_request},
    {"reset_request_post", post, "/u/reset-password/request/{connection}", "Ask for a reset mail", by_state,
     post_reset_request},
    {"reset_page", get, "/u/reset-verify", "New password page", by_ticket, show_new_password},
    {"reset_post", post, "/u/reset-verify", "Set a new password", by_ticket, post_new_password},
    {"verification_page", get, "/u/email-verification", "E-mail verification page", by_ticket,
     show_verification},
    {"verification_post", post, "/u/email-verification", "Verify an e-mail address", by_ticket,
     post_verification},
    {"unblock_page", get, "/u/brute-force-protection-unblock", "Unblock page", by_ticket, show_unblock},
    {"unblock_post", post, "/u/brute-force-protection-unblock", "Unblock an account", by_ticket,
     post_unblock},
    {"consent_page", get, "/u/consent", "Consent page", by_state, show_consent},
    {"consent_post", post, "/u/consent", "Accept or deny", by_state, post_consent},
    {"continue_get", get, "/continue", "Come back from where a script sent the person", by_state,
     continue_login},
    {"continue_post", post, "/continue", "Come back from where a script sent the person", by_state,
     continue_login},
    {"challenge_script", get, "/u/challenge.js", "Script that answers a proof of work",
     "the same public file for everybody", show_challenge_script},
    {"home", get, "/", "The tenant's front page", "says only whose sign-in service this is", show_home},
};

// What sends mails or makes accounts has limits of its own.
endpoint::RateClass rate_of(const Row& row) {
  if (row.id == "signup_post") return endpoint::RateClass::signup;
  return row.id == "reset_request_post" ? endpoint::RateClass::change_password : endpoint::RateClass::login;
}

endpoint::Endpoint endpoint_of(const Row& row, const MachinePtr& machine) {
  endpoint::Endpoint out;
  out.id = row.id;
  out.method = row.method;
  out.path = row.path;
  out.tag = "pages";
  out.summary = row.summary;
  out.open_because = row.open_because;
  out.rate = rate_of(row);
  out.handler = endpoint::ProtocolHandler([machine, handler = row.handler](endpoint::RequestContext context,
                                                                           http::Request request,
                                                                           endpoint::PathParameters path) {
    return handler(machine, std::move(context), std::move(request), std::move(path));
  });
  return out;
}

}  // namespace

std::vector<endpoint::Endpoint> login_rows(std::shared_ptr<Machine> machine) {
  std::vector<endpoint::Endpoint> out;
  for (const Row& row : rows) out.push_back(endpoint_of(row, machine));
  return out;
}

Task<http::Response> show_challenge_script(MachinePtr, endpoint::RequestContext, http::Request,
                                           endpoint::PathParameters) {
  auto response = http::text_response(200, std::string(challenge_script()));
  response.headers.set("Content-Type", "text/javascript; charset=utf-8");
  response.headers.set("Cache-Control", "public, max-age=31536000, immutable");
  response.headers.set("X-Content-Type-Options", "nosniff");
  co_return response;
}

Task<http::Response> show_home(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                               endpoint::PathParameters) {
  const auto page = co_await page_context(machine->services(), context, "",
                                          std::string(request.headers.get("Accept-Language")));
  if (!page)
    co_return co_await error_page(
        machine->services(), context, request.headers,
        {503, "temporarily_unavailable", "The server is overloaded. Please try again.", {}, {}});
  co_return render(
      *page, NoticePage{page->tenant_name, text(page->language, Text::home_text, page->tenant_name), {}, {}});
}

}  // namespace durward::login
