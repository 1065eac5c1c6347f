#pragma once
#include <string>

#include "endpoint/endpoint.h"

// Limits by what a person claims to be (domain/rate_limits.h), kept before anything is looked up, so that
// they tell nothing about accounts. Error: limited / too_many_requests, or too_many_logins for an attempt.
namespace durward::login {

// A password given for an account: counted for the account at one address, so that nobody can lock out
// another by it; refused, it is log type limit_sul. Wrong passwords are counted elsewhere too (protection.h).
Async<> limit_attempt(const endpoint::RequestContext& context, std::string identifier);
// A mail asked for: counted for the one who would get it, whoever asks.
Async<> limit_mail(const endpoint::RequestContext& context, std::string identifier);

}  // namespace durward::login
