#pragma once
#include <condition_variable>
#include <mutex>

#include "adapters/events/rounds.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/random.h"
#include "ports/configuration.h"
#include "ports/storage/commit.h"
#include "ports/storage/event_deliveries.h"
#include "ports/stream_destination.h"

namespace durward::adapters {

struct CourierOptions {
  int64_t streams_max = 128;  // served at once by this process
  int64_t tenant_max = 4;     // ... of one tenant, by all processes
  int64_t batch = 16;         // deliveries of a turn
  Seconds turn{10};           // after which no further one is begun
  Seconds lease{45};          // a turn and the longest delivery
  // Between the tries of a delivery, and of a stream whose destination is not reached: doubled each time.
  Seconds first_pause{1}, longest_pause{4 * 3600}, longest_stream_pause{300};
  Seconds disabled_pause{30};  // until a stream that is disabled is looked at again
};

// Delivers what is due. Streams are claimed and served side by side, each one delivery after the other, so a
// destination that is slow or away delays its own events only; a tenant's many streams leave room for others.
// What fails comes again after a pause with jitter, until domain::delivery_time is over.
//
// Metrics: durward_event_deliveries_total{destination,outcome} with delivered, failed, given_up;
// durward_event_streams_served, now.
class Courier {
 public:
  Courier(ports::EventDeliveries& deliveries, ports::Configuration& configuration,
          ports::Committer& committer, ports::StreamDestination& destination, const Clock& clock,
          Random& random, CourierOptions options, metrics::Registry& registry);
  ~Courier();  // stops

  void start();
  void stop();  // after the deliveries under way; idempotent
  // Of the looking for what is due, for who wrote a delivery; from any thread.
  std::function<void()> waker() { return rounds_.waker(); }
  // One look, and the turns of all streams it claims, for tests; returns how many streams. Not while started.
  Async<int64_t> run_once();

 private:
  // Where turns run: they outlive the round that began them.
  class Bench : public Executor {
   public:
    Bench() : pool_("event-streams", 1, SIZE_MAX) {}
    void post(std::function<void()> job) override;

   private:
    ThreadPool pool_;
  };

  Async<bool> round();
  Async<std::vector<ports::StreamClaim>> claim(int64_t limit);
  void begin(ports::StreamClaim claim);
  static Detached carry(Courier* self, ports::StreamClaim claim);
  Async<> serve(ports::StreamClaim claim);
  Async<std::optional<domain::EventStream>> stream_of(ports::StreamClaim claim);
  // Nothing to serve: the stream is gone or disabled.
  Async<> put_aside(ports::StreamClaim claim, bool is_gone);
  // True when the destination was reached.
  Async<bool> attempt(domain::TenantId tenant, domain::EventStream stream, domain::EventDelivery delivery);
  Milliseconds pause_after(int64_t failures, Seconds longest);
  bool is_stopping();
  void count(const domain::EventStream& stream, std::string_view outcome);

  ports::EventDeliveries& deliveries_;
  ports::Configuration& configuration_;
  ports::Committer& committer_;
  ports::StreamDestination& destination_;
  const Clock& clock_;
  Random& random_;
  const CourierOptions options_;
  metrics::Registry& registry_;
  metrics::Gauge& served_;
  std::mutex mutex_;
  std::condition_variable ended_;
  int64_t turns_ = 0;  // under way
  bool stopping_ = false;
  Bench bench_;
  Rounds rounds_;
};

}  // namespace durward::adapters
