#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "protocols/body.h"
#include "protocols/parts.h"

namespace durward::protocols::database {

// POST /dbconnections/signup and /dbconnections/change_password, for forms that are part of an application
// (challenges.h has what they must answer first); GET /user/ssodata.
std::vector<endpoint::Endpoint> signup_rows(Parts parts);

// The profile of a sign-up. invalid/invalid_request for members of a wrong type or size (Auth0
// Authentication API).
Result<json::Object> signup_attributes(const Body& body);
// {"name","code","description","statusCode"} (§2.1, shape C); always 400 but for an overloaded server.
http::Response database_error(const Error& error);

}  // namespace durward::protocols::database
