#include "login/screens.h"
#include "login/ticket_visit.h"

// The pages behind mailed links that one button does: /u/email-verification,
// /u/brute-force-protection-unblock.
namespace durward::login {

namespace database = connections::database;

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
