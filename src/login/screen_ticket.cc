#include "base/encoding.h"
#include "connections/database/breached.h"
#include "login/registration.h"
#include "login/screens.h"
#include "login/visit.h"
#include "standards/oauth/redirect_uri.h"

// The pages behind mailed links: /u/reset-verify, /u/email-verification, /u/brute-force-protection-unblock. A
// link only opens a page; what it is for happens by a POST, so that mail scanners and previews that follow
// links change nothing.
namespace durward::login {
namespace {

namespace database = connections::database;

struct TicketVisit {
  MachinePtr machine;
  endpoint::RequestContext context;
  http::Parameters form;
  PageContext page;
  std::string text;
  domain::Ticket ticket;
  std::shared_ptr<const domain::Client> client;
  extensions::RequestFacts request;

  std::string words(Text key) const { return std::string(login::text(page.language, key)); }
  database::Scene scene() const {
    auto out = scene_of(context);
    out.client_id = ticket.client_id;
    if (client) out.client_name = client->name;
    return out;
  }
};

http::Response invalid_link(const PageContext& page) {
  const auto say = [&](Text key) { return std::string(text(page.language, key)); };
  return render(page, NoticePage{say(Text::link_invalid_title), say(Text::link_invalid_text), {}, {}}, 400);
}

Result<std::string> ticket_text(const http::Request& request, http::Parameters& form) {
  if (request.method == http::Method::post) {
    TRY(form, read_form(request));
    if (auto text = form.get("ticket")) return *text;
  }
  TRY(const auto query, http::parse_form(request.query));
  return query.get_or("ticket");
}

using OpenedTicket = std::expected<TicketVisit, http::Response>;

Task<OpenedTicket> open_ticket(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                               std::string kind) {
  TicketVisit visit{.machine = machine, .context = context};
  auto page = co_await page_context(machine->services(), context, "",
                                    std::string(request.headers.get("Accept-Language")));
  if (!page)
    co_return std::unexpected(co_await error_page(
        machine->services(), context, request.headers,
        {503, "temporarily_unavailable", "The server is overloaded. Please try again.", {}, {}}));
  visit.page = std::move(*page);
  visit.request = extensions::facts_of(request);
  const auto text = ticket_text(request, visit.form);
  if (!text) co_return std::unexpected(invalid_link(visit.page));
  visit.text = *text;
  auto ticket = co_await machine->database().find_ticket(context.tenant->id, *text, kind, context.now);
  if (!ticket) co_return std::unexpected(invalid_link(visit.page));
  visit.ticket = std::move(*ticket);
  if (!visit.ticket.client_id.empty()) {
    const auto client =
        co_await machine->services().configuration.client(context.tenant->id, visit.ticket.client_id);
    if (client) visit.client = *client;
  }
  const std::string result_url = json::string_or(visit.ticket.data, "result_url");
  for (const std::string& url : {result_url, visit.client ? visit.client->initiate_login_uri : std::string()})
    if (const auto origin = oauth::origin_of(url); origin && !origin->empty())
      visit.page.form_targets.push_back(*origin);
  co_return visit;
}

// What a result URL learns (Auth0 Management API, tickets).
http::Response to_result(const TicketVisit& visit, const std::string& result_url,
                         const std::string& message) {
  oauth::Parameters parameters{{"supportSignUp", "true"}, {"supportForgotPassword", "true"}};
  if (json::boolean_or(visit.ticket.data, "includeEmailInRedirect", false))
    parameters.emplace_back("email", json::string_or(visit.ticket.data, "email"));
  parameters.emplace_back("success", "true");
  parameters.emplace_back("code", "success");
  parameters.emplace_back("message", message);
  auto response = http::redirect(302, oauth::append_query(result_url, parameters));
  set_page_headers(response, visit.page);
  return response;
}

http::Response done(const TicketVisit& visit, Text title, Text message) {
  const std::string result_url = json::string_or(visit.ticket.data, "result_url");
  if (!result_url.empty()) return to_result(visit, result_url, visit.words(message));
  NoticePage page{visit.words(title), visit.words(message), {}, {}};
  if (visit.client && !visit.client->initiate_login_uri.empty()) {
    page.link_url = oauth::append_query(visit.client->initiate_login_uri, {{"iss", visit.page.issuer}});
    page.link_text = visit.words(Text::sign_in_link);
  }
  return render(visit.page, page);
}

bool has_password_inside(const TicketVisit& visit) {
  return json::string(visit.ticket.data, "new_password_hash").has_value();
}

http::Response ask_password(const TicketVisit& visit, std::string error, std::vector<std::string> rules = {},
                            int status = 200) {
  return render(visit.page,
                NewPasswordPage{.ticket = visit.text,
                                .email = json::string_or(visit.ticket.data, "email"),
                                .chosen_already = has_password_inside(visit),
                                .error = std::move(error),
                                .rules = std::move(rules)},
                status);
}

Async<> admit(TicketVisit visit, domain::Connection connection, std::string password, ports::Writes& writes) {
  const auto& services = visit.machine->services();
  if (!services.breached_passwords.contains(password)) co_return Result<>();
  CO_TRY(auto user, co_await services.users.find(visit.context.tenant->id, visit.ticket.user_id));
  co_return co_await database::admit_password(services, visit.machine->database(), visit.scene(), connection,
                                              database::LeakStage::change_password, true, std::move(user),
                                              writes);
}

Async<domain::User> change_password(TicketVisit visit, domain::Connection connection, std::string password) {
  auto& database = visit.machine->database();
  ports::Writes leak;
  CO_ENSURE(co_await admit(visit, connection, password, leak));
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

Task<http::Response> not_changed(TicketVisit visit, domain::Connection connection, Error error) {
  ports::Writes writes;
  writes.push_back(visit.machine->database().log(
      visit.scene(), connection, "fcp", error.message.empty() ? error.code : error.message, nullptr));
  (void)co_await visit.machine->services().committer.commit(visit.context.tenant->id, std::move(writes));
  if (const auto complaint = complaint_of(error, connection, visit.page.language))
    co_return ask_password(visit, complaint->message, complaint->rules, 400);
  if (error.kind == ErrorKind::unavailable)
    co_return with_retry(ask_password(visit, visit.words(Text::busy), {}, 503), error);
  co_return invalid_link(visit.page);
}

}  // namespace

Task<http::Response> show_new_password(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters) {
  auto opened = co_await open_ticket(machine, std::move(context), std::move(request), "change_password");
  if (!opened) co_return std::move(opened.error());
  co_return ask_password(*opened, {});
}

Task<http::Response> post_new_password(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters) {
  auto opened = co_await open_ticket(machine, std::move(context), std::move(request), "change_password");
  if (!opened) co_return std::move(opened.error());
  TicketVisit& visit = *opened;
  const auto connection = co_await machine->services().configuration.connection_by_name(
      visit.context.tenant->id, visit.ticket.connection);
  if (!connection || !*connection) co_return invalid_link(visit.page);
  std::string password;
  if (!has_password_inside(visit)) {
    password = visit.form.get_or("password-reset");
    if (password.empty()) co_return ask_password(visit, visit.words(Text::enter_password), {}, 400);
    if (password != visit.form.get_or("re-enter-password"))
      co_return ask_password(visit, visit.words(Text::passwords_differ), {}, 400);
  }
  const auto changed = co_await change_password(visit, **connection, std::move(password));
  if (!changed) co_return co_await not_changed(std::move(visit), **connection, changed.error());
  co_return done(visit, Text::password_changed_title, Text::password_changed_text);
}

Task<http::Response> show_verification(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters) {
  auto opened = co_await open_ticket(machine, std::move(context), std::move(request), "verify_email");
  if (!opened) co_return std::move(opened.error());
  co_return render(opened->page,
                   VerifyEmailPage{opened->text, json::string_or(opened->ticket.data, "email")});
}

Task<http::Response> post_verification(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters) {
  auto opened = co_await open_ticket(machine, std::move(context), std::move(request), "verify_email");
  if (!opened) co_return std::move(opened.error());
  TicketVisit& visit = *opened;
  auto change = co_await machine->database().redeem_verification(visit.scene(), visit.ticket);
  if (!change) co_return invalid_link(visit.page);
  const auto user = co_await machine->database().commit(visit.context.tenant->id, std::move(*change));
  if (!user) co_return invalid_link(visit.page);
  co_return done(visit, Text::verified_title, Text::verified_text);
}

Task<http::Response> show_unblock(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                  endpoint::PathParameters) {
  auto opened = co_await open_ticket(machine, std::move(context), std::move(request), "unblock_account");
  if (!opened) co_return std::move(opened.error());
  co_return render(opened->page,
                   UnblockPage{opened->text, database::blocked_sign_in(opened->ticket).identifier});
}

Task<http::Response> post_unblock(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                  endpoint::PathParameters) {
  auto opened = co_await open_ticket(machine, std::move(context), std::move(request), "unblock_account");
  if (!opened) co_return std::move(opened.error());
  TicketVisit& visit = *opened;
  const auto& services = machine->services();
  const auto tenant = visit.context.tenant->id;
  const auto connection = co_await services.configuration.connection_by_name(tenant, visit.ticket.connection);
  const auto user = co_await services.users.find(tenant, visit.ticket.user_id);
  if (!connection || !*connection || !user || !*user) co_return invalid_link(visit.page);
  auto change = machine->database().redeem_unblock(visit.scene(), **connection, **user, visit.ticket);
  if (!co_await machine->database().commit(tenant, std::move(change))) co_return invalid_link(visit.page);
  const auto blocked = database::blocked_sign_in(visit.ticket);
  (void)co_await services.limiter.forget(
      account_key(tenant, visit.ticket.connection, blocked.identifier, blocked.ip));
  co_return done(visit, Text::unblocked_title, Text::unblocked_text);
}

}  // namespace durward::login
