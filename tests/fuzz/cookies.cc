// No cookie holds what could split a header, and the number is bounded.
#include "http/cookies.h"

#include "http/message.h"
#include "must.h"

using namespace durward::http;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Headers headers;
  headers.add("cookie", std::string(text_of(data, size)));
  const auto cookies = Cookies::parse(headers);
  MUST(cookies.size() <= 100);
  if (const auto found = cookies.get("a")) {
    std::string_view value = *found; // RFC 6265 §4.1.1: quotes may stand around it
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
    for (const unsigned char c : value) MUST(c > 0x20 && c < 0x7f && c != ';' && c != ',' && c != '\\' && c != '"');
  }
  return 0;
}
