#pragma once
#include "extensions/execution_record.h"
#include "extensions/post_login.h"

// What becomes of a login by what its scripts asked for. Pure: the same facts and commands give the same
// verdict, so performed_of and failure_of of a stored execution tell it again without running any code; the
// user of setPrimaryUser is one of these facts. Not Progress::before: what else was bound then is in no
// record.
namespace durward::extensions {

inline constexpr std::string_view post_login_trigger = "post-login";

// As it stands before any script of this call has run.
LoginVerdict begin_verdict(const LoginFacts& facts);
// After the actions. Commands are those that judge_all let pass for post-login.
LoginVerdict decide(const LoginFacts& facts, LoginVerdict before, const std::vector<Performed>& performed,
                    const std::optional<Failure>& failure);
// What must hold whoever asked for it, rules too: a redirect needs a browser, claims have bounds. `decide`
// ends with it.
void conclude(const LoginFacts& facts, LoginVerdict& verdict);

// Whom a script wants the login to go on as; empty: nobody else, or it is denied.
std::string wanted_user(const LoginFacts& facts, const LoginVerdict& verdict);
// ... who is known now, or is not there: the login is theirs, or denied.
void become(const LoginFacts& facts, LoginVerdict& verdict, std::optional<domain::User> primary);

void deny(LoginVerdict& verdict, std::string code, std::string_view reason);
void no_factor(LoginVerdict& verdict);

}  // namespace durward::extensions
