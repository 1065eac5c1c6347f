#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "base/metrics.h"
#include "base/random.h"
#include "base/sequence.h"
#include "ports/storage/nodes.h"

namespace durward::server {

struct NodeLeaseOptions {
  Seconds lease{600};  // a number stays with who died for that long, and a clock difference more
  Milliseconds renew_every{120'000};  // of this machine's time, not of `clock`
  Milliseconds wait_max{2000};        // of who needs a key while the time is over
};

// Keeps a sequence supplied with a node number of the store as long as it lives: one thread renews the lease;
// a process that slept longer than its lease finds its time over at the next key, waits for the thread, and
// goes on with another number when somebody took its own. The destructor gives the number back.
class NodeLease {
 public:
  // Errors: those of ports::Nodes::take. The arguments must outlive it; nobody makes keys when it goes.
  static Result<std::unique_ptr<NodeLease>> take(ports::Nodes& nodes, Sequence& sequence, const Clock& clock,
                                                 Random& random, metrics::Registry& registry,
                                                 NodeLeaseOptions options = {});
  ~NodeLease();
  NodeLease(const NodeLease&) = delete;

 private:
  NodeLease(ports::Nodes& nodes, Sequence& sequence, const Clock& clock, Random& random,
            metrics::Registry& registry, NodeLeaseOptions options);
  Result<> take_one();
  Result<> renew();
  bool wait_for_more();
  void work();

  ports::Nodes& nodes_;
  Sequence& sequence_;
  const Clock& clock_;
  Random& random_;
  const NodeLeaseOptions options_;
  metrics::Gauge& number_;
  ports::NodeLease lease_;  // the thread's own, once it runs

  std::mutex mutex_;
  std::condition_variable wanted_, changed_;
  int64_t rounds_ = 0;   // of the thread
  bool renewed_ = true;  // by the last of them
  bool is_wanted_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace durward::server
