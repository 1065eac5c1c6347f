#pragma once
#include <optional>
#include <string>
#include <string_view>

// Text encodings. Decoders are strict: an impossible input is nullopt, never a best guess.
namespace durward {

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);
std::string to_base64(std::string_view bytes);                     // padded
std::optional<std::string> from_base64(std::string_view text);     // padded, RFC 4648 §4
std::string to_base64url(std::string_view bytes);                  // unpadded
std::optional<std::string> from_base64url(std::string_view text);  // unpadded, canonical, RFC 7515 §2
std::string percent_encode(std::string_view text);                 // RFC 3986 unreserved stay
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
std::string html_escape(std::string_view text);
bool is_valid_utf8(std::string_view text);
std::string to_lower(std::string_view text);  // ASCII only
std::string_view trim(std::string_view text);

}  // namespace durward
