#pragma once
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connections/database/database.h"
#include "domain/attack_protection.h"
#include "login/attempts.h"
#include "ports/services.h"

// What stands between somebody who is not signed in and the work of a password: one small interface for every
// face that takes one (docs/adr/0019-attack-protection.md). An attempt is reserved before its password is
// looked at and given back when that was right, so that guesses in parallel get no further than one after the
// other. Who is refused is told the same whether there is such an account or not.
namespace durward::login {

struct Attempt {
  Stage stage = Stage::sign_in;
  connections::database::Scene scene;                    // its ip is the one that counts
  std::shared_ptr<const domain::Connection> connection;  // null: of a token exchange, which names nobody
  std::string identifier;                                // as typed
};

struct Rule;

// What an attempt holds while its password is verified.
struct Permit {
  struct Hold {
    const Rule* rule = nullptr;
    std::string key;
    ports::Rate rate;
    int64_t remaining = 0;  // after this attempt
  };
  Attempt attempt;
  std::shared_ptr<const domain::AttackProtection> settings;
  std::string ip, identifier;  // as they are counted
  std::vector<Hold> held;
  ports::Writes notes;     // records of what a tenant wants to know of and not to refuse
  bool is_last = false;    // of the account: a failure is a block
  bool has_ended = false;  // a block was written: its commit ends the count
};

// An attempt that goes no further.
struct Barred {
  Error error;           // limited/"too_many_attempts", with the sentence for the person
  std::string log_type;  // limit_wc, limit_mu (Auth0 log event type codes)
  std::string user_id;   // for the log record, when known
  ports::Writes writes;  // to be committed with the log record; then call `settle`
  Permit permit;
};
using Admission = std::expected<Permit, Barred>;

// A wrong password: what the commit of its log record also holds, and the answer when there is another than
// "wrong".
struct FailedAttempt {
  ports::Writes writes;
  std::optional<Error> instead;
};

// Stateless; references outlive it. Thread-safe. Outer errors: unavailable, of the counters or the store; who
// cannot be counted is not let in.
class Protection {
 public:
  Protection(const ports::Services& services, const connections::database::Database& database)
      : services_(services), database_(database) {}

  // Reserves what the rules of the stage say, then looks for a block: no hash was computed yet.
  Async<Admission> admit(Attempt attempt) const;
  // The password was right: failures of the account are forgotten. The writes belong to its commit.
  Async<ports::Writes> passed(Permit permit) const;
  // It was refused. A right password of somebody whom an administrator blocked is no guess. After the commit
  // call `settle`.
  Async<FailedAttempt> failed(Permit& permit, connections::database::Refused refusal) const;
  // After the commit of a failure or a refusal. A block in the store takes the place of the count; without it
  // the count goes on where it was.
  Task<> settle(Permit permit, bool committed) const;
  // It was neither: the server could not tell. Nothing was tried.
  Task<> cancelled(Permit permit) const;

 private:
  Async<std::optional<Barred>> reserve(Permit& permit, const Rule& rule) const;
  Async<std::optional<Barred>> find_block(Permit& permit) const;
  Async<Barred> refuse(Permit& permit, const Rule& rule) const;
  Async<ports::Writes> block(Permit& permit, const std::optional<domain::User>& user) const;
  Async<ports::Writes> block_if_abandoned(Permit& permit) const;
  Async<ports::Writes> warn_admin(const Permit& permit) const;
  ports::Write record(const Permit& permit, const Rule& rule, const domain::User* user) const;

  const ports::Services& services_;
  const connections::database::Database& database_;
};

}  // namespace durward::login
