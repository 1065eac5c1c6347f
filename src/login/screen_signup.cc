#include <algorithm>

#include "base/encoding.h"
#include "connections/database/breached.h"
#include "login/bots/page_challenge.h"
#include "login/registration.h"
#include "login/screens.h"
#include "login/visit.h"

// /u/signup
namespace durward::login {
namespace {

namespace database = connections::database;

SignupPage page_of(const Visit& visit) {
  SignupPage page{.state = visit.state, .client_name = visit.client_name()};
  page.email = visit.form.get_or("email", visit.transaction.login_hint);
  page.username = visit.form.get_or("username");
  page.username_required = visit.database && visit.database->requires_username();
  page.login_url = visit.link(visit.page.settings->identifier_first ? "/u/login/identifier" : "/u/login");
  return page;
}

http::Response with_error(const Visit& visit, std::string message, std::vector<std::string> rules = {},
                          int status = 400) {
  SignupPage page = page_of(visit);
  page.error = std::move(message);
  page.rules = std::move(rules);
  return render(visit.page, page, status);
}

http::Response not_possible(const Visit& visit) {
  return render(visit.page,
                NoticePage{visit.words(Text::sign_up_title), visit.words(Text::sign_up_disabled),
                           visit.link("/u/login"), visit.words(Text::back_to_sign_in)},
                403);
}

std::optional<Text> missing_field(const Visit& visit) {
  const auto empty = [&](std::string_view name) { return trim(visit.form.get_or(name)).empty(); };
  if (empty("email")) return Text::enter_email;
  if (visit.database->requires_username() && empty("username")) return Text::enter_username;
  if (visit.form.get_or("password").empty()) return Text::enter_password;
  return std::nullopt;
}

// The page does not say whether an account exists unless the tenant wants it to.
std::string sentence_for(const Visit& visit, const Error& error) {
  const bool exists = error.kind == ErrorKind::conflict;
  if (exists && visit.page.settings->public_signup_user_exists_error) return visit.words(Text::user_exists);
  if (!exists && error.kind == ErrorKind::invalid && !error.message.empty()) return error.message;
  return visit.words(exists || error.kind == ErrorKind::invalid ? Text::sign_up_failed : Text::busy);
}

Task<http::Response> failed(Visit visit, Error error, ports::Writes more = {}) {
  Transaction transaction = visit.transaction;
  transaction.connection = visit.database->name;
  (void)co_await visit.machine->log_failure(visit.context, std::move(transaction), "fs",
                                            error.message.empty() ? error.code : error.message, "",
                                            visit.form.get_or("email"), std::move(more));
  if (const auto complaint = complaint_of(error, *visit.database, visit.page.language))
    co_return with_error(visit, complaint->message, complaint->rules);
  const auto sentence = sentence_for(visit, error);
  if (error.kind == ErrorKind::unavailable) co_return with_retry(with_error(visit, sentence, {}, 503), error);
  co_return with_error(visit, sentence, {}, 400);
}

RegistrationScene registration_of(const Visit& visit) {
  return {.context = visit.context,
          .request = extensions::facts_of(visit.request),
          .client = visit.client,
          .connection = *visit.database,
          .transaction = visit.machine->told(visit.transaction)};
}

// The log record "ss" and the verification mail go into the same commit as the account and its session.
ports::Writes beside(const Visit& visit, const domain::User& user) {
  const auto& store = visit.machine->database();
  const auto scene = visit.scene();
  ports::Writes out;
  out.push_back(store.log(scene, *visit.database, "ss", "Successful signup", &user));
  if (user.email().empty() || user.email_verified()) return out;
  auto mail = store.send_verification(scene, *visit.page.settings, *visit.database, user,
                                      {.client_id = visit.client->client_id});
  for (auto& write : mail) out.push_back(std::move(write));
  return out;
}

}  // namespace

Task<http::Response> show_signup(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                 endpoint::PathParameters) {
  auto opened = co_await open_visit(machine, std::move(context), std::move(request));
  if (!opened) co_return std::move(opened.error());
  Visit& visit = *opened;
  const auto done = co_await is_done_already(visit);
  if (done && *done) co_return co_await machine->resume(visit.context, visit.request, visit.transaction);
  visit.database = visit.signup_database;
  if (!visit.database) co_return not_possible(visit);
  co_await offer_challenge(visit, GuardedForm::sign_up);
  co_return render(visit.page, page_of(visit));
}

Task<http::Response> post_signup(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                 endpoint::PathParameters) {
  auto opened = co_await open_visit(machine, std::move(context), std::move(request));
  if (!opened) co_return std::move(opened.error());
  Visit& visit = *opened;
  visit.database = visit.signup_database;
  if (!visit.database) co_return not_possible(visit);
  if (const auto missing = missing_field(visit)) {
    co_await offer_challenge(visit, GuardedForm::sign_up);
    co_return with_error(visit, visit.words(*missing));
  }
  if (const auto words = co_await meet_challenge(visit, GuardedForm::sign_up))
    co_return with_error(visit, visit.words(*words));
  const auto admitted = co_await admit(visit, Stage::sign_up, visit.form.get_or("email"));
  if (!admitted) co_return with_error(visit, visit.words(Text::busy), {}, 503);
  if (!*admitted) co_return with_error(visit, visit.words(admitted->error()), {}, 429);
  database::NewUser wanted{.email = std::string(trim(visit.form.get_or("email"))),
                           .password = visit.form.get_or("password")};
  if (visit.database->requires_username()) wanted.username = trim(visit.form.get_or("username"));
  const auto& services = machine->services();
  ports::Writes leak;
  if (auto clean = co_await database::admit_password(
          services, machine->database(), visit.scene(), *visit.database, database::LeakStage::sign_up,
          services.breached_passwords.contains(wanted.password), {}, leak);
      !clean)
    co_return co_await failed(std::move(visit), std::move(clean.error()));
  ports::Writes scripted;
  const auto registration = registration_of(visit);
  if (auto admitted_by_scripts = co_await before_registration(services, registration, wanted, scripted);
      !admitted_by_scripts)
    co_return co_await failed(std::move(visit), std::move(admitted_by_scripts.error()), std::move(scripted));
  auto change = co_await machine->database().create_user(visit.context.tenant->id, *visit.database,
                                                         std::move(wanted), visit.context.now);
  if (!change) co_return co_await failed(std::move(visit), std::move(change.error()));
  for (auto& write : beside(visit, change->user)) change->writes.push_back(std::move(write));
  for (auto& write : leak) change->writes.push_back(std::move(write));
  for (auto& write : scripted) change->writes.push_back(std::move(write));
  const domain::User made = change->user;
  Proof proof{.user = std::move(change->user),
              .connection = visit.database->name,
              .strategy = visit.database->strategy,
              .amr = {"pwd"},
              .writes = std::move(change->writes)};
  auto answer =
      co_await machine->signed_in(visit.context, visit.request, visit.transaction, std::move(proof));
  if (!answer) co_return co_await failed(std::move(visit), std::move(answer.error()));
  after_registration(services, registration, made);
  co_return std::move(*answer);
}

}  // namespace durward::login
