#include "login/attempts.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "domain/user.h"
#include "http/address.h"

namespace durward::login {
namespace {

constexpr size_t identifier_max = 320;  // what the pages take; indexes of stores take more
constexpr size_t network_bytes = 8;     // a /64

bool is_ipv4(const http::IpAddress& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](uint8_t b) { return b == 0; }) &&
         address[10] == 0xff && address[11] == 0xff;
}

// One key for all parts; a separator keeps "ab","c" and "a","bc" apart.
std::string digest(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts) text += std::to_string(part.size()) + ":" + std::string(part);
  return to_base64url(crypto::sha256(text));
}

std::string key(domain::TenantId tenant, std::string_view kind, std::string_view what) {
  return "attempts:" + std::to_string(tenant.value) + ":" + std::string(kind) + ":" + std::string(what);
}

std::string_view word_of(Stage stage) {
  constexpr std::string_view words[] = {"login", "signup", "reset", "exchange"};
  return words[size_t(stage)];
}

}  // namespace

std::string counted_address(std::string_view ip) {
  auto address = http::parse_ip(ip);
  if (!address) return std::string(ip.substr(0, 64));
  if (!is_ipv4(*address)) std::fill(address->begin() + network_bytes, address->end(), uint8_t(0));
  return http::to_string(*address);
}

std::string counted_identifier(std::string_view typed) {
  std::string normal = domain::normalise_identifier("email", typed);
  const bool fits =
      normal.size() <= identifier_max && is_valid_utf8(normal) && normal.find('\0') == std::string::npos;
  return fits ? normal : "sha256:" + to_base64url(crypto::sha256(normal));
}

bool is_listed(const std::vector<std::string>& list, std::string_view ip) {
  if (list.empty()) return false;
  const auto networks = http::Networks::parse(list);
  return networks && networks->contains(ip);
}

bool is_of_this_machine(std::string_view ip) {
  const auto address = http::parse_ip(ip);
  return address && (http::to_string(*address) == "::1" || http::to_string(*address).starts_with("127."));
}

std::string account_key(domain::TenantId tenant, std::string_view connection, std::string_view identifier,
                        std::string_view ip) {
  return key(tenant, "account", digest({connection, identifier, ip}));
}

ports::Rate account_rate(const domain::BruteForceProtection& settings) {
  return {std::chrono::microseconds(block_life) / settings.max_attempts, settings.max_attempts};
}

std::string address_key(domain::TenantId tenant, Stage stage, std::string_view address) {
  return key(tenant, word_of(stage), address);
}

ports::Rate address_rate(const domain::SuspiciousIpThrottling& settings, Stage stage) {
  const auto& throttle = stage == Stage::sign_up          ? settings.sign_up
                         : stage == Stage::token_exchange ? settings.token_exchange
                                                          : settings.sign_in;
  return {throttle.interval, throttle.max_attempts};
}

std::string warning_key(domain::TenantId tenant) { return key(tenant, "warning", "limit_mu"); }

}  // namespace durward::login
