#pragma once
#include <array>
#include <deque>
#include <unordered_map>

#include "adapters/postgres/pool.h"
#include "ports/storage/stale_reads.h"

namespace durward::adapters::postgres {

struct ReplicaOptions {
  PoolOptions pool;            // its target is the replica
  Milliseconds lag_max{2000};  // further behind it is not asked
  Milliseconds measure_every{200};
};

// A streaming replica for the reads of ports/storage/stale_reads.h. How far it is behind is measured without
// comparing clocks: the primary says how long its log is, and the replica is as fresh as the moment of the
// question once it has replayed that much. One thread measures. Thread-safe.
class Replica {
 public:
  // The primary must outlive it.
  Replica(ReplicaOptions options, Pool& primary, Random& random, metrics::Registry& registry);
  ~Replica();

  // It is at most lag_max behind and has what this process wrote for the tenant.
  bool may_answer(ports::StaleRead read, domain::TenantId tenant);
  // After a commit.
  void wrote(domain::TenantId tenant, const ports::Writes& writes);
  // The rows of each statement from the replica, when it may answer and does, else from the primary.
  Async<std::vector<Rows>> read_or_fall_back(metrics::Counter& counter, Batch batch);
  void stop();

 private:
  using WroteAt = std::array<SteadyTime, std::size(ports::stale_reads)>;
  void work();
  Async<> measure();
  void take_position(int64_t replayed);
  void forget_old_writes();

  const ReplicaOptions options_;
  Pool& primary_;
  Pool pool_;
  metrics::Gauge& lag_;
  metrics::Counter &answered_, &fell_back_;

  std::mutex mutex_;  // of what follows
  std::condition_variable stopped_;
  SteadyTime fresh_as_of_;  // it has everything that was committed before
  std::unordered_map<int64_t, WroteAt> wrote_;
  SteadyTime all_wrote_;  // stands for tenants that are not in `wrote_`
  bool stopping_ = false;

  // The thread's own: when the primary's log was how long, and not yet replayed.
  std::deque<std::pair<SteadyTime, int64_t>> marks_;
  std::thread thread_;
};

}  // namespace durward::adapters::postgres
