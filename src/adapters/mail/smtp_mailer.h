#pragma once
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "http/address.h"
#include "ports/mailer.h"

namespace durward::adapters {

// Whether a connection to this address may be made.
using AddressRule = std::function<bool(const http::IpAddress& address)>;

struct SmtpOptions {
  std::string url;  // smtp://host:587 or smtps://host:465
  std::string username, password;
  bool require_starttls = true;  // smtp:// only: refuse to speak without TLS
  std::string ca_file;           // empty: the system's
  std::string default_from;      // when a mail names no sender
  std::string helo_domain;       // empty: that of the sender
  Seconds connect_timeout{10}, timeout{30};
  size_t threads = 2, queue_max = 256;
  AddressRule allows;  // empty: all
};

// Before the first of them. Throws when the library cannot be used.
void initialise_smtp();
// One mail, now: blocks. Errors as SmtpMailer; invalid/"private_address" when `allows` refused every address.
Result<> send_over_smtp(const SmtpOptions& options, const ports::Mail& mail, TimePoint now, Random& random);

// Sends over SMTP. `invalid` for an unusable address and a permanent refusal (5xx of RFC 5321 §4.2.1),
// `unavailable` for everything that may pass. Thread-safe.
class SmtpMailer : public ports::Mailer {
 public:
  SmtpMailer(SmtpOptions options, const Clock& clock, Random& random);
  ~SmtpMailer() override;
  Async<> send(ports::Mail mail) override;

 private:
  SmtpOptions options_;
  const Clock& clock_;
  Random& random_;
  ThreadPool pool_;
};

}  // namespace durward::adapters
