#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Scopes (RFC 6749 §3.3): words without repetition in the order of their first appearance. Case matters.
namespace durward::oauth {

inline constexpr size_t scope_count_max = 1000, scope_length_max = 280;

bool is_scope_token(std::string_view word);  // %x21 / %x23-5B / %x5D-7E

class ScopeSet {
 public:
  ScopeSet() = default;
  ScopeSet(std::initializer_list<std::string_view> words);
  explicit ScopeSet(const std::vector<std::string>& words);

  // Words separated by spaces; several spaces count as one. Error: invalid_scope for a character outside the
  // grammar and for more than scope_count_max words or one longer than scope_length_max.
  static Result<ScopeSet> parse(std::string_view text);

  bool add(std::string_view word);  // false when it was there
  void remove(std::string_view word);
  bool contains(std::string_view word) const;
  bool is_subset_of(const ScopeSet& other) const;
  ScopeSet intersect(const ScopeSet& other) const;  // in this set's order
  ScopeSet without(const ScopeSet& other) const;
  ScopeSet unite(const ScopeSet& other) const;
  std::string join() const;  // with single spaces

  bool empty() const { return words_.empty(); }
  size_t size() const { return words_.size(); }
  auto begin() const { return words_.begin(); }
  auto end() const { return words_.end(); }
  const std::vector<std::string>& words() const { return words_; }
  bool operator==(const ScopeSet& other) const;  // as sets

 private:
  std::vector<std::string> words_;
};

}  // namespace durward::oauth
