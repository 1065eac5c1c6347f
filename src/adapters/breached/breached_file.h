#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "adapters/breached/filter_image.h"
#include "base/clock.h"
#include "ports/breached_passwords.h"

namespace durward::adapters {

// The passwords of a file made by `durward breached build`. A file that takes its place is taken over with
// the first question a minute later; one that cannot be used is reported and the old one stays. Thread-safe.
class BreachedFile : public ports::BreachedPasswords {
 public:
  static Result<std::unique_ptr<BreachedFile>> open(std::string path, const Clock& clock);
  bool contains(std::string_view password) const override;

 private:
  struct Identity {  // of a file, by which a new one is told
    uint64_t device = 0, inode = 0;
    int64_t seconds = 0, nanoseconds = 0;
    bool operator==(const Identity&) const = default;
  };
  BreachedFile(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}
  static Identity identity_of(const std::string& path);
  void look_again(TimePoint now) const;

  std::string path_;
  const Clock& clock_;
  mutable std::atomic<std::shared_ptr<const FilterImage>> image_;
  mutable std::atomic<int64_t> next_look_ms_{0};
  mutable std::mutex looking_;
  mutable Identity seen_;  // guarded by looking_
};

// Without a file: the built-in list of common passwords (domain/password_policy.h), in any case of letters.
class CommonPasswords : public ports::BreachedPasswords {
 public:
  bool contains(std::string_view password) const override;
};

}  // namespace durward::adapters
