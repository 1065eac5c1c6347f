#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "protocols/body.h"
#include "protocols/parts.h"

namespace durward::protocols::database {

// POST /dbconnections/signup/challenge, /dbconnections/change_password/challenge, /usernamepassword/challenge
// (Auth0 Authentication API, challenges): what a form that is part of an application must answer first.
std::vector<endpoint::Endpoint> challenge_rows(Parts parts);

// Whether a request of such a form, or a password grant, may go on: its members `captcha` and `state`, or
// `captcha_token` for an answered proof of work. Errors: "requires_verification" without an answer,
// "invalid_captcha" with a wrong one; unavailable.
Async<> pass_challenge(const Parts& parts, endpoint::RequestContext context, login::GuardedForm form,
                       const Body& body);

}  // namespace durward::protocols::database
