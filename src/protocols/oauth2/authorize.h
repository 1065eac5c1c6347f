#pragma once
#include <memory>
#include <vector>

#include "endpoint/endpoint.h"
#include "login/machine.h"
#include "tokens/tokens.h"

namespace durward::protocols::oauth2 {

// How the login machine gives a person back to an application: codes and front-channel tokens by the
// response type, errors by the response mode. Register it as "oauth2".
login::Protocol authorization_protocol(const ports::Services& services, tokens::Issuer& issuer);

// GET and POST /authorize.
std::vector<endpoint::Endpoint> authorize_rows(const ports::Services& services,
                                               std::shared_ptr<login::Machine> machine);

}  // namespace durward::protocols::oauth2
