#include "http/body.h"

#include <algorithm>
#include <charconv>

namespace durward::http {

namespace {

constexpr size_t line_max = 4096;
constexpr size_t extra_max = 16 * 1024;
constexpr size_t size_digits_max = 8;
const std::unexpected malformed(Refusal{400, "The request body is malformed."});

bool is_text(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return (uint8_t(c) >= 0x20 && c != 0x7f) || c == '\t'; });
}

}  // namespace

std::expected<std::optional<std::string_view>, Refusal> BodyReader::next_line(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  if (std::min(end, bytes.size()) > line_max) return malformed;
  if (end == bytes.npos) return std::nullopt;
  // RFC 9112 §7.1: lines end in CR LF, a lone LF or CR is no part of the grammar.
  if (end == 0 || bytes[end - 1] != '\r' || !is_text(bytes.substr(0, end - 1))) return malformed;
  return bytes.substr(0, end - 1);
}

// RFC 9112 §7.1: 1*HEXDIG, then extensions, which are dropped (§7.1.1).
std::expected<void, Refusal> BodyReader::take_size(std::string_view line, size_t body_size) {
  const size_t digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
  const std::string_view rest = line.substr(digits);
  extra_ += rest.size();
  if (digits == 0 || digits > size_digits_max || (!rest.empty() && rest[0] != ';') || extra_ > extra_max)
    return malformed;
  std::from_chars(line.data(), line.data() + digits, left_, 16);
  if (left_ > body_max_ - body_size) return std::unexpected(Refusal{413, "The request body is too large."});
  state_ = left_ ? State::data : State::trailers;
  return {};
}

// RFC 9112 §7.1.2: trailers are read and dropped; none may change what the head said.
std::expected<void, Refusal> BodyReader::take_trailer(std::string_view line) {
  extra_ += line.size();
  if (line.empty())
    state_ = State::done;
  else if (line.find(':') == line.npos || line.find(':') == 0 || extra_ > extra_max)
    return malformed;
  return {};
}

std::expected<void, Refusal> BodyReader::take_line(std::string_view line, size_t body_size) {
  if (state_ == State::size) return take_size(line, body_size);
  if (state_ == State::trailers) return take_trailer(line);
  if (!line.empty()) return malformed;  // State::data_end
  state_ = State::size;
  return {};
}

size_t BodyReader::take_data(std::string_view bytes, std::string& out) {
  const size_t n = size_t(std::min<uint64_t>(left_, bytes.size()));
  out.append(bytes.substr(0, n));
  left_ -= n;
  if (left_ == 0) state_ = chunked_ ? State::data_end : State::done;
  return n;
}

std::expected<BodyReader::Step, Refusal> BodyReader::read(std::string_view bytes, std::string& out) {
  Step step;
  while (state_ != State::done && step.consumed < bytes.size()) {
    const std::string_view rest = bytes.substr(step.consumed);
    if (state_ == State::data) {
      step.consumed += take_data(rest, out);
      continue;
    }
    const auto line = next_line(rest);
    if (!line) return std::unexpected(line.error());
    if (!*line) break;
    if (auto taken = take_line(**line, out.size()); !taken) return std::unexpected(taken.error());
    step.consumed += (*line)->size() + 2;
  }
  step.done = state_ == State::done;
  return step;
}

}  // namespace durward::http
