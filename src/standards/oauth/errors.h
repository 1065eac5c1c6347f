#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

// Error words of OAuth endpoints (RFC 6749 §5.2 and §4.1.2.1, RFC 6750 §3.1, RFC 8628 §3.5, RFC 9449 §5, and
// those of the compatible API) with their usual HTTP status.
namespace durward::oauth {

struct ErrorWord {
  std::string_view code;
  int status;
};

// Null for a word outside the table.
const ErrorWord* find_error(std::string_view code);

// The status of a reply with {"error": code}; `fallback` for a word outside the table (customers' scripts
// invent some).
int error_status(std::string_view code, int fallback = 400);

ErrorKind kind_of_status(int status);

// An Error of the table's kind: `return oauth::refuse("invalid_grant", "Invalid authorization code");`
std::unexpected<Error> refuse(std::string_view code, std::string description, std::string debug = {});

}  // namespace durward::oauth
