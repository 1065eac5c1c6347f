#pragma once
#include "adapters/events/queue_worker.h"
#include "ports/configuration.h"
#include "ports/storage/commit.h"
#include "ports/storage/tenants.h"

namespace durward::adapters {

// Which events it gets: those that a stream can subscribe to and that happen here.
ports::QueueOptions event_stream_queue();

// Writes an event down once for each enabled stream that subscribed to it, in one commit. An event that is
// handed out again finds its rows there, unless they have arrived: at least once.
class EventFanOut : public Consumer {
 public:
  // `domain` stands in the events' `source`. All references outlive it.
  EventFanOut(ports::Configuration& configuration, ports::Tenants& tenants, ports::Committer& committer,
              const Clock& clock, std::string domain)
      : configuration_(configuration),
        tenants_(tenants),
        committer_(committer),
        clock_(clock),
        domain_(std::move(domain)) {}
  // Called after a commit that wrote a delivery. Before the first event.
  void on_delivery(std::function<void()> wake) { wake_ = std::move(wake); }

  Async<> handle(domain::Event event) override;
  Async<> give_up(domain::Event event) override;

 private:
  ports::Configuration& configuration_;
  ports::Tenants& tenants_;
  ports::Committer& committer_;
  const Clock& clock_;
  const std::string domain_;
  std::function<void()> wake_ = [] {};
};

}  // namespace durward::adapters
