#pragma once
#include <string>

#include "http/message.h"
#include "login/pages.h"
#include "protocols/oauth2/authorize_request.h"
#include "standards/oauth/redirect_uri.h"

// How an answer, good or bad, gets back to the application: by the response mode of the request.
namespace durward::protocols::oauth2 {

// `page` gives nonce and language of the two modes that are pages. Adds nothing to `parameters` but state.
http::Response respond(const AuthorizationRequest& request, oauth::Parameters parameters,
                       const login::PageContext& page);

// {"error","error_description"} and, where the tenant wants it, iss (RFC 9207 §2).
oauth::Parameters error_parameters(const Error& error);

}  // namespace durward::protocols::oauth2
