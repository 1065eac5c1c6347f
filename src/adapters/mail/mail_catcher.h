#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "ports/mailer.h"

namespace durward::adapters {

struct CaughtMail {
  int64_t id = 0;
  TimePoint at;
  ports::Mail mail;
};

// Development: sends nothing, keeps the newest mails in memory for a page to show. Thread-safe.
class MailCatcher : public ports::Mailer {
 public:
  explicit MailCatcher(const Clock& clock, size_t kept_max = 200) : clock_(clock), kept_max_(kept_max) {}
  Async<> send(ports::Mail mail) override;

  std::vector<CaughtMail> list() const;  // newest first
  std::optional<CaughtMail> find(int64_t id) const;
  std::optional<CaughtMail> latest_to(std::string_view address) const;

 private:
  const Clock& clock_;
  const size_t kept_max_;
  mutable std::mutex mutex_;
  std::deque<CaughtMail> mails_;
  int64_t last_id_ = 0;
};

}  // namespace durward::adapters
