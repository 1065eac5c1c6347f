#include "domain/mail_address.h"

#include <algorithm>

#include "base/encoding.h"

namespace durward::domain {
namespace {

constexpr size_t address_max = 320;  // RFC 3696: 64 + 1 + 255

std::unexpected<Error> bad_address() {
  return fail(ErrorKind::invalid, "invalid_address", "The mail address cannot be used.");
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_atom_char(char c) {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}
bool is_domain_char(char c) { return is_alphanumeric(c) || c == '-' || c == '.'; }

bool is_addr_spec(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == text.size() || text.size() > address_max)
    return false;
  return std::ranges::all_of(text.substr(0, at), is_atom_char) &&
         std::ranges::all_of(text.substr(at + 1), is_domain_char);
}

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

}  // namespace

std::string_view MailAddress::domain() const {
  return std::string_view(address).substr(address.rfind('@') + 1);
}

Result<MailAddress> parse_mail_address(std::string_view text) {
  text = trim(text);
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return bad_address();
  MailAddress out{.name = {}, .address = std::string(text)};
  if (text.ends_with('>')) {
    const auto open = text.rfind('<');
    if (open == std::string_view::npos) return bad_address();
    out.address = text.substr(open + 1, text.size() - open - 2);
    auto name = trim(text.substr(0, open));
    if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"'))
      name = name.substr(1, name.size() - 2);
    out.name = one_line(name);
  }
  if (!is_addr_spec(out.address)) return bad_address();
  return out;
}

}  // namespace durward::domain
