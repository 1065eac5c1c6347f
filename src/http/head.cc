#include "http/head.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace durward::http {

namespace {

template <class T>
using Checked = std::expected<T, Refusal>;

std::unexpected<Refusal> refuse(int status, std::string_view message) {
  return std::unexpected(Refusal{status, message});
}

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Method method_of(std::string_view text) {
  for (Method m : {Method::get, Method::post, Method::patch, Method::delete_, Method::put, Method::head,
                   Method::options})
    if (to_string(m) == text) return m;
  return Method::other;
}

// The elements of every field of that name, in order (RFC 9110 §5.6.1).
template <class F>
void each_element(const Headers& headers, std::string_view name, F visit) {
  for (const auto& [key, value] : headers) {
    if (!equals_ignoring_case(key, name)) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view element = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), element.size() + 1));
      if (const auto word = trim(element); !word.empty()) visit(word);
    }
  }
}

bool has_element(const Headers& headers, std::string_view name, std::string_view wanted) {
  bool found = false;
  each_element(headers, name,
               [&](std::string_view word) { found = found || equals_ignoring_case(word, wanted); });
  return found;
}

Checked<void> check_codings(const CheckedHead& head) {
  size_t codings = 0, chunked = 0;
  bool last_is_chunked = false;
  each_element(head.request.headers, "Transfer-Encoding", [&](std::string_view word) {
    ++codings;
    last_is_chunked = equals_ignoring_case(word, "chunked");
    chunked += last_is_chunked;
  });
  // RFC 9112 §6.1: a Transfer-Encoding in HTTP/1.0 is faulty framing.
  if (!head.http11) return refuse(400, "Transfer-Encoding needs HTTP/1.1.");
  // RFC 9112 §6.3 item 4: without chunked as the last coding the length is unknown. §7.1: chunked only once.
  if (!last_is_chunked || chunked != 1) return refuse(400, "The Transfer-Encoding is not valid.");
  // RFC 9112 §6.1: an unknown coding is answered with 501.
  if (codings != 1) return refuse(501, "Only the chunked transfer coding is supported.");
  return {};
}

Checked<void> check_framing(CheckedHead& head) {
  const Headers& headers = head.request.headers;
  const size_t lengths = headers.count("Content-Length");
  head.chunked = headers.has("Transfer-Encoding");
  // RFC 9112 §6.1, §11.2: both together is how requests are smuggled past a proxy.
  if (head.chunked && lengths > 0)
    return refuse(400, "Content-Length and Transfer-Encoding exclude each other.");
  if (head.chunked) return check_codings(head);
  if (lengths == 0) return {};
  const std::string_view value = headers.get("Content-Length");
  const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), head.length);
  // RFC 9112 §6.3 item 5: a list or a repeated field is not repaired here but refused.
  if (lengths > 1 || value.empty() || !std::ranges::all_of(value, is_digit) || error != std::errc() ||
      stop != value.data() + value.size())
    return refuse(400, "The Content-Length is not valid.");
  return {};
}

Checked<void> check_host(CheckedHead& head) {
  const Headers& headers = head.request.headers;
  const size_t hosts = headers.count("Host");
  // RFC 9112 §3.2: exactly one Host in HTTP/1.1, never two, always a valid authority.
  if (hosts > 1) return refuse(400, "There is more than one Host header.");
  if (hosts == 0 && head.http11) return refuse(400, "The Host header is missing.");
  if (hosts == 0) return {};
  auto host = parse_authority(headers.get("Host"));
  if (!host) return refuse(400, "The Host header is not valid.");
  // RFC 9112 §3.2.2: the authority of an absolute target wins over Host.
  if (head.request.host.empty()) head.request.host = std::move(*host);
  return {};
}

Checked<std::string_view> take_authority(std::string_view target, CheckedHead& head) {
  const size_t start = target.find("://") + 3;
  const size_t end = std::min(target.find_first_of("/?", start), target.size());
  auto host = parse_authority(target.substr(start, end - start));
  if (!host) return refuse(400, "The request target is not valid.");
  head.request.host = std::move(*host);
  return target.substr(end);
}

Checked<void> check_target(std::string_view target, CheckedHead& head) {
  Request& request = head.request;
  if (request.method_text == "CONNECT") return refuse(501, "CONNECT is not supported.");
  // RFC 9112 §3.2.4: the asterisk is for OPTIONS only.
  if (target == "*" && request.method == Method::options) {
    head.whole_server = true;
    request.path = "/";
    return {};
  }
  const auto outside = [](char c) { return uint8_t(c) >= 0x7f || uint8_t(c) <= 0x20 || c == '#'; };
  if (std::ranges::any_of(target, outside)) return refuse(400, "The request target is not valid.");
  if (!target.starts_with('/')) {  // RFC 9112 §3.2.2: absolute-form
    const std::string_view scheme = target.substr(0, target.find("://"));
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https"))
      return refuse(400, "The request target is not valid.");
    auto rest = take_authority(target, head);
    if (!rest) return std::unexpected(rest.error());
    target = *rest;
  }
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (request.path.empty()) request.path = "/";  // RFC 9110 §4.2.3
  if (question != target.npos) request.query = target.substr(question + 1);
  return {};
}

