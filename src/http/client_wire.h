#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/client.h"

// The client's side of HTTP/1.1 without sockets: requests to bytes, bytes to responses.
namespace durward::http {

// Appends head and body. False, with `out` unchanged, when target or a field could split the request (CR, LF,
// NUL, space in the target) or a name is no token. Host, Content-Length, Connection and Transfer-Encoding are
// the client's own.
bool append_request(std::string& out, const ClientRequest& request);

// Reads one response from a stream that arrives in pieces (RFC 9112 §6.3). Stricter than a browser: what two
// readers could understand differently is an error. Errors: unavailable / bad_answer, answer_too_large.
class ResponseReader {
 public:
  ResponseReader(Method method, size_t header_max, size_t body_max)
      : head_only_(method == Method::head), header_max_(header_max), body_max_(body_max) {}

  Result<bool> feed(std::string_view bytes);  // true: the response is complete
  Result<> finish();                          // the peer has closed; an error unless that was the end
  bool has_begun() const { return begun_; }
  bool keep_alive() const { return keep_alive_; }  // whether another request may follow on this connection
  Response take() { return std::move(response_); }

 private:
  Result<bool> read_head();
  Result<> parse_head(std::string_view head);
  Result<> parse_status(std::string_view line);
  Result<> begin_body();
  Result<bool> read_body();

  const bool head_only_;
  const size_t header_max_, body_max_;
  std::string buffer_;
  Response response_;
  std::optional<BodyReader> body_;  // set once the head is read
  bool begun_ = false, done_ = false, http11_ = true, keep_alive_ = false, until_close_ = false;
};

}  // namespace durward::http
