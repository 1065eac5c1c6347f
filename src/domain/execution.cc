#include "domain/execution.h"

#include <stdexcept>

#include "base/encoding.h"

namespace durward::domain {
namespace {

constexpr size_t uuid_bytes = 16, uuid_length = 36;
constexpr size_t hyphens[] = {8, 13, 18, 23};

std::string with_hyphens(std::string hex) {
  for (const size_t at : hyphens) hex.insert(at, 1, '-');
  return hex;
}

std::optional<std::string> bytes_of(std::string_view uuid) {
  if (uuid.size() != uuid_length) return {};
  std::string hex(uuid);
  for (auto at = std::rbegin(hyphens); at != std::rend(hyphens); ++at) {
    if (hex[*at] != '-') return {};
    hex.erase(*at, 1);
  }
  return from_hex(hex);
}

}  // namespace

// 48 bits of the key, the version, 12 bits, the variant, the last 4 bits, then 58 random ones.
std::string Execution::id_of(int64_t key, std::string_view random) {
  if (random.size() < 8) throw std::logic_error("an execution's id needs eight random bytes");
  const auto bits = uint64_t(key);
  std::string out(uuid_bytes, '\0');
  for (size_t i = 0; i < 6; ++i) out[i] = char(bits >> (56 - 8 * i));
  out[6] = char(0x80 | ((bits >> 12) & 0xf));
  out[7] = char(bits >> 4);
  out[8] = char(0x80 | ((bits & 0xf) << 2) | (uint8_t(random[7]) & 3));
  for (size_t i = 0; i < 7; ++i) out[9 + i] = random[i];
  return with_hyphens(to_hex(out));
}

std::optional<int64_t> Execution::key_of(std::string_view id) {
  const auto bytes = bytes_of(id);
  if (!bytes) return {};
  const auto at = [&](size_t i) { return uint64_t(uint8_t((*bytes)[i])); };
  if ((at(6) >> 4) != 8 || (at(8) >> 6) != 2) return {};
  uint64_t key = 0;
  for (size_t i = 0; i < 6; ++i) key = key << 8 | at(i);
  key = key << 16 | (at(6) & 0xf) << 12 | at(7) << 4 | ((at(8) >> 2) & 0xf);
  return int64_t(key);
}

json::Array console_lines(const Execution& execution) {
  json::Array out;
  for (const auto& item : execution.results) {
    const auto& result = item.as_object();
    const auto* lines = json::array(result, "console");
    if (!lines) continue;
    for (const auto& said : *lines) {
      json::Object line = said.as_object();
      line["action_name"] = json::string_or(result, "action_name");
      line["trigger_id"] = execution.trigger_id;
      line["execution_id"] = execution.id;
      out.push_back(std::move(line));
    }
  }
  return out;
}

json::Object Execution::to_json() const {
  return {{"id", id},
          {"trigger_id", trigger_id},
          {"status", status},
          {"results", results},
          {"created_at", to_iso8601_nanoseconds(created_at)},
          {"updated_at", to_iso8601_nanoseconds(updated_at)}};
}

}  // namespace durward::domain
