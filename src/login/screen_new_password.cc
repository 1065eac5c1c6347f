#include "connections/database/breached.h"
#include "extensions/trigger.h"
#include "login/registration.h"
#include "login/screens.h"
#include "login/ticket_visit.h"
#include "login/visit.h"
#include "standards/oauth/redirect_uri.h"

// /u/reset-verify: the link of a password reset. Where actions are bound to password-reset-post-challenge,
// the link opens a page with a button, so that no mail scanner runs a tenant's code; the button asks them,
// and what they allow is a pass, sealed for this link and this browser, without which no password is taken.
namespace durward::login {
namespace {

namespace database = connections::database;

constexpr std::string_view path = "/u/reset-verify";

struct Reset {
  TicketVisit visit;
  std::shared_ptr<const domain::Connection> connection;
  std::string bindings;   // who has a say: extensions::name_of_bindings; empty: nobody
  std::string pass;       // sealed; empty: they were not asked
  http::Headers cookies;  // of the answer

  bool is_allowed() const { return bindings.empty() || !pass.empty(); }
  bool has_password_inside() const {
    return json::string(visit.ticket.data, "new_password_hash").has_value();
  }
  NewPasswordPage::Kind kind() const {
    using enum NewPasswordPage::Kind;
    return has_password_inside() ? chosen : is_allowed() ? choose : begin;
  }
};

using OpenedReset = std::expected<Reset, http::Response>;

http::Response with_cookies(const Reset& reset, http::Response response) {
  for (const auto& [name, value] : reset.cookies) response.headers.add(name, value);
  return response;
}

http::Response ask(const Reset& reset, std::string error, std::vector<std::string> rules = {},
                   int status = 200) {
  return with_cookies(reset,
                      render(reset.visit.page,
                             NewPasswordPage{.kind = reset.kind(),
                                             .ticket = reset.visit.text,
                                             .email = json::string_or(reset.visit.ticket.data, "email"),
                                             .pass = reset.pass,
                                             .error = std::move(error),
                                             .rules = std::move(rules)},
                             status));
}

http::Response busy(const Reset& reset, const Error& error) {
  return with_retry(ask(reset, reset.visit.words(Text::busy), {}, 503), error);
}

// ---- what scripts say

void accept(Reset& reset, std::string pass, const std::string& result_url) {
  reset.pass = std::move(pass);
  if (!result_url.empty()) reset.visit.ticket.data["result_url"] = result_url;
}

// A pass of another link or browser, of before, or of other bindings than those of now, is none.
void read_pass(Reset& reset) {
  const auto& visit = reset.visit;
  std::string text = visit.form.get_or(reset_pass_field, visit.query.get_or(reset_pass_field));
  const auto opened = open_pass(visit.machine->services().vault, visit.context.tenant->id, PassKind::allowed,
                                text, visit.headers, visit.context.now);
  if (opened.problem || opened.pass.ticket != visit.text || opened.pass.bindings != reset.bindings) return;
  accept(reset, std::move(text), opened.pass.progress.result_url);
}

ResetPass pass_of(Reset& reset, extensions::ChallengeProgress progress) {
  auto& visit = reset.visit;
  return {.ticket = visit.text,
          .binding = binding_of(visit.headers, visit.machine->services().random, reset.cookies),
          .bindings = reset.bindings,
          .progress = std::move(progress),
          .made_at = visit.context.now};
}

std::string sealed(Reset& reset, PassKind kind, extensions::ChallengeProgress progress) {
  const auto& visit = reset.visit;
  return seal(visit.machine->services().vault, visit.context.tenant->id, kind,
              pass_of(reset, std::move(progress)));
}

http::Response refused(const Reset& reset, const Error& denial) {
  if (denial.kind == ErrorKind::unavailable) return busy(reset, denial);
  const auto& visit = reset.visit;
  return render(visit.page, NoticePage{visit.words(Text::new_password_refused), denial.message, {}, {}}, 403);
}

http::Response to(const Reset& reset, const std::string& url) {
  auto response = http::redirect(303, url);
  set_page_headers(response, reset.visit.page);
  return with_cookies(reset, std::move(response));
}

// To the form as a page of its own, which may be loaded again without asking anybody.
http::Response to_form(const Reset& reset) {
  oauth::Parameters parameters{{"ticket", reset.visit.text}};
  if (!reset.pass.empty()) parameters.emplace_back(reset_pass_field, reset.pass);
  return to(reset, oauth::append_query(path, parameters));
}

Async<> keep(const Reset& reset, const domain::User& user, extensions::ChallengeVerdict& verdict) {
  const auto& visit = reset.visit;
  if (verdict.denial)
    verdict.writes.push_back(
        visit.machine->database().log(visit.scene(), *reset.connection, "fcp", verdict.log_text, &user,
                                      {{"trace", json::Object{{"scripts", verdict.trace}}}}));
  co_return co_await visit.machine->services().committer.commit(visit.context.tenant->id,
                                                                std::move(verdict.writes));
}

// Nothing when the reset goes on, with a pass; otherwise the answer that ends this request.
using Verdict = std::optional<http::Response>;
Verdict act_on(Reset& reset, extensions::ChallengeVerdict verdict) {
  if (verdict.denial) return refused(reset, *verdict.denial);
  if (!verdict.redirect) {
    const std::string result_url = verdict.progress.result_url;
    accept(reset, sealed(reset, PassKind::allowed, std::move(verdict.progress)), result_url);
    return std::nullopt;
  }
  const std::string state = sealed(reset, PassKind::away, std::move(verdict.progress));
  const std::string url = oauth::append_query(*verdict.redirect, {{"state", state}});
  if (url.size() <= page_url_size_max) return to(reset, url);
  return refused(reset, {ErrorKind::forbidden, "access_denied", "The address to go on at is too long.", {}});
}

// The user whom the link was made for, under the address that it was sent to.
Async<std::optional<domain::User>> owner_of(const Reset& reset) {
  const auto& visit = reset.visit;
  CO_TRY(auto user,
         co_await visit.machine->services().users.find(visit.context.tenant->id, visit.ticket.user_id));
  if (user && user->email() != json::string_or(visit.ticket.data, "email")) user.reset();
  co_return user;
}

Task<Verdict> ask_scripts(Reset& reset, extensions::ChallengeProgress progress,
                          std::optional<json::Object> came_back) {
  const auto& visit = reset.visit;
  const auto user = co_await owner_of(reset);
  if (!user) co_return busy(reset, user.error());
  if (!*user) co_return invalid_link(visit.page);
  auto verdict = co_await extensions::post_challenge(visit.machine->services(),
                                                     {.context = visit.context,
                                                      .request = visit.request,
                                                      .client = visit.client,
                                                      .connection = *reset.connection,
                                                      .user = **user,
                                                      .locale = std::string(tag_of(visit.page.language)),
                                                      .progress = std::move(progress),
                                                      .came_back = std::move(came_back)});
  if (!verdict) co_return busy(reset, verdict.error());
  const auto kept = co_await keep(reset, **user, *verdict);
  // A refusal stands without its records; nothing else happens unrecorded.
  if (!kept && !verdict->denial) co_return busy(reset, kept.error());
  co_return act_on(reset, std::move(*verdict));
}

// ---- the reset itself

Task<OpenedReset> furnish(OpenedTicket opened) {
  if (!opened) co_return std::unexpected(std::move(opened.error()));
  Reset reset{.visit = std::move(*opened)};
  auto& visit = reset.visit;
  const auto& services = visit.machine->services();
  const auto tenant = visit.context.tenant->id;
  const auto connection = co_await services.configuration.connection_by_name(tenant, visit.ticket.connection);
  if (!connection) co_return std::unexpected(busy(reset, connection.error()));
  if (!*connection) co_return std::unexpected(invalid_link(visit.page));
  reset.connection = *connection;
  auto bindings = co_await extensions::name_of_bindings(services, tenant,
                                                        std::string(extensions::post_challenge_trigger));
  if (!bindings) co_return std::unexpected(busy(reset, bindings.error()));
  reset.bindings = std::move(*bindings);
  if (!reset.bindings.empty()) allow_any_target(visit.page);
  read_pass(reset);
  co_return reset;
}

Task<OpenedReset> open_reset(MachinePtr machine, endpoint::RequestContext context, http::Request request) {
  co_return co_await furnish(
      co_await open_ticket(std::move(machine), std::move(context), std::move(request), "change_password"));
}

Async<> admit(const Reset& reset, std::string password, ports::Writes& writes) {
  const auto& visit = reset.visit;
  const auto& services = visit.machine->services();
  if (!services.breached_passwords.contains(password)) co_return Result<>();
  CO_TRY(auto user, co_await services.users.find(visit.context.tenant->id, visit.ticket.user_id));
  co_return co_await database::admit_password(services, visit.machine->database(), visit.scene(),
                                              *reset.connection, database::LeakStage::change_password, true,
                                              std::move(user), writes);
}

Async<domain::User> change_password(const Reset& reset, std::string password) {
  const auto& visit = reset.visit;
  const auto& connection = *reset.connection;
  auto& database = visit.machine->database();
  ports::Writes leak;
  CO_ENSURE(co_await admit(reset, password, leak));
  CO_TRY(auto change,
         co_await database.redeem_reset(visit.scene(), connection, visit.ticket, std::move(password)));
  for (auto& write : leak) change.writes.push_back(std::move(write));
  CO_TRY(auto user, co_await database.commit(visit.context.tenant->id, std::move(change)));
  after_password_change(
      visit.machine->services(),
      {.context = visit.context, .request = visit.request, .client = visit.client, .connection = connection},
      user);
  co_return user;
}

Task<http::Response> not_changed(const Reset& reset, Error error) {
  const auto& visit = reset.visit;
  ports::Writes writes;
  writes.push_back(visit.machine->database().log(
      visit.scene(), *reset.connection, "fcp", error.message.empty() ? error.code : error.message, nullptr));
  (void)co_await visit.machine->services().committer.commit(visit.context.tenant->id, std::move(writes));
  if (const auto complaint = complaint_of(error, *reset.connection, visit.page.language))
    co_return ask(reset, complaint->message, complaint->rules, 400);
  if (error.kind == ErrorKind::unavailable) co_return busy(reset, error);
  co_return invalid_link(visit.page);
}

Task<http::Response> set_password(const Reset& reset) {
  const auto& visit = reset.visit;
  std::string password;
  if (!reset.has_password_inside()) {
    password = visit.form.get_or("password-reset");
    if (password.empty()) co_return ask(reset, visit.words(Text::enter_password), {}, 400);
    if (password != visit.form.get_or("re-enter-password"))
      co_return ask(reset, visit.words(Text::passwords_differ), {}, 400);
  }
  const auto changed = co_await change_password(reset, std::move(password));
  if (!changed) co_return co_await not_changed(reset, changed.error());
  co_return done(visit, Text::password_changed_title, Text::password_changed_text);
}

}  // namespace

Task<http::Response> show_new_password(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters) {
  auto reset = co_await open_reset(std::move(machine), std::move(context), std::move(request));
  if (!reset) co_return std::move(reset.error());
  co_return ask(*reset, {});
}

Task<http::Response> post_new_password(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters) {
  auto reset = co_await open_reset(std::move(machine), std::move(context), std::move(request));
  if (!reset) co_return std::move(reset.error());
  if (!reset->is_allowed()) {
    if (auto answer = co_await ask_scripts(*reset, {}, {})) co_return std::move(*answer);
    const bool is_button = !reset->visit.form.has("password-reset") && !reset->has_password_inside();
    if (is_button) co_return to_form(*reset);
  }
  co_return co_await set_password(*reset);
}

Task<http::Response> continue_reset(MachinePtr machine, endpoint::RequestContext context,
                                    http::Request request, ResetPass pass, json::Object came_back) {
  auto reset = co_await furnish(co_await open_ticket_of(
      std::move(machine), std::move(context), std::move(request), "change_password", std::move(pass.ticket)));
  if (!reset) co_return std::move(reset.error());
  if (!reset->bindings.empty())
    if (auto answer = co_await ask_scripts(*reset, std::move(pass.progress), std::move(came_back)))
      co_return std::move(*answer);
  co_return to_form(*reset);
}

}  // namespace durward::login
