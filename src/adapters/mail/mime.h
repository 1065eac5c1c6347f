#pragma once
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "domain/mail_address.h"
#include "ports/mailer.h"

// The text of a mail (RFC 5322, RFC 2045 to 2047). Nothing in a mail can add a header or a recipient.
namespace durward::adapters::mime {

// Printable ASCII as it is, everything else as encoded words of at most 75 characters (RFC 2047 §2).
std::string encode_header_text(std::string_view text);

// The whole message with CRLF line ends: the mail's own headers after the usual ones, text and HTML as
// multipart/alternative, one of them alone if the other is empty; bodies in base64, so no line needs care.
std::string render(const ports::Mail& mail, const domain::MailAddress& from, const domain::MailAddress& to,
                   TimePoint at, Random& random);

}  // namespace durward::adapters::mime
