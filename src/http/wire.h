#pragma once
#include <string>
#include <string_view>

#include "http/message.h"

// Responses to bytes.
namespace durward::http {

// {"statusCode":..,"error":..,"message":..}: how the server itself turns a request away.
Response error_response(int status, std::string_view message);

// The Date field (RFC 9110 §5.6.7), formatted at most once a second. One thread.
class DateCache {
 public:
  std::string_view at(TimePoint now);

 private:
  int64_t second_ = -1;
  std::string text_;
};

struct ResponseFrame {
  std::string_view date, request_id;
  bool http11 = true;
  bool close = false;
};

bool has_body(int status);  // RFC 9110 §6.4.1: 1xx, 204 and 304 have none

// Appends the head to `out`. False, with `out` unchanged, when a field could split the response (CR, LF, NUL)
// or its name is no token. Date, Content-Length, Connection and Transfer-Encoding of the response are the
// server's own.
bool append_head(std::string& out, const Response& response, const ResponseFrame& frame);

}  // namespace durward::http
