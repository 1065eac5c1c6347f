#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/session.h"
#include "endpoint/endpoint.h"
#include "http/message.h"
#include "ports/services.h"

// The cookie of a browser session. Its value is Handle{id, secret}: the row is found by its key and the
// secret compared with the stored SHA-256. `auth0` is SameSite=None for silent sign-in in frames,
// `auth0_compat` the same value for browsers that do not know SameSite=None.
namespace durward::login {

inline constexpr std::string_view session_cookie = "auth0", session_cookie_compat = "auth0_compat";

// All values of a cookie in the request's Cookie fields (RFC 6265 §5.4), in order.
std::vector<std::string> cookie_values(const http::Headers& headers, std::string_view name);

// The live session of the request's cookie: no cookie or a malformed one costs no read, else one read.
// Nothing when the row is gone, expired, or the secret is wrong. `now` is context.now. Errors: only of the
// store.
Async<std::optional<domain::Session>> session_of(const ports::Services& services,
                                                 endpoint::RequestContext context,
                                                 const http::Headers& headers);

// Adds the two Set-Cookie fields. A persistent session's cookie lives until the session's absolute end.
void set_session_cookies(http::Headers& headers, const domain::Session& session, const domain::Handle& handle,
                         TimePoint now);
// Adds the Set-Cookie fields that make a browser forget its session.
void clear_session_cookies(http::Headers& headers);

}  // namespace durward::login
