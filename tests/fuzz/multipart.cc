// Parts are within the body, and never more than were allowed.
#include "http/multipart.h"

#include "must.h"

using namespace durward::http;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  (void)parse_multipart(text, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n");
  const auto parts = parse_multipart("multipart/form-data; boundary=b", text, 3);
  if (!parts) return 0;
  MUST(parts->size() <= 3);
  for (const auto& part : *parts) MUST(part.body.empty() || text.contains(part.body));
  return 0;
}
