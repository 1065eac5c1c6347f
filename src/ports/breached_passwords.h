#pragma once
#include <string_view>

namespace durward::ports {

// Passwords that are known to strangers. Answers at once and without I/O that waits. Thread-safe.
class BreachedPasswords {
 public:
  virtual ~BreachedPasswords() = default;
  virtual bool contains(std::string_view password) const = 0;
};

// Without a list.
class NoBreachedPasswords : public BreachedPasswords {
 public:
  bool contains(std::string_view) const override { return false; }
};

}  // namespace durward::ports
