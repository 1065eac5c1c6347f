#pragma once
#include <string>

#include "adapters/events/queue_worker.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ports/notifications.h"

namespace durward::adapters {

// The queue `name` of events that jobs are owed: KIND.requested.
ports::QueueOptions job_queue(std::string name, const std::string& kind);

// Has a notifier deliver the job that an event names. A job that is settled is gone, so an event that comes
// again does nothing; one that is given up goes with its job.
//
// Metric `metric`{outcome}: sent, refused, failed, given_up.
class JobConsumer : public Consumer {
 public:
  JobConsumer(ports::Jobs& jobs, ports::Notifier& notifier, const Clock& clock, std::string metric,
              metrics::Registry& registry)
      : jobs_(jobs), notifier_(notifier), clock_(clock), metric_(std::move(metric)), registry_(registry) {}
  Async<> handle(domain::Event event) override;
  Async<> postponed(domain::Event event, TimePoint until) override;
  Async<> give_up(domain::Event event) override;

 private:
  Async<> deliver(ports::Job job);
  Async<> give_back(int64_t id, const Error& error);
  void count(std::string_view outcome);

  ports::Jobs& jobs_;
  ports::Notifier& notifier_;
  const Clock& clock_;
  const std::string metric_;
  metrics::Registry& registry_;
};

}  // namespace durward::adapters
