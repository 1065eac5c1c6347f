#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "extensions/post_challenge.h"
#include "login/transaction.h"

// What a browser carries while a tenant's scripts have a say in a password reset: sealed, of one link and one
// browser (the cookie of transaction.h), and short-lived.
namespace durward::login {

struct ResetPass {
  std::string ticket;    // the text of the link
  std::string binding;   // SHA-256 of the browser's binding cookie
  std::string bindings;  // of a leave that was given: extensions::name_of_bindings of who gave it
  extensions::ChallengeProgress progress;
  TimePoint made_at;
};

// `away` is the state that comes back to /continue, `allowed` the proof that a new password may be set. One
// never opens as the other, nor as a transaction.
enum class PassKind { away, allowed };
inline constexpr Seconds away_lifetime = transaction_lifetime, allowed_lifetime{900};

std::string seal(ports::Vault& vault, domain::TenantId tenant, PassKind kind, const ResetPass& pass);

struct OpenedPass {
  ResetPass pass;                       // of an unknown one: empty
  std::optional<StateProblem> problem;  // as in open_state
};
OpenedPass open_pass(ports::Vault& vault, domain::TenantId tenant, PassKind kind, std::string_view text,
                     const http::Headers& headers, TimePoint now);

}  // namespace durward::login
