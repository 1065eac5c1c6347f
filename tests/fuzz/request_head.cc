// A head ends at the same byte however it arrives, and what passes has one host and one length.
#include "http/head.h"
#include "must.h"

using namespace durward::http;

namespace {

RawHead split(std::string_view text) {
  RawHead raw;
  const auto word = [&](char end) {
    const auto out = text.substr(0, text.find(end));
    text.remove_prefix(std::min(out.size() + 1, text.size()));
    return std::string(out);
  };
  raw.method = word(' ');
  raw.target = word(' ');
  raw.version = word('\n').starts_with("HTTP/1.0") ? 10 : 11;
  while (!text.empty()) {
    std::string name = word(':'), value = word('\n');
    raw.headers.add(std::move(name), std::move(value));
  }
  return raw;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  HeadScanner whole(4096, 1024, 50), pieces(4096, 1024, 50);
  const auto at_once = whole.scan(text);
  std::expected<size_t, Refusal> in_pieces = 0;
  for (size_t n = 1; n <= text.size() && in_pieces && *in_pieces == 0; ++n) in_pieces = pieces.scan(text.substr(0, n));
  MUST(at_once.has_value() == in_pieces.has_value());
  if (at_once) MUST(*at_once == *in_pieces && *at_once <= text.size());
  const auto checked = check_head(split(text), "https");
  if (checked && !checked->request.host.empty()) MUST(parse_authority(checked->request.host).has_value());
  return 0;
}
