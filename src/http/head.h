#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

// What a request head must look like before anything else sees it: framing, target, Host. Pure text work.
namespace durward::http {

bool equals_ignoring_case(std::string_view a, std::string_view b);

// Why a request is turned away. Status 0 means the connection just ends: nobody is there to read an answer.
struct Refusal {
  int status = 0;
  std::string_view message;
};

// Finds the end of a head in a buffer that grows; looks at every byte once.
class HeadScanner {
 public:
  HeadScanner(size_t head_max, size_t url_max, size_t fields_max)
      : head_max_(head_max), url_max_(url_max), fields_max_(fields_max) {}
  // `buffered` starts with the head. Returns its size with the empty line once that is there, 0 before.
  std::expected<size_t, Refusal> scan(std::string_view buffered);

 private:
  std::expected<void, Refusal> check_line(std::string_view buffered, size_t end);
  std::expected<void, Refusal> check_size(std::string_view buffered) const;
  size_t head_max_, url_max_, fields_max_;
  size_t seen_ = 0, line_ = 0, lines_ = 0;
};

// A head as the parser read it.
struct RawHead {
  std::string method, target;
  int version = 11;  // 10 or 11
  Headers headers;
};

struct CheckedHead {
  Request request;  // scheme and host as far as the request itself tells
  bool http11 = true;
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  uint64_t length = 0;        // of a body that is not chunked
  bool whole_server = false;  // OPTIONS *
};

std::expected<CheckedHead, Refusal> check_head(RawHead raw, std::string_view scheme);

// "Host[:port]" in lower case when it is a name, an IPv4 address or a bracketed IPv6 address; empty
// otherwise.
std::optional<std::string> parse_authority(std::string_view text);
std::string without_default_port(std::string host, std::string_view scheme);

}  // namespace durward::http
