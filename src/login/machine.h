#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connections/database/database.h"
#include "login/bots/bot_guard.h"
#include "login/login.h"
#include "login/pages.h"
#include "login/protection.h"

// The login machine: decides the next step of a transaction and ends it with one commit.
namespace durward::login {

enum class Step { login, identifier, password, signup, consent, done, refuse };

// What is known when a step is chosen.
struct Facts {
  bool signed_in = false;           // a live session
  bool signed_in_here = false;      // ... by a factor proven after the transaction began
  std::string user_id, connection;  // of the session
  TimePoint authenticated_at, now;
  bool consent_stored = false;  // a grant of the user to the client covers the scope
};
struct Policy {
  bool identifier_first = false;  // GET /prompts
  bool single_sign_on = true;     // not client.sso_disabled
};
struct Decision {
  Step step = Step::refuse;
  std::string_view error;  // refuse: login_required, consent_required, interaction_required
  std::string_view description;
  bool operator==(const Decision&) const = default;
};
// Pure: OpenID Connect Core §3.1.2.1 (prompt, max_age, id_token_hint) and §3.1.2.3, §3.1.2.4.
Decision next_step(const Transaction& transaction, const Facts& facts, const Policy& policy);
bool session_is_enough(const Transaction& transaction, const Facts& facts, const Policy& policy);

// Who proved to be whom, by which means.
struct Proof {
  domain::User user;
  std::string connection, strategy;
  std::vector<std::string> amr;  // RFC 8176
  ports::Writes writes;          // to be committed with the login: rehash, for example
};

// Thread-safe; lives as long as the server.
class Machine {
 public:
  Machine(const ports::Services& services, connections::database::Database& database, Protocols protocols,
          BotOptions bots = {});

  // GET /authorize and its like: a validated request arrives with its browser. Sends the person straight
  // back, to a page, or refuses (prompt=none). Sets id, binding and created_at of the transaction.
  Task<http::Response> begin(endpoint::RequestContext context, http::Request request,
                             Transaction transaction);
  // A factor was proven within the transaction: session, counters, log record and the protocol's writes in
  // one commit; or the consent page. Errors: of the commit (conflict/"user_exists" for a new user, for
  // example), nothing is written then.
  Async<http::Response> signed_in(endpoint::RequestContext context, http::Request request,
                                  Transaction transaction, Proof proof);
  // Goes on with the browser's session, wherever the transaction stands.
  Task<http::Response> resume(endpoint::RequestContext context, http::Request request,
                              Transaction transaction);
  // The person accepted the consent page: stores the grant and ends the transaction in one commit.
  Task<http::Response> consented(endpoint::RequestContext context, http::Request request,
                                 Transaction transaction);
  // The person comes back to /continue from where a script sent them; `came_back` is {state, query, body}.
  Task<http::Response> continued(endpoint::RequestContext context, http::Request request,
                                 Transaction transaction, json::Object came_back);
  // Ends the transaction at the application with an error, after a log record of this type (none if empty).
  Task<http::Response> refuse(endpoint::RequestContext context, Transaction transaction, Error error,
                              std::string log_type);

  // A failed sign-in in the tenant log: "fp", "fu", "f", "fs". A failing commit is only reported in the
  // process log, the person's answer does not depend on it. `more` goes into the same commit; true when it
  // was made.
  Task<bool> log_failure(endpoint::RequestContext context, Transaction transaction, std::string type,
                         std::string description, std::string user_id, std::string user_name,
                         ports::Writes more = {});

  // A redirect to a page of this transaction with the transaction sealed into `state`.
  http::Response go_to(const endpoint::RequestContext& context, std::string_view path,
                       const Transaction& transaction) const;

  // event.transaction of scripts, as the protocol tells it.
  json::Object told(const Transaction& transaction) const;

  const ports::Services& services() const { return services_; }
  connections::database::Database& database() const { return database_; }
  Protection protection() const { return {services_, database_}; }
  const BotGuard& bots() const { return bots_; }

 private:
  struct Run;  // one request's way
  Async<Run> load(endpoint::RequestContext context, http::Request request, Transaction transaction);
  Task<http::Response> advance(Run run);
  Async<bool> consent_is_stored(Run& run, std::string user_id);
  Task<http::Response> single_sign_on(Run run, ports::Writes writes);
  Async<http::Response> finish(Run run, Authenticated who, ports::Writes writes);
  Async<extensions::LoginVerdict> run_scripts(Run& run, const Authenticated& who);
  Async<http::Response> denied(Run run, Authenticated who, extensions::LoginVerdict verdict,
                               ports::Writes writes);
  Async<http::Response> send_away(Run run, extensions::LoginVerdict verdict, ports::Writes writes);
  Task<http::Response> give_up(Run run, Error error);

  const ports::Services& services_;
  connections::database::Database& database_;
  Protocols protocols_;
  BotGuard bots_;
  metrics::Counter &fresh_logins_, &single_sign_ons_, &refusals_, &failures_;
};

}  // namespace durward::login
