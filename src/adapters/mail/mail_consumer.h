#pragma once
#include "adapters/events/queue_worker.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ports/mailer.h"
#include "ports/storage/jobs.h"

namespace durward::adapters {

// The payload of a job of kind "mail": {"from","to","subject","text","html","tenant","template"}.
json::Object mail_to_payload(const ports::Mail& mail);
ports::Mail mail_from_payload(const json::Object& payload);

// The queue of mails: which events it gets.
ports::QueueOptions mail_queue();

// Sends the mail whose job a mail.requested event names. A mail that was sent has no job any more, so an
// event that comes again does nothing; one that is given up goes with its job.
class MailConsumer : public Consumer {
 public:
  MailConsumer(ports::Jobs& jobs, ports::Mailer& mailer, const Clock& clock, metrics::Registry& registry)
      : jobs_(jobs), mailer_(mailer), clock_(clock), registry_(registry) {}
  Async<> handle(domain::Event event) override;
  Async<> give_up(domain::Event event) override;

 private:
  Async<> send(ports::Job job);
  void count(std::string_view outcome);

  ports::Jobs& jobs_;
  ports::Mailer& mailer_;
  const Clock& clock_;
  metrics::Registry& registry_;
};

}  // namespace durward::adapters
