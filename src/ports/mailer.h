#pragma once
#include <string>

#include "base/task.h"

namespace durward::ports {

struct Mail {
  std::string from, to, subject, text, html;
  std::string tenant;         // name, for the development catcher
  std::string template_name;  // "verify_email", "reset_email", ...
};

// Sends one mail or fails with `unavailable` (worth a retry) or `invalid` (never will).
class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual Async<> send(Mail mail) = 0;
};

}  // namespace durward::ports
