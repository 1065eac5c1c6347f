#pragma once
#include <gtest/gtest.h>

#include "connections/database/database.h"
#include "login/machine.h"
#include "login/rows.h"
#include "login/testing/browser.h"
#include "tokens/testing/world.h"

namespace durward::testing {

// The pages over a world in memory, with one application "app", one database "db" and one user, Ada.
struct PageWorld : ::testing::Test, World {
  connections::database::Database database{services};
  std::shared_ptr<login::Machine> machine;
  std::string screen_hint;

  PageWorld() {
    add_client("app", "", "spa", {"authorization_code"});
    add_connection("db", {"app"});
    add_user("1", "ada@example.com", "Secret-1");
    furnish({});
  }
  void furnish(login::BotOptions bots) {
    machine = std::make_shared<login::Machine>(
        services, database,
        login::Protocols{{"test", login::Protocol{come_back, come_back_refused,
                                                  [](const login::Transaction&) { return login::Told(); }}}},
        bots);
  }
  void protect(std::string name, std::string_view settings) {
    auto documents = configuration.protection.documents;
    documents[std::move(name)] = json::parse_object(settings).value();
    configuration.protection = domain::AttackProtection::from_documents(std::move(documents));
  }

  Browser browser() {
    auto rows = login::login_rows(machine);
    endpoint::Endpoint begin;
    begin.method = http::Method::get;
    begin.path = "/begin";
    begin.handler = endpoint::ProtocolHandler(
        [this](endpoint::RequestContext c, http::Request r, const endpoint::PathParameters&) {
          login::Transaction transaction;
          transaction.client_id = "app";
          transaction.protocol = "test";
          transaction.screen_hint = screen_hint;
          return machine->begin(std::move(c), std::move(r), std::move(transaction));
        });
    rows.push_back(std::move(begin));
    return Browser(std::move(rows), [this] { return context(); });
  }

  std::vector<std::string> log_types() const {
    std::vector<std::string> out;
    for (const auto& [id, record] : state.log) out.push_back(record.type);
    return out;
  }
  int mails(std::string_view name) const {
    int out = 0;
    for (const auto& job : state.jobs) out += json::string_or(job.payload, "template") == name;
    return out;
  }

 private:
  static Async<http::Response> come_back(endpoint::RequestContext, login::Transaction, login::Authenticated,
                                         ports::Writes&) {
    co_return http::redirect(302, "https://app.example/cb");
  }
  static Task<http::Response> come_back_refused(endpoint::RequestContext, login::Transaction, Error error) {
    co_return http::redirect(302, "https://app.example/cb?error=" + error.code);
  }
};

}  // namespace durward::testing
