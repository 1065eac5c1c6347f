#include "adapters/mail/mail_catcher.h"

#include <algorithm>

namespace durward::adapters {

Async<> MailCatcher::send(ports::Mail mail) {
  std::lock_guard lock(mutex_);
  mails_.push_back({++last_id_, clock_.now(), std::move(mail)});
  if (mails_.size() > kept_max_) mails_.pop_front();
  co_return Result<>();
}

std::vector<CaughtMail> MailCatcher::list() const {
  std::lock_guard lock(mutex_);
  return {mails_.rbegin(), mails_.rend()};
}

std::optional<CaughtMail> MailCatcher::find(int64_t id) const {
  std::lock_guard lock(mutex_);
  const auto it = std::ranges::find(mails_, id, &CaughtMail::id);
  if (it == mails_.end()) return {};
  return *it;
}

std::optional<CaughtMail> MailCatcher::latest_to(std::string_view address) const {
  std::lock_guard lock(mutex_);
  for (auto it = mails_.rbegin(); it != mails_.rend(); ++it)
    if (it->mail.to == address) return *it;
  return {};
}

}  // namespace durward::adapters
