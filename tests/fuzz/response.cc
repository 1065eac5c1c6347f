// An answer is the same however it arrives.
#include "http/client_wire.h"

#include "must.h"

using namespace durward::http;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  ResponseReader whole(Method::get, 4096, 65536), pieces(Method::get, 4096, 65536);
  const auto at_once = whole.feed(text);
  durward::Result<bool> in_pieces = false;
  for (size_t n = 0; n < text.size() && in_pieces && !*in_pieces; ++n) in_pieces = pieces.feed(text.substr(n, 1));
  if (at_once && *at_once) {
    MUST(in_pieces && *in_pieces);
    MUST(whole.take().status == pieces.take().status);
  }
  if (!at_once) MUST(!in_pieces || !*in_pieces || whole.has_begun());
  return 0;
}
