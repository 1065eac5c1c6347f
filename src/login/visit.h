#pragma once
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connections/database/database.h"
#include "domain/connection.h"
#include "login/machine.h"
#include "login/pages.h"

// What every page of a transaction begins with: the state opened, its client, connection and page context.
namespace durward::login {

using ConnectionPtr = std::shared_ptr<const domain::Connection>;

struct Visit {
  std::shared_ptr<Machine> machine;
  endpoint::RequestContext context;
  http::Request request;
  http::Parameters form;  // of a POST; empty otherwise
  std::string state;
  Transaction transaction;
  std::shared_ptr<const domain::Client> client;
  std::vector<ConnectionPtr> databases;  // those whose passwords these pages take, in their order
  ConnectionPtr database;                // the one this page speaks of: at first the first
  ConnectionPtr signup_database;         // the first that new accounts may go to; null: none
  PageContext page;

  std::string client_name() const { return client->name; }
  std::string words(Text key) const { return std::string(text(page.language, key)); }
  // "/u/signup?state=…"
  std::string link(std::string_view path) const;
  connections::database::Scene scene() const;
};

// The visit, or the answer that ends it: the transaction is unknown, expired, of another browser, or the form
// came from another site.
using Opened = std::expected<Visit, http::Response>;
Task<Opened> open_visit(std::shared_ptr<Machine> machine, endpoint::RequestContext context,
                        http::Request request);

// True when the browser signed in after the transaction began (double submit, back button, another tab): the
// page has nothing left to ask.
Async<bool> is_done_already(const Visit& visit);

// A client may have several databases and a person does not know them: from here on `database` is the first
// that knows `identifier`, or the first of all. All are asked, and only one password is ever verified, so
// that the time of an answer does not tell in how many an address has an account. Error: unavailable only.
Async<> settle_database(Visit& visit, std::string identifier);

// Whether the protection lets an attempt of this visit go on. One that does not is in the log already, and
// the page says these words with 429. Error: unavailable.
using Admitted = std::expected<Permit, Text>;
Async<Admitted> admit(const Visit& visit, Stage stage, std::string identifier);

// A page of a ticket link, outside of any transaction.
connections::database::Scene scene_of(const endpoint::RequestContext& context);
// Fields of a POST. Error: invalid/invalid_request for another content type or a broken body.
Result<http::Parameters> read_form(const http::Request& request);
// The words for a password that was refused, and the rules it broke.
struct PasswordComplaint {
  std::string message;
  std::vector<std::string> rules;
};
std::optional<PasswordComplaint> complaint_of(const Error& error, const domain::Connection& connection,
                                              Language language);

}  // namespace durward::login
