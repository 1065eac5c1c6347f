// What a worker process may send: a stream is cut into the same frames however it arrives, and a message that is read is within its bounds.
#include "adapters/sandbox/frames.h"
#include "must.h"

using namespace durward::adapters::sandbox;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  FrameReader whole, pieces;
  whole.append(text);
  std::vector<std::string> expected, found;
  for (auto next = whole.next(); next && *next; next = whole.next()) expected.emplace_back(**next);
  for (const char c : text) {
    pieces.append({&c, 1});
    for (auto next = pieces.next(); next && *next; next = pieces.next()) found.emplace_back(**next);
  }
  MUST(found == expected);
  expected.emplace_back(text);  // as if it were one message
  for (const auto& one : expected)
    if (const auto message = parse_message(one)) MUST(message->size == one.size() && message->script >= 0);
  return 0;
}
