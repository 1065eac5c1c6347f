#include "protocols/database/challenges.h"

#include "protocols/cors.h"
#include "protocols/reply.h"
#include "standards/oauth/errors.h"

namespace durward::protocols::database {
namespace {

login::BotAttempt attempt_of(endpoint::RequestContext context, login::GuardedForm form, const Body& body) {
  return {.context = std::move(context), .form = form, .scope = "state " + body.get("state")};
}

Error refusal_of(login::Flaw flaw) {
  const std::string text(login::flaw_text(flaw));
  if (flaw == login::Flaw::unavailable) return {ErrorKind::unavailable, "temporarily_unavailable", text, {}};
  const bool unanswered = flaw == login::Flaw::missing;
  return {ErrorKind::invalid,
          unanswered ? "requires_verification" : "invalid_captcha",
          unanswered ? "This request must first answer a challenge." : text,
          {}};
}

struct Row {
  login::GuardedForm form;
  std::string_view id, path, summary;
};
constexpr Row rows[] = {
    {login::GuardedForm::sign_up, "signup_challenge", "/dbconnections/signup/challenge",
     "Whether a sign-up must answer a challenge, and which"},
    {login::GuardedForm::password_reset, "change_password_challenge",
     "/dbconnections/change_password/challenge",
     "Whether a password change must answer a challenge, and which"},
    {login::GuardedForm::sign_in, "login_challenge", "/usernamepassword/challenge",
     "Whether a login must answer a challenge, and which"},
};

Task<http::Response> answer(Parts parts, login::GuardedForm form, endpoint::RequestContext context,
                            http::Request request) {
  std::shared_ptr<const domain::Client> client;
  auto body = Body::parse(request);
  if (!body) co_return oauth_error(body.error());
  if (body->has("client_id")) {
    auto found = co_await parts.services.configuration.client(context.tenant->id, body->get("client_id"));
    if (found) client = *found;
  }
  const auto told = co_await parts.bots.describe(attempt_of(std::move(context), form, *body));
  auto response = told ? uncached_json(200, *told) : oauth_error(told.error());
  allow_client_origin(response, request.headers.get("Origin"), client.get());
  co_return response;
}

}  // namespace

std::vector<endpoint::Endpoint> challenge_rows(Parts parts) {
  std::vector<endpoint::Endpoint> out;
  for (const Row& one : rows) {
    endpoint::Endpoint row;
    row.id = one.id;
    row.method = http::Method::post;
    row.path = one.path;
    row.tag = "database";
    row.summary = one.summary;
    row.open_because = "called by anybody who is not signed in yet";
    row.rate = endpoint::RateClass::login;
    row.cors = endpoint::Cors::client_origins;
    row.handler =
        endpoint::ProtocolHandler([parts, form = one.form](endpoint::RequestContext context,
                                                           http::Request request, endpoint::PathParameters) {
          return answer(parts, form, std::move(context), std::move(request));
        });
    out.push_back(std::move(row));
  }
  return out;
}

Async<> pass_challenge(const Parts& parts, endpoint::RequestContext context, login::GuardedForm form,
                       const Body& body) {
  const auto attempt = attempt_of(std::move(context), form, body);
  auto given = co_await parts.bots.recall(attempt, {body.get("captcha_token"), body.get("captcha")});
  CO_TRY(const auto verdict, co_await parts.bots.judge(attempt, std::move(given)));
  if (verdict.flaw) co_return std::unexpected(refusal_of(*verdict.flaw));
  co_return Result<>();
}

}  // namespace durward::protocols::database
