#include "standards/oauth/errors.h"

#include <algorithm>
#include <array>

namespace durward::oauth {

namespace {

// Sorted by word. Where a word has several statuses in the wild, the one that live services send is here.
constexpr std::array words = {
    ErrorWord{"access_denied", 403},
    ErrorWord{"association_required", 403},
    ErrorWord{"authorization_pending", 403},
    ErrorWord{"blocked_user", 403},
    ErrorWord{"consent_required", 403},
    ErrorWord{"endpoint_disabled", 404},
    ErrorWord{"expired_token", 403},
    ErrorWord{"insufficient_scope", 403},
    ErrorWord{"interaction_required", 403},
    ErrorWord{"invalid_client", 401},
    ErrorWord{"invalid_dpop_proof", 400},
    ErrorWord{"invalid_grant", 403},
    ErrorWord{"invalid_request", 400},
    ErrorWord{"invalid_request_object", 400},
    ErrorWord{"invalid_request_uri", 400},
    ErrorWord{"invalid_scope", 400},
    ErrorWord{"invalid_target", 400},
    ErrorWord{"invalid_token", 401},
    ErrorWord{"invalid_user_password", 403},
    ErrorWord{"login_required", 403},
    ErrorWord{"method_not_allowed", 405},
    ErrorWord{"mfa_required", 403},
    ErrorWord{"password_leaked", 401},
    ErrorWord{"request_not_supported", 400},
    ErrorWord{"request_uri_not_supported", 400},
    ErrorWord{"requires_verification", 401},
    ErrorWord{"server_error", 500},
    ErrorWord{"slow_down", 403},
    ErrorWord{"temporarily_unavailable", 503},
    ErrorWord{"too_many_attempts", 429},
    ErrorWord{"too_many_logins", 429},
    ErrorWord{"too_many_requests", 429},
    ErrorWord{"unauthorized", 403},
    ErrorWord{"unauthorized_client", 403},
    ErrorWord{"unmet_authentication_requirements", 403},
    ErrorWord{"unsupported_challenge_type", 400},
    ErrorWord{"unsupported_grant_type", 400},
    ErrorWord{"unsupported_response_type", 400},
    ErrorWord{"unsupported_token_type", 400},
    ErrorWord{"use_dpop_nonce", 400},
};
static_assert(std::ranges::is_sorted(words, {}, &ErrorWord::code));

struct KindRow {
  int status;
  ErrorKind kind;
};
constexpr KindRow kinds[] = {{401, ErrorKind::unauthenticated}, {403, ErrorKind::forbidden},
                             {404, ErrorKind::not_found},       {409, ErrorKind::conflict},
                             {413, ErrorKind::too_large},       {429, ErrorKind::limited},
                             {500, ErrorKind::internal},        {503, ErrorKind::unavailable}};

}  // namespace

const ErrorWord* find_error(std::string_view code) {
  const auto at = std::ranges::lower_bound(words, code, {}, &ErrorWord::code);
  return at != words.end() && at->code == code ? &*at : nullptr;
}

int error_status(std::string_view code, int fallback) {
  const ErrorWord* word = find_error(code);
  return word ? word->status : fallback;
}

ErrorKind kind_of_status(int status) {
  for (const auto& row : kinds)
    if (row.status == status) return row.kind;
  return status >= 500 ? ErrorKind::internal : ErrorKind::invalid;
}

std::unexpected<Error> refuse(std::string_view code, std::string description, std::string debug) {
  return fail(kind_of_status(error_status(code)), std::string(code), std::move(description),
              std::move(debug));
}

}  // namespace durward::oauth
