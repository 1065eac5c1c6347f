#pragma once
#include <memory>

#include "base/clock.h"
#include "base/metrics.h"
#include "ports/mailer.h"
#include "ports/storage/jobs.h"

namespace durward::adapters {

struct MailWorkerOptions {
  int attempts_max = 12;
  Seconds lease{120};
  int64_t batch = 16;
  Seconds poll_interval{5};  // for jobs whose back-off ended and those of other processes
  Seconds sweep_interval{60};
  int64_t sweep_limit = 5000;
};

// The payload of a job of kind "mail": {"from","to","subject","text","html","tenant","template"}.
json::Object mail_to_payload(const ports::Mail& mail);
ports::Mail mail_from_payload(const json::Object& payload);

// Sends the mails that were committed as jobs, at least once each, with growing pauses between attempts, and
// sweeps expired rows. One thread with an executor of its own; wakes at once for a new job.
class MailWorker {
 public:
  MailWorker(ports::Jobs& jobs, ports::Mailer& mailer, const Clock& clock, MailWorkerOptions options = {},
             metrics::Registry* registry = nullptr);
  ~MailWorker();  // stops

  void start();
  void stop();  // after the mail being sent; idempotent
  // One round, for tests: claims and sends what is due. Returns how many jobs were handled. Not while
  // started.
  Async<int64_t> run_once();

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace durward::adapters
