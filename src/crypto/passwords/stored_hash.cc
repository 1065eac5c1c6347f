#include "crypto/passwords/stored_hash.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace durward::crypto::passwords {

namespace {

constexpr size_t text_max = 4096;

std::string unpadded(std::string_view bytes) {
  std::string out = to_base64(bytes);
  out.erase(std::min(out.find('='), out.size()));
  return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (size_t end = 0; end != text.npos; text.remove_prefix(std::min(end + 1, text.size()))) {
    end = text.find(at);
    parts.push_back(text.substr(0, end));
  }
  return parts;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool add_parameters(StoredHash& stored, std::string_view text) {
  for (const auto part : split(text, ',')) {
    const size_t equals = part.find('=');
    const auto name = part.substr(0, equals);
    if (equals == part.npos || !is_name(name) || !stored.parameter(name).empty()) return false;
    stored.parameters.emplace_back(name, part.substr(equals + 1));
  }
  return true;
}

}  // namespace

std::string_view StoredHash::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return {};
}

std::optional<uint32_t> StoredHash::number(std::string_view name, uint32_t fallback) const {
  const auto text = parameter(name);
  if (text.empty()) return fallback;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> from_any_base64(std::string_view text) {
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string url(text);
  std::replace(url.begin(), url.end(), '+', '-');
  std::replace(url.begin(), url.end(), '/', '_');
  return from_base64url(url);
}

std::optional<StoredHash> parse_stored_hash(std::string_view text) {
  if (text.size() > text_max || !text.starts_with('$')) return std::nullopt;
  const auto parts = split(text.substr(1), '$');
  if (parts.size() < 3 || parts.size() > 5 || !is_name(parts[0])) return std::nullopt;
  StoredHash stored{.scheme = std::string(parts[0]), .parameters = {}, .salt = {}, .hash = {}};
  for (size_t i = 1; i + 2 < parts.size(); ++i)
    if (!add_parameters(stored, parts[i])) return std::nullopt;
  auto salt = from_any_base64(parts[parts.size() - 2]), hash = from_any_base64(parts.back());
  if (!salt || !hash || hash->empty()) return std::nullopt;
  stored.salt = std::move(*salt);
  stored.hash = std::move(*hash);
  return stored;
}

std::string to_text(const StoredHash& stored) {
  std::string out = "$" + stored.scheme;
  char before = '$';
  for (const auto& [name, value] : stored.parameters) {
    out += before + name + "=" + value;
    before = name == "v" ? '$' : ',';
  }
  return out + "$" + unpadded(stored.salt) + "$" + unpadded(stored.hash);
}

}  // namespace durward::crypto::passwords
