// What was read and written reads the same, but for the last bit of a number that is no integer: Boost.JSON 1.81 rounds some of hundreds of
// digits to a neighbour.
#include "base/json.h"

#include <cmath>

#include "must.h"

using namespace durward;

static bool is_same(const json::Value& a, const json::Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_double()) return a == b || std::abs(a.get_double() - b.get_double()) <= 1e-14 * std::abs(a.get_double());
  if (a.is_array()) return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(), b.get_array().end(), is_same);
  if (!a.is_object()) return a == b;
  if (a.get_object().size() != b.get_object().size()) return false;
  for (const auto& member : a.get_object()) {
    const auto* other = b.get_object().if_contains(member.key());
    if (!other || !is_same(member.value(), *other)) return false;
  }
  return true;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto value = json::parse(text_of(data, size));
  if (!value) return 0;
  const auto again = json::parse(json::serialize(*value));
  MUST(again && is_same(*value, *again));
  return 0;
}
