#include "adapters/mail/mime.h"

#include <algorithm>

#include "base/encoding.h"

namespace durward::adapters::mime {

namespace {
constexpr size_t encoded_chunk_max = 45;  // bytes that make 60 characters of an encoded word
constexpr size_t line_max = 76;           // RFC 2045 §6.8

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

// Up to `max` bytes without cutting a character in two (RFC 2047 §5).
size_t whole_characters(std::string_view text, size_t max) {
  if (text.size() <= max) return text.size();
  size_t n = max;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
  return n == 0 ? max : n;
}

std::string header_of(const domain::MailAddress& a) {
  if (a.name.empty()) return a.address;
  if (!is_plain(a.name)) return encode_header_text(a.name) + " <" + a.address + ">";
  std::string quoted = "\"";
  for (char c : a.name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\" <" + a.address + ">";
}

std::string date_of(TimePoint at) {
  using namespace std::chrono;
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<std::chrono::days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(at - day));
  char out[64];
  std::snprintf(out, sizeof out, "%s, %u %s %d %02d:%02d:%02d +0000", days[weekday(day).c_encoding()],
                unsigned(date.day()), months[unsigned(date.month()) - 1], int(date.year()),
                int(time.hours().count()), int(time.minutes().count()), int(time.seconds().count()));
  return out;
}

std::string body_part(std::string_view type, std::string_view body) {
  std::string out =
      "Content-Type: " + std::string(type) + "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const auto encoded = to_base64(body);
  for (size_t i = 0; i < encoded.size(); i += line_max) out.append(encoded, i, line_max).append("\r\n");
  return out;
}

std::string own_headers(const ports::Mail& mail) {
  std::string out;
  for (const auto& [name, value] : mail.headers) out += name + ": " + encode_header_text(value) + "\r\n";
  return out;
}

std::string content_of(const ports::Mail& mail, Random& random) {
  if (mail.html.empty()) return body_part("text/plain", mail.text);
  if (mail.text.empty()) return body_part("text/html", mail.html);
  const auto boundary = "=_" + random.hex(32);  // '=' and '_' never stand together in base64
  return "Content-Type: multipart/alternative; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n" +
         body_part("text/plain", mail.text) + "--" + boundary + "\r\n" + body_part("text/html", mail.html) +
         "--" + boundary + "--\r\n";
}
}  // namespace

std::string encode_header_text(std::string_view text) {
  // Something that looks like an encoded word must not be taken for one.
  if (is_plain(text) && text.size() <= 900 && text.find("=?") == std::string_view::npos)
    return std::string(text);
  const std::string line = one_line(text);
  std::string out;
  for (std::string_view rest = line; !rest.empty();) {
    const auto n = whole_characters(rest, encoded_chunk_max);
    if (!out.empty()) out += "\r\n ";
    out += "=?utf-8?B?" + to_base64(rest.substr(0, n)) + "?=";
    rest.remove_prefix(n);
  }
  return out;
}

std::string render(const ports::Mail& mail, const domain::MailAddress& from, const domain::MailAddress& to,
                   TimePoint at, Random& random) {
  return "From: " + header_of(from) + "\r\nTo: " + header_of(to) +
         "\r\nSubject: " + encode_header_text(mail.subject) + "\r\nDate: " + date_of(at) +
         "\r\nMessage-ID: <" + random.hex(32) + "@" + std::string(from.domain()) +
         ">\r\nMIME-Version: 1.0\r\n"
         "Auto-Submitted: auto-generated\r\n" +  // RFC 3834 §5: no automatic replies, please
         own_headers(mail) +
         content_of(mail, random);
}

}  // namespace durward::adapters::mime
