#include "http/client_wire.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace durward::http {

namespace {

constexpr std::string_view own_fields[] = {"Host", "Content-Length", "Connection", "Transfer-Encoding"};

std::unexpected<Error> bad_answer(std::string why) {
  return fail(ErrorKind::unavailable, "bad_answer", "The server could not be understood.", std::move(why));
}
std::unexpected<Error> too_large(std::string why) {
  return fail(ErrorKind::unavailable, "answer_too_large", "The server's answer is too large.",
              std::move(why));
}

// RFC 9110 §5.6.2
bool is_token(std::string_view text) {
  constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || extra.contains(c);
  });
}
bool is_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}
bool is_target(std::string_view text) {
  return text.starts_with('/') &&
         std::ranges::none_of(text, [](unsigned char c) { return c <= 0x20 || c >= 0x7f; });
}
bool is_own(std::string_view name) {
  return std::ranges::any_of(own_fields,
                             [&](std::string_view own) { return equals_ignoring_case(own, name); });
}

bool has_item(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (equals_ignoring_case(trim(list.substr(0, comma)), item)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

std::optional<uint64_t> parse_length(std::string_view text) {
  uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return n;
}

bool sends_length(const ClientRequest& request) {
  return !request.body.empty() || request.method == Method::post || request.method == Method::put ||
         request.method == Method::patch;
}

}  // namespace

bool append_request(std::string& out, const ClientRequest& request) {
  if (!is_target(request.target) || !is_value(request.origin.host)) return false;
  for (const auto& [name, value] : request.headers)
    if (!is_token(name) || !is_value(value)) return false;
  out.append(to_string(request.method)).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: ");
  out.append(request.origin.authority()).append("\r\n");
  if (sends_length(request))
    out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  for (const auto& [name, value] : request.headers)
    if (!is_own(name)) out.append(name).append(": ").append(value).append("\r\n");
  out.append("\r\n").append(request.body);
  return true;
}

Result<bool> ResponseReader::feed(std::string_view bytes) {
  begun_ = begun_ || !bytes.empty();
  buffer_.append(bytes);
  while (!body_) {
    TRY(const bool complete, read_head());
    if (!complete) return false;
  }
  return read_body();
}

Result<> ResponseReader::finish() {
  if (done_) return {};
  if (!body_ || !until_close_) return bad_answer("the connection ended in the middle of an answer");
  done_ = true;
  return {};
}

Result<bool> ResponseReader::read_head() {
  const size_t end = buffer_.find("\r\n\r\n");
  if (end == buffer_.npos) {
    if (buffer_.size() > header_max_) return too_large("the head");
    return false;
  }
  if (end > header_max_) return too_large("the head");
  response_ = {};
  ENSURE(parse_head(std::string_view(buffer_).substr(0, end)));
  buffer_.erase(0, end + 4);
  // RFC 9110 §15.2: interim answers come before the real one; nobody asked for another protocol.
  if (response_.status == 101) return bad_answer("the server switched protocols");
  if (response_.status >= 200) ENSURE(begin_body());
  return true;
}

Result<> ResponseReader::parse_head(std::string_view head) {
  size_t end = std::min(head.find("\r\n"), head.size());
  ENSURE(parse_status(head.substr(0, end)));
  while (end < head.size()) {
    head.remove_prefix(end + 2);
    end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    const size_t colon = line.find(':');
    // RFC 9112 §5.1 and §5.2: no space before the colon, no folded lines.
    if (colon == line.npos || !is_token(line.substr(0, colon)) || !is_value(line))
      return bad_answer("a field is malformed");
    response_.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
  }
  return {};
}

// RFC 9112 §4
Result<> ResponseReader::parse_status(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ')
    return bad_answer("no HTTP/1 answer");
  http11_ = line[7] == '1';
  const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, response_.status);
  if (error != std::errc() || end != line.data() + 12 || response_.status < 100)
    return bad_answer("the status is no number");
  return {};
}

// RFC 9112 §6.3
Result<> ResponseReader::begin_body() {
  const Headers& headers = response_.headers;
  const auto connection = headers.get("Connection");
  keep_alive_ = http11_ ? !has_item(connection, "close") : has_item(connection, "keep-alive");
  const bool coded = headers.has("Transfer-Encoding"), sized = headers.has("Content-Length");
  if (coded && (sized || !equals_ignoring_case(headers.get("Transfer-Encoding"), "chunked")))
    return bad_answer("the framing is ambiguous");
  const auto length = sized ? parse_length(headers.get("Content-Length")) : 0;
  if (!length || headers.count("Content-Length") > 1) return bad_answer("the length is no number");
  CheckedHead framing;
  const bool none = head_only_ || response_.status == 204 || response_.status == 304;
  framing.chunked = coded && !none;
  framing.length = none ? 0 : *length;
  if (framing.length > body_max_) return too_large("the body");
  until_close_ = !none && !coded && !sized;
  if (until_close_) keep_alive_ = false;
  body_.emplace(framing, body_max_);
  return {};
}

Result<bool> ResponseReader::read_body() {
  if (until_close_) {
    if (response_.body.size() + buffer_.size() > body_max_) return too_large("the body");
    response_.body += buffer_;
    buffer_.clear();
    return false;
  }
  const auto step = body_->read(buffer_, response_.body);
  if (!step) return step.error().status == 413 ? too_large("the body") : bad_answer("a chunk is malformed");
  buffer_.erase(0, step->consumed);
  done_ = step->done;
  // Bytes behind the answer belong to no request of ours (RFC 9112 §9.2).
  if (done_ && !buffer_.empty()) keep_alive_ = false;
  return done_;
}

}  // namespace durward::http
