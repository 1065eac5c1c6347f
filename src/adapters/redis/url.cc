#include <charconv>

#include "adapters/redis/link.h"

namespace durward::adapters::redis {
namespace {

std::optional<Address> parse_address(std::string_view text, uint16_t default_port) {
  Address out{std::string(text), default_port};
  const size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon != text.npos && (!bracketed || text[colon - 1] == ']')) {
    const auto digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (error != std::errc() || end != digits.data() + digits.size() || out.port == 0) return {};
    out.host = text.substr(0, colon);
  }
  if (bracketed) {
    if (!out.host.ends_with(']')) return {};
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  if (out.host.empty() || out.host.find_first_of("/@? ") != out.host.npos) return {};
  return out;
}

}  // namespace

Result<RedisOptions> RedisOptions::parse(std::string_view url) {
  constexpr std::string_view plain = "redis://", sentinel = "redis+sentinel://";
  const bool asks_sentinels = url.starts_with(sentinel);
  const auto bad =
      fail(ErrorKind::invalid, "bad_url",
           "redis must be redis://HOST:PORT[,HOST:PORT...] or redis+sentinel://HOST:PORT[,...]/MASTER");
  if (!asks_sentinels && !url.starts_with(plain)) return bad;
  std::string_view rest = url.substr(asks_sentinels ? sentinel.size() : plain.size());
  RedisOptions out;
  const size_t slash = rest.find('/');
  if (asks_sentinels != (slash != rest.npos)) return bad;
  if (asks_sentinels) {
    out.sentinel_master = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
    if (out.sentinel_master.empty() || out.sentinel_master.find_first_of("/ ") != std::string::npos)
      return bad;
  }
  for (size_t comma = 0; comma != rest.npos;
       rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1)) {
    comma = rest.find(',');
    const auto address = parse_address(rest.substr(0, comma), asks_sentinels ? 26379 : 6379);
    if (!address) return bad;
    out.addresses.push_back(*address);
  }
  return out;
}

}  // namespace durward::adapters::redis
