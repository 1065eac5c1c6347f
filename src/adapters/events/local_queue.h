#pragma once
#include <atomic>
#include <map>
#include <mutex>

#include "adapters/events/held_lease.h"
#include "ports/broker.h"

namespace durward::adapters {

// One queue of the broker in process; see local_broker.h. Thread-safe.
class LocalQueue {
 public:
  LocalQueue(ports::QueueOptions options, ports::Outbox& outbox, ports::Leases& leases, const Clock& clock,
             const std::string& owner, Seconds lease);

  // What is due now. Nothing while another process serves the queue, or another thread is in here.
  Async<std::vector<ports::Delivery>> take(int64_t max);
  Async<> ack(ports::Delivery delivery);
  void retry(const ports::Delivery& delivery, Milliseconds pause);
  Async<> leave();
  Async<std::optional<TimePoint>> oldest();
  std::optional<TimePoint> next_due();

 private:
  struct Entry {
    domain::Event event;
    int64_t attempt = 0;
    TimePoint due;  // handed out: when it is handed out again
  };

  Async<bool> serve();
  Async<std::vector<ports::Delivery>> take_held(int64_t max);
  Async<> read_on(int64_t max);
  Async<> save();
  Async<> catch_up();
  Async<bool> is_any_due();
  std::vector<ports::Delivery> hand_out(int64_t max);
  int64_t floor() const;

  const ports::QueueOptions options_;
  const std::string reader_;
  ports::Outbox& outbox_;
  const Clock& clock_;
  HeldLease lease_;
  std::atomic_flag busy_;
  std::mutex mutex_;
  std::map<int64_t, Entry> pending_;  // by offset
  int64_t cursor_ = 0;                // read up to here
  int64_t saved_ = 0;                 // position in the store
  bool acked_ = false;                // since it was saved
};

}  // namespace durward::adapters