Checked<void> check_expect(CheckedHead& head) {
  const std::string_view expect = head.request.headers.get("Expect");
  if (expect.empty() || !head.http11) return {};  // RFC 9110 §10.1.1: HTTP/1.0 expectations are ignored
  if (!equals_ignoring_case(expect, "100-continue")) return refuse(417, "The expectation is not supported.");
  head.expects_continue = true;
  return {};
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && error == std::errc() && stop == text.data() + text.size() && port >= 1 &&
         port <= 65535;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && text.front() != '.' && text.find("..") == text.npos &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; });
}

bool is_bracketed(std::string_view text) {
  return text.size() >= 4 && text.size() <= 48 && text.front() == '[' && text.back() == ']' &&
         std::ranges::all_of(text.substr(1, text.size() - 2), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
         });
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; };
  return a.size() == b.size() && std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::string> parse_authority(std::string_view text) {
  const size_t colon = text.rfind(':');
  const bool has_port = colon != text.npos && !text.ends_with(']');
  const std::string_view host = has_port ? text.substr(0, colon) : text;
  if (has_port && !is_port(text.substr(colon + 1))) return {};
  if (!is_name(host) && !is_bracketed(host)) return {};
  return to_lower(text);
}

std::string without_default_port(std::string host, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (host.ends_with(port)) host.resize(host.size() - port.size());
  return host;
}

Checked<void> HeadScanner::check_line(std::string_view buffered, size_t end) {
  // RFC 9112 §2.2: a lone LF ends no line here; tolerating it makes two readers disagree.
  if (end == 0 || buffered[end - 1] != '\r') return refuse(400, "A line does not end in CR LF.");
  // RFC 9112 §5.2: obsolete line folding is refused.
  if (lines_ > 0 && (buffered[line_] == ' ' || buffered[line_] == '\t'))
    return refuse(400, "A header field is folded.");
  if (lines_ == 0 && end > url_max_ + 32) return refuse(414, "The URL is too long.");
  if (++lines_ > fields_max_ + 2) return refuse(431, "There are too many header fields.");
  return {};
}

Checked<void> HeadScanner::check_size(std::string_view buffered) const {
  if (lines_ == 0 && buffered.size() > url_max_ + 32) return refuse(414, "The URL is too long.");
  if (buffered.size() > head_max_) return refuse(431, "The request head is too large.");
  return {};
}

Checked<size_t> HeadScanner::scan(std::string_view buffered) {
  // A method starts with a token character: anything else, such as a TLS hello, is no HTTP at all.
  if (!buffered.empty() && (uint8_t(buffered[0]) <= 0x20 || uint8_t(buffered[0]) >= 0x7f))
    return refuse(400, "This is not an HTTP request.");
  for (size_t at; (at = buffered.find('\n', seen_)) != buffered.npos;) {
    if (auto ok = check_line(buffered, at); !ok) return std::unexpected(ok.error());
    const bool empty = at == line_ + 1;
    seen_ = line_ = at + 1;
    if (!empty) continue;
    if (seen_ > head_max_) return refuse(431, "The request head is too large.");
    return seen_;
  }
  seen_ = buffered.size();
  if (auto ok = check_size(buffered); !ok) return std::unexpected(ok.error());
  return 0;
}

Checked<CheckedHead> check_head(RawHead raw, std::string_view scheme) {
  CheckedHead head;
  head.http11 = raw.version == 11;
  head.request.method = method_of(raw.method);
  head.request.method_text = std::move(raw.method);
  head.request.headers = std::move(raw.headers);
  head.request.scheme = scheme;
  for (auto check : {check_framing, check_host, check_expect})
    if (auto ok = check(head); !ok) return std::unexpected(ok.error());
  if (auto ok = check_target(raw.target, head); !ok) return std::unexpected(ok.error());
  head.request.host = without_default_port(std::move(head.request.host), scheme);
  const Headers& headers = head.request.headers;
  // RFC 9112 §9.3: 1.1 stays open unless told otherwise, 1.0 closes unless asked.
  head.keep_alive = !has_element(headers, "Connection", "close") &&
                    (head.http11 || has_element(headers, "Connection", "keep-alive"));
  return head;
}

}  // namespace durward::http
