#include "login/ticket_visit.h"

#include "login/visit.h"
#include "standards/oauth/redirect_uri.h"

namespace durward::login {
namespace {

// Without a page context there is no page; the ticket may be used later.
Task<http::Response> busy(std::shared_ptr<Machine> machine, endpoint::RequestContext context,
                          http::Headers headers) {
  co_return co_await error_page(
      machine->services(), context, headers,
      {503, "temporarily_unavailable", "The server is overloaded. Please try again.", {}, {}});
}

Result<> read_parameters(const http::Request& request, TicketVisit& visit) {
  if (request.method == http::Method::post) {
    TRY(visit.form, read_form(request));
  }
  TRY(visit.query, http::parse_form(request.query));
  return {};
}

// What the ticket leads to: its client, and where a form may end at.
Task<void> furnish(TicketVisit& visit) {
  if (!visit.ticket.client_id.empty()) {
    const auto client = co_await visit.machine->services().configuration.client(visit.context.tenant->id,
                                                                                visit.ticket.client_id);
    if (client) visit.client = *client;
  }
  const std::string result_url = json::string_or(visit.ticket.data, "result_url");
  for (const std::string& url : {result_url, visit.client ? visit.client->initiate_login_uri : std::string()})
    if (const auto origin = oauth::origin_of(url); origin && !origin->empty())
      visit.page.form_targets.push_back(*origin);
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

Task<OpenedTicket> find(TicketVisit visit, std::string kind) {
  auto ticket = co_await visit.machine->database().find_ticket(visit.context.tenant->id, visit.text,
                                                               std::move(kind), visit.context.now);
  if (!ticket) co_return std::unexpected(invalid_link(visit.page));
  visit.ticket = std::move(*ticket);
  co_await furnish(visit);
  co_return visit;
}

Task<OpenedTicket> begin(std::shared_ptr<Machine> machine, endpoint::RequestContext context,
                         http::Request request) {
  TicketVisit visit{.machine = machine, .context = context, .headers = request.headers};
  auto page = co_await page_context(machine->services(), context, "",
                                    std::string(request.headers.get("Accept-Language")));
  if (!page)
    co_return std::unexpected(co_await busy(std::move(machine), std::move(context), request.headers));
  visit.page = std::move(*page);
  visit.request = extensions::facts_of(request);
  if (!read_parameters(request, visit)) co_return std::unexpected(invalid_link(visit.page));
  co_return visit;
}

}  // namespace

connections::database::Scene TicketVisit::scene() const {
  auto out = scene_of(context);
  out.client_id = ticket.client_id;
  if (client) out.client_name = client->name;
  return out;
}

Task<OpenedTicket> open_ticket(std::shared_ptr<Machine> machine, endpoint::RequestContext context,
                               http::Request request, std::string kind) {
  auto visit = co_await begin(std::move(machine), std::move(context), std::move(request));
  if (!visit) co_return visit;
  visit->text = visit->form.get_or("ticket", visit->query.get_or("ticket"));
  co_return co_await find(std::move(*visit), std::move(kind));
}

Task<OpenedTicket> open_ticket_of(std::shared_ptr<Machine> machine, endpoint::RequestContext context,
                                  http::Request request, std::string kind, std::string text) {
  auto visit = co_await begin(std::move(machine), std::move(context), std::move(request));
  if (!visit) co_return visit;
  visit->text = std::move(text);
  co_return co_await find(std::move(*visit), std::move(kind));
}

http::Response invalid_link(const PageContext& page) {
  const auto say = [&](Text key) { return std::string(text(page.language, key)); };
  return render(page, NoticePage{say(Text::link_invalid_title), say(Text::link_invalid_text), {}, {}}, 400);
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

}  // namespace durward::login
