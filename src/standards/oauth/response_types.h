#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

// response_type and response_mode (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Type Encoding Practices, Form
// Post Response Mode).
namespace durward::oauth {

struct ResponseType {
  bool code = false, token = false, id_token = false;

  bool returns_token() const { return token || id_token; }  // from the authorization endpoint itself
  bool is_hybrid() const { return code && returns_token(); }
  bool operator==(const ResponseType&) const = default;
};

enum class ResponseMode { query, fragment, form_post, web_message };

// Words in any order, none twice. Errors: invalid_request when empty, unsupported_response_type otherwise.
Result<ResponseType> parse_response_type(std::string_view text);
std::string to_string(const ResponseType& type);  // "code token id_token", the order of discovery documents

ResponseMode default_response_mode(const ResponseType& type);
// Empty text gives the default. Errors: invalid_request for an unknown mode and for `query` with a type that
// returns tokens.
Result<ResponseMode> parse_response_mode(std::string_view text, const ResponseType& type);
std::string_view to_string(ResponseMode mode);

}  // namespace durward::oauth
