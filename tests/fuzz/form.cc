// Names and values of a form survive writing and reading.
#include "http/message.h"
#include "must.h"

using namespace durward::http;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto form = parse_form(text_of(data, size));
  if (!form) return 0;
  const auto again = parse_form(encode_form(*form));
  MUST(again && std::equal(form->begin(), form->end(), again->begin(), again->end()));
  return 0;
}
