#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/metrics.h"
#include "ports/storage/commit.h"

namespace durward::server {

// A committer for which a list of nothing but log records (of executions too) does not fail because the store
// is away: it waits in memory and is written when the store is back, in order, by a thread of its own. So
// that who needs no other write (a program that gets a token) is served meanwhile. Other lists pass, and
// fail, as they are. At most `waiting_max` wait; more fail as they would have. What still waits when the
// process ends is lost. Thread-safe; `inner` outlives it.
class DeferredLogs : public ports::Committer {
 public:
  DeferredLogs(ports::Committer& inner, metrics::Registry& registry, size_t waiting_max = 10'000,
               Milliseconds retry = Milliseconds(500));
  ~DeferredLogs() override;  // tries once more

  Async<> commit(domain::TenantId tenant, ports::Writes writes) override;
  size_t waiting() const;

 private:
  struct List {
    domain::TenantId tenant;
    ports::Writes writes;
  };
  bool keep(domain::TenantId tenant, ports::Writes writes);
  void work();
  bool write_first();

  ports::Committer& inner_;
  const size_t waiting_max_;
  const Milliseconds retry_;
  metrics::Gauge& depth_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<List> lists_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace durward::server
