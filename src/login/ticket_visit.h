#pragma once
#include <expected>
#include <memory>
#include <string>

#include "connections/database/database.h"
#include "extensions/events.h"
#include "login/machine.h"
#include "login/pages.h"

// What every page behind a mailed link begins with: its ticket and what belongs to it. A link only opens a
// page; what it is for happens by a POST, so that mail scanners and previews that follow links change
// nothing.
namespace durward::login {

struct TicketVisit {
  std::shared_ptr<Machine> machine;
  endpoint::RequestContext context;
  http::Headers headers;
  http::Parameters query, form;
  PageContext page;
  std::string text;  // of the link
  domain::Ticket ticket;
  std::shared_ptr<const domain::Client> client;  // null: the ticket names none
  extensions::RequestFacts request;

  std::string words(Text key) const { return std::string(login::text(page.language, key)); }
  connections::database::Scene scene() const;
};

// The visit, or the answer that ends it.
using OpenedTicket = std::expected<TicketVisit, http::Response>;
// `kind` as in Database::find_ticket. The ticket is what the form or the query names.
Task<OpenedTicket> open_ticket(std::shared_ptr<Machine> machine, endpoint::RequestContext context,
                               http::Request request, std::string kind);
// ... or the one of this text.
Task<OpenedTicket> open_ticket_of(std::shared_ptr<Machine> machine, endpoint::RequestContext context,
                                  http::Request request, std::string kind, std::string text);

http::Response invalid_link(const PageContext& page);
// The link did what it was for: to its result URL, or a page that says so.
http::Response done(const TicketVisit& visit, Text title, Text message);

}  // namespace durward::login
