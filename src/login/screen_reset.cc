#include <algorithm>

#include "base/encoding.h"
#include "login/bots/page_challenge.h"
#include "login/limits.h"
#include "login/screens.h"
#include "login/visit.h"

// /u/reset-password/request/{connection}: asks for the mail with the link.
namespace durward::login {
namespace {

std::string login_url(const Visit& visit) {
  return visit.link(visit.page.settings->identifier_first ? "/u/login/identifier" : "/u/login");
}

bool is_for_this_client(const Visit& visit, const endpoint::PathParameters& path) {
  for (const auto& [name, value] : path)
    if (name == "connection")
      return std::ranges::any_of(visit.databases, [&](const auto& one) { return one->name == value; });
  return false;
}

http::Response ask(const Visit& visit, std::string email, std::string error, int status) {
  return render(visit.page,
                ResetRequestPage{.state = visit.state,
                                 .email = std::move(email),
                                 .error = std::move(error),
                                 .login_url = login_url(visit)},
                status);
}

http::Response sent(const Visit& visit) {
  return render(visit.page,
                NoticePage{visit.words(Text::reset_sent_title), visit.words(Text::reset_sent_text),
                           login_url(visit), visit.words(Text::back_to_sign_in)});
}

Failure no_such_connection(const Visit& visit) {
  return {404, "invalid_request", "the connection was not found", visit.client->client_id, {}};
}

// One commit, whether the account exists or not: the answer's time tells nothing.
Async<> send_link(Visit visit, std::string email) {
  CO_ENSURE(co_await settle_database(visit, email));
  const auto& services = visit.machine->services();
  auto& database = visit.machine->database();
  const auto tenant = visit.context.tenant->id;
  CO_TRY(auto found, co_await database.find_person(tenant, *visit.database, email, visit.context.now));
  ports::Writes writes;
  if (found) writes = std::move(found->writes);
  if (found && !found->user.email().empty())
    // Who opens the link owns the mailbox.
    for (auto& write :
         database.send_reset(visit.scene(), *visit.page.settings, *visit.database, found->user,
                             {.client_id = visit.client->client_id, .mark_email_as_verified = true}))
      writes.push_back(std::move(write));
  else
    writes.push_back(
        database.log(visit.scene(), *visit.database, "fcpr", "The user does not exist.", nullptr));
  co_return co_await services.committer.commit(tenant, std::move(writes));
}

}  // namespace

Task<http::Response> show_reset_request(MachinePtr machine, endpoint::RequestContext context,
                                        http::Request request, endpoint::PathParameters path) {
  auto opened = co_await open_visit(machine, std::move(context), std::move(request));
  if (!opened) co_return std::move(opened.error());
  Visit& visit = *opened;
  if (!is_for_this_client(visit, path))
    co_return co_await error_page(machine->services(), visit.context, visit.request.headers,
                                  no_such_connection(visit));
  const auto& transaction = visit.transaction;
  co_await offer_challenge(visit, GuardedForm::password_reset);
  co_return ask(visit, transaction.identifier.empty() ? transaction.login_hint : transaction.identifier, {},
                200);
}

Task<http::Response> post_reset_request(MachinePtr machine, endpoint::RequestContext context,
                                        http::Request request, endpoint::PathParameters path) {
  auto opened = co_await open_visit(machine, std::move(context), std::move(request));
  if (!opened) co_return std::move(opened.error());
  Visit& visit = *opened;
  if (visit.form.get_or("action") == "back-to-login") {
    auto response = http::redirect(302, login_url(visit));
    set_page_headers(response, visit.page);
    co_return response;
  }
  if (!is_for_this_client(visit, path))
    co_return co_await error_page(machine->services(), visit.context, visit.request.headers,
                                  no_such_connection(visit));
  const std::string email(trim(visit.form.get_or("email", visit.form.get_or("username"))));
  if (email.empty() || email.size() > 320) {
    co_await offer_challenge(visit, GuardedForm::password_reset);
    co_return ask(visit, {}, visit.words(Text::enter_email), 400);
  }
  if (const auto words = co_await meet_challenge(visit, GuardedForm::password_reset))
    co_return ask(visit, email, visit.words(*words), 400);
  if (!co_await limit_mail(visit.context, email)) co_return ask(visit, email, visit.words(Text::busy), 429);
  const auto admitted = co_await admit(visit, Stage::reset, email);
  if (!admitted) co_return ask(visit, email, visit.words(Text::busy), 503);
  if (!*admitted) co_return ask(visit, email, visit.words(admitted->error()), 429);
  const auto done = co_await send_link(visit, email);
  if (!done) co_return ask(visit, email, visit.words(Text::busy), 503);
  co_return sent(visit);
}

}  // namespace durward::login
