#include "standards/oauth/scope.h"

#include <algorithm>
#include <unordered_set>

#include "standards/oauth/errors.h"

namespace durward::oauth {

bool is_scope_token(std::string_view word) {
  // RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
  return !word.empty() &&
         std::ranges::all_of(word, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

ScopeSet::ScopeSet(std::initializer_list<std::string_view> words) {
  for (auto word : words) add(word);
}
ScopeSet::ScopeSet(const std::vector<std::string>& words) {
  for (const auto& word : words) add(word);
}

Result<ScopeSet> ScopeSet::parse(std::string_view text) {
  ScopeSet out;
  std::unordered_set<std::string_view> seen;  // a thousand words must not cost a million comparisons
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!is_scope_token(word))
      return refuse("invalid_scope", "The scope contains characters that are not allowed");
    if (word.size() > scope_length_max) return refuse("invalid_scope", "A scope is too long");
    if (!seen.insert(word).second) continue;
    if (seen.size() > scope_count_max) return refuse("invalid_scope", "There are too many scopes");
    out.words_.emplace_back(word);
  }
  return out;
}

bool ScopeSet::add(std::string_view word) {
  if (contains(word)) return false;
  words_.emplace_back(word);
  return true;
}

void ScopeSet::remove(std::string_view word) { std::erase(words_, word); }
bool ScopeSet::contains(std::string_view word) const {
  return std::ranges::find(words_, word) != words_.end();
}

bool ScopeSet::is_subset_of(const ScopeSet& other) const {
  return std::ranges::all_of(words_, [&](const auto& word) { return other.contains(word); });
}

ScopeSet ScopeSet::intersect(const ScopeSet& other) const {
  ScopeSet out;
  for (const auto& word : words_)
    if (other.contains(word)) out.words_.push_back(word);
  return out;
}

ScopeSet ScopeSet::without(const ScopeSet& other) const {
  ScopeSet out;
  for (const auto& word : words_)
    if (!other.contains(word)) out.words_.push_back(word);
  return out;
}

ScopeSet ScopeSet::unite(const ScopeSet& other) const {
  ScopeSet out = *this;
  for (const auto& word : other.words_) out.add(word);
  return out;
}

std::string ScopeSet::join() const {
  std::string out;
  for (const auto& word : words_) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

bool ScopeSet::operator==(const ScopeSet& other) const {
  return size() == other.size() && is_subset_of(other);
}

}  // namespace durward::oauth
