#include <algorithm>

#include "base/encoding.h"
#include "connections/database/breached.h"
#include "login/bots/page_challenge.h"
#include "login/limits.h"
#include "login/screens.h"
#include "login/visit.h"

// /u/login, /u/login/identifier, /u/login/password
namespace durward::login {
namespace {

using Kind = LoginPage::Kind;

LoginPage page_of(const Visit& visit, Kind kind) {
  const auto& transaction = visit.transaction;
  LoginPage page{.kind = kind, .state = visit.state, .client_name = visit.client_name()};
  page.username = transaction.identifier.empty() ? transaction.login_hint : transaction.identifier;
  if (kind == Kind::password) page.back_url = visit.link("/u/login/identifier");
  if (!visit.database) return page;
  page.username_allowed =
      std::ranges::any_of(visit.databases, [](const auto& one) { return one->requires_username(); });
  if (visit.signup_database) page.signup_url = visit.link("/u/signup");
  page.reset_url = visit.link("/u/reset-password/request/" + percent_encode(visit.database->name));
  return page;
}

http::Response with_error(const Visit& visit, Kind kind, std::string username, Text error, int status = 400) {
  LoginPage page = page_of(visit, kind);
  page.username = std::move(username);
  page.error = visit.words(error);
  return render(visit.page, page, status);
}

// A client without any connection can sign nobody in.
Failure no_connection(const Visit& visit) {
  return {400, "invalid_request", "no connections enabled for the client", visit.client->client_id,
          visit.transaction.connection};
}

Task<http::Response> show(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                          Kind kind) {
  auto opened = co_await open_visit(machine, std::move(context), std::move(request));
  if (!opened) co_return std::move(opened.error());
  Visit& visit = *opened;
  const auto done = co_await is_done_already(visit);
  if (done && *done) co_return co_await machine->resume(visit.context, visit.request, visit.transaction);
  if (!visit.database)
    co_return co_await error_page(machine->services(), visit.context, visit.request.headers,
                                  no_connection(visit));
  if (kind == Kind::password && visit.transaction.identifier.empty())
    co_return machine->go_to(visit.context, "/u/login/identifier", visit.transaction);
  if (kind != Kind::identifier) co_await offer_challenge(visit, GuardedForm::sign_in);
  co_return render(visit.page, page_of(visit, kind));
}

// The record of a wrong password and, if it was the last one allowed, the block are one commit.
Task<http::Response> refused(Visit visit, Kind kind, std::string username,
                             connections::database::Refused refusal, Permit permit) {
  const auto protection = visit.machine->protection();
  Transaction transaction = visit.transaction;
  transaction.connection = visit.database->name;
  auto failure = co_await protection.failed(permit, refusal);
  if (!failure) co_return with_error(visit, kind, std::move(username), Text::busy, 503);
  const bool committed = co_await visit.machine->log_failure(
      visit.context, std::move(transaction), refusal.log_type, refusal.error.message,
      refusal.user ? refusal.user->user_id : "", username, std::move(failure->writes));
  co_await protection.settle(std::move(permit), committed);
  co_await count_failure(visit, GuardedForm::sign_in);
  if (failure->instead) co_return with_error(visit, kind, std::move(username), Text::account_blocked, 429);
  const bool blocked = refusal.error.code == "unauthorized";
  co_return with_error(visit, kind, std::move(username),
                       blocked ? Text::user_blocked : Text::wrong_credentials);
}

// Only who knows the password learns that it leaked.
http::Response refused_by(const Visit& visit, Kind kind, std::string username, const Error& error) {
  const bool leaked = error.code == "password_leaked";
  return with_error(visit, kind, std::move(username), leaked ? Text::sign_in_leaked : Text::busy,
                    leaked ? 400 : 503);
}

Task<http::Response> sign_in(Visit visit, Kind kind, std::string username, std::string password) {
  if (const auto allowed = co_await limit_attempt(visit.context, username); !allowed) {
    (void)co_await visit.machine->log_failure(visit.context, visit.transaction, "limit_sul",
                                              allowed.error().message, "", username.substr(0, 320));
    co_return with_error(visit, kind, std::move(username), Text::too_many_logins, 429);
  }
  if (!co_await settle_database(visit, username))
    co_return with_error(visit, kind, std::move(username), Text::busy, 503);
  auto admitted = co_await admit(visit, Stage::sign_in, username);
  if (!admitted) co_return with_error(visit, kind, std::move(username), Text::busy, 503);
  if (!*admitted) co_return with_error(visit, kind, std::move(username), admitted->error(), 429);
  const auto protection = visit.machine->protection();
  // Asked whoever it is: the same work.
  const bool listed = visit.machine->services().breached_passwords.contains(password);
  auto outcome = co_await visit.machine->database().verify_password(visit.context.tenant->id, visit.database,
                                                                    username, std::move(password));
  if (!outcome) {
    co_await protection.cancelled(std::move(**admitted));
    co_return with_retry(with_error(visit, kind, std::move(username), Text::busy, 503), outcome.error());
  }
  if (!*outcome)
    co_return co_await refused(std::move(visit), kind, std::move(username), std::move(outcome->error()),
                               std::move(**admitted));
  auto more = co_await protection.passed(std::move(**admitted));
  if (!more) co_return with_error(visit, kind, std::move(username), Text::busy, 503);
  std::ranges::move(*more, std::back_inserter((*outcome)->writes));
  const auto clean = co_await connections::database::admit_password(
      visit.machine->services(), visit.machine->database(), visit.scene(), *visit.database,
      connections::database::LeakStage::sign_in, listed, (*outcome)->user, (*outcome)->writes);
  if (!clean) co_return refused_by(visit, kind, std::move(username), clean.error());
  Proof proof{.user = std::move((*outcome)->user),
              .connection = visit.database->name,
              .strategy = visit.database->strategy,
              .amr = {"pwd"},
              .writes = std::move((*outcome)->writes)};
  auto answer =
      co_await visit.machine->signed_in(visit.context, visit.request, visit.transaction, std::move(proof));
  if (answer) co_return std::move(*answer);
  co_return with_error(visit, kind, std::move(username), Text::busy, 503);
}

Task<http::Response> post(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                          Kind kind) {
  auto opened = co_await open_visit(machine, std::move(context), std::move(request));
  if (!opened) co_return std::move(opened.error());
  Visit& visit = *opened;
  if (!visit.database)
    co_return co_await error_page(machine->services(), visit.context, visit.request.headers,
                                  no_connection(visit));
  std::string username(trim(visit.form.get_or("username", visit.transaction.identifier)));
  std::string password = visit.form.get_or("password");
  if (username.empty() || password.empty()) {
    co_await offer_challenge(visit, GuardedForm::sign_in);
    const auto missing = username.empty() ? Text::enter_identifier : Text::enter_password;
    co_return with_error(visit, kind, std::move(username), missing);
  }
  if (const auto words = co_await meet_challenge(visit, GuardedForm::sign_in))
    co_return with_error(visit, kind, std::move(username), *words);
  co_return co_await sign_in(std::move(visit), kind, std::move(username), std::move(password));
}

}  // namespace

Task<http::Response> show_login(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                endpoint::PathParameters) {
  return show(std::move(machine), std::move(context), std::move(request), Kind::both);
}
Task<http::Response> post_login(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                endpoint::PathParameters) {
  return post(std::move(machine), std::move(context), std::move(request), Kind::both);
}
Task<http::Response> show_identifier(MachinePtr machine, endpoint::RequestContext context,
                                     http::Request request, endpoint::PathParameters) {
  return show(std::move(machine), std::move(context), std::move(request), Kind::identifier);
}
Task<http::Response> show_password(MachinePtr machine, endpoint::RequestContext context,
                                   http::Request request, endpoint::PathParameters) {
  return show(std::move(machine), std::move(context), std::move(request), Kind::password);
}
Task<http::Response> post_password(MachinePtr machine, endpoint::RequestContext context,
                                   http::Request request, endpoint::PathParameters) {
  return post(std::move(machine), std::move(context), std::move(request), Kind::password);
}

Task<http::Response> post_identifier(MachinePtr machine, endpoint::RequestContext context,
                                     http::Request request, endpoint::PathParameters) {
  auto opened = co_await open_visit(machine, std::move(context), std::move(request));
  if (!opened) co_return std::move(opened.error());
  Visit& visit = *opened;
  const std::string username(trim(visit.form.get_or("username")));
  if (username.empty() || username.size() > 320)
    co_return with_error(visit, Kind::identifier, {}, Text::enter_identifier);
  visit.transaction.identifier = username;
  co_return machine->go_to(visit.context, "/u/login/password", visit.transaction);
}

}  // namespace durward::login
