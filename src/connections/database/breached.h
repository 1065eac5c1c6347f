#pragma once
#include <optional>
#include <string>

#include "connections/database/database.h"

// Passwords that strangers know (ports/breached_passwords.h): what the tenant wants to happen then
// (/attack-protection/breached-password-detection).
namespace durward::connections::database {

enum class LeakStage { sign_in, sign_up, change_password };

struct Leak {
  bool blocked = false;  // answer leak_error(stage)
  ports::Writes writes;  // log record and mails: of the request's commit, or of their own when it is blocked
};

// At a sign-in only once the password is known to be right: `user` is whose it is, and only who knows it
// learns anything. At a sign-up before the account is looked for. `listed` is what the list said, asked for
// every attempt. Nothing when it said no or the tenant does not look. Error: unavailable only.
Async<std::optional<Leak>> find_leak(const ports::Services& services, const Database& database, Scene scene,
                                     domain::Connection connection, LeakStage stage, bool listed,
                                     std::optional<domain::User> user);

// The same, done: appends to the writes of the request, and when it is refused commits them all and fails
// with leak_error.
Async<> admit_password(const ports::Services& services, const Database& database, Scene scene,
                       domain::Connection connection, LeakStage stage, bool listed,
                       std::optional<domain::User> user, ports::Writes& writes);

// "password_leaked": unauthenticated at a sign-in, invalid otherwise.
Error leak_error(LeakStage stage);

}  // namespace durward::connections::database
