#include "http/forwarded.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "http/head.h"

namespace durward::http {
namespace {

// What one proxy told of who came to it. Texts are as they were sent, without quotes.
struct Hop {
  std::string address, proto, host;
};
using Hops = std::vector<Hop>;  // the nearest proxy's first

std::string_view last_element(std::string_view list) {
  const size_t comma = list.rfind(',');
  return trim(comma == list.npos ? list : list.substr(comma + 1));
}

// All fields of that name as one list (RFC 9110 §5.2).
std::string joined(const Headers& headers, std::string_view name) {
  std::string out;
  for (const auto& [key, value] : headers)
    if (equals_ignoring_case(key, name)) out.append(out.empty() ? "" : ",").append(value);
  return out;
}

Hops x_forwarded_hops(const Headers& headers) {
  const std::string list = joined(headers, "X-Forwarded-For");
  const std::string proto = joined(headers, "X-Forwarded-Proto"), host = joined(headers, "X-Forwarded-Host");
  Hops out;
  std::string_view rest = list;
  do {
    out.push_back(
        {std::string(last_element(rest)), std::string(last_element(proto)), std::string(last_element(host))});
    const size_t comma = rest.rfind(',');
    rest = comma == rest.npos ? std::string_view() : rest.substr(0, comma);
  } while (!rest.empty() && out.size() < hops_max);
  return out;
}

bool is_token_char(char c) {  // RFC 9110 §5.6.2
  return std::isalnum(uint8_t(c)) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// RFC 7239 §4, one line: element *( "," element ), element = [pair] *( ";" [pair] ).
class ForwardedLine {
 public:
  explicit ForwardedLine(std::string_view text) : rest_(text) {}

  // In the order of the text; nothing when any of it is malformed, for then nobody knows who wrote what.
  std::optional<Hops> read() {
    Hops out;
    do {
      Hop hop;
      if (!read_element(hop)) return {};
      out.push_back(std::move(hop));
    } while (skip(','));
    if (!rest_.empty()) return {};
    return out;
  }

 private:
  bool read_element(Hop& hop) {
    do {
      space();
      if (rest_.empty() || rest_[0] == ';' || rest_[0] == ',') continue;
      if (!read_pair(hop)) return false;
    } while (skip(';'));
    return true;
  }

  bool read_pair(Hop& hop) {
    const std::string name = to_lower(token());
    if (name.empty() || !skip('=')) return false;
    const auto value = rest_.starts_with('"') ? quoted() : std::optional(std::string(token()));
    if (!value || value->empty()) return false;
    std::string* const known = name == "for"     ? &hop.address
                               : name == "proto" ? &hop.proto
                               : name == "host"  ? &hop.host
                                                 : nullptr;
    if (!known) return true;
    if (!known->empty()) return false;  // RFC 7239 §4: a parameter occurs once in an element
    *known = *value;
    return true;
  }

  std::string_view token() {
    const size_t size = std::ranges::find_if_not(rest_, is_token_char) - rest_.begin();
    const auto out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  std::optional<std::string> quoted() {
    std::string out;
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return out;
      }
      if (rest_[i] == '\\' && ++i == rest_.size()) break;
      out += rest_[i];
    }
    return {};
  }

  void space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
  }
  bool skip(char c) {
    if (c != '=') space();  // RFC 7239 §4: no space around "="
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view rest_;
};

// Each proxy adds its element to the last line or as a line of its own, so a malformed line hides those
// before it and not those after it.
Hops forwarded_hops(const Headers& headers) {
  std::vector<std::string_view> lines;
  for (const auto& [key, value] : headers)
    if (equals_ignoring_case(key, "Forwarded")) lines.push_back(value);
  Hops out;
  for (size_t i = lines.size(); i-- > 0 && out.size() < hops_max;) {
    auto hops = ForwardedLine(lines[i]).read();
    if (!hops) break;
    std::ranges::move(hops->rbegin(), hops->rend(), std::back_inserter(out));
  }
  if (out.size() > hops_max) out.resize(hops_max);
  return out;
}

// The hop that names the client, or the last of the trusted ones when none does; null when the nearest proxy
// named nobody.
const Hop* client_hop(const Hops& hops, const Networks& trusted) {
  const Hop* last = nullptr;
  for (const auto& hop : hops) {
    const auto address = parse_ip(hop.address);
    if (!address) break;
    last = &hop;
    if (!trusted.contains(*address)) break;
  }
  return last;
}

std::string normal(std::string_view address) {
  const auto parsed = parse_ip(address);
  return parsed ? to_string(*parsed) : std::string(address);
}

}  // namespace

void apply_forwarded(Request& request, std::string_view peer, const Networks& trusted, ProxyFields fields) {
  request.remote_ip = normal(peer);
  if (!trusted.contains(peer)) return;
  const Hops hops =
      fields == ProxyFields::forwarded ? forwarded_hops(request.headers) : x_forwarded_hops(request.headers);
  const Hop* client = client_hop(hops, trusted);
  if (client) request.remote_ip = normal(client->address);
  if (!client && hops.empty()) return;
  const Hop& told = client ? *client : hops.front();
  const std::string scheme = to_lower(told.proto);
  if (scheme == "https" || scheme == "http") request.scheme = scheme;
  if (const auto host = parse_authority(told.host)) request.host = *host;
  request.host = without_default_port(request.host, request.scheme);
}

}  // namespace durward::http
