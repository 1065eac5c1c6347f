#pragma once
#include <array>
#include <list>
#include <map>
#include <memory>

#include "adapters/sandbox/worker.h"
#include "base/metrics.h"

namespace durward::adapters::sandbox {

struct PoolOptions {
  size_t warm = 2;              // started and sandboxed, that wait for a tenant
  size_t processes_max = 16;    // all together
  size_t tenant_max = 4;        // of one tenant
  size_t runs_max = 8;          // under way in one worker; they would end with it
  Milliseconds grow_after{50};  // a run under way for longer makes the next one go to another worker
  Milliseconds idle{300'000};   // after which a tenant's worker ends
  Milliseconds age{1'800'000};
  size_t uses_max = 100'000;  // runs of one worker
};

// Workers, of which each belongs to nobody yet or to one tenant until it ends: no two tenants ever share one.
// Belongs to a reactor's thread.
class Pool : Worker::Owner {
 public:
  struct Listener {
    std::function<void(Job&)> done;
    std::function<void(domain::TenantId, Worker&, Message)> question;
    std::function<void(Worker&)> gone;
    std::function<void()> room;  // find() may give what it did not before
  };
  Pool(Reactor& reactor, const Clock& clock, const WorkerSettings& settings, PoolOptions options,
       metrics::Registry& registry, Listener listener);
  ~Pool() override;

  void start();  // the warm ones; without it they come with the first find()
  void stop();   // ends all; what is under way is refused
  // Where a run of this tenant can go now; null: nowhere yet, and room() is called when that may be
  // different.
  Worker* find(domain::TenantId tenant);
  // Null, or why no worker can be started at the moment.
  const std::string* broken() const { return failures_ >= failures_max ? &reason_ : nullptr; }
  size_t workers_of(domain::TenantId tenant) const;
  size_t runs_at_once_max() const { return options_.tenant_max * options_.runs_max; }

 private:
  static constexpr int failures_max = 3;
  struct Slot {
    std::unique_ptr<Worker> worker;
    std::optional<domain::TenantId> tenant;
    Reactor::Clock::time_point since, used;  // started, last run
    size_t uses = 0;
    bool retired = false;  // gets no further run, and ends with the last
  };
  using Slots = std::list<Slot>;

  void on_ready(Worker& worker) override;
  void on_done(Worker& worker, Job& job) override;
  void on_question(Worker& worker, Message message) override;
  void on_ended(Worker& worker) override;

  Slot& slot_of(const Worker& worker);
  Slot* least_busy(domain::TenantId tenant);
  Slot* take_warm(domain::TenantId tenant);
  bool wants_another(const Slot* best, domain::TenantId tenant) const;
  void want_generic();
  void refill();
  void refill_soon();
  size_t kept_free() const;
  void retire_longest_idle();
  bool start_one();
  void make_room(domain::TenantId tenant);
  void end_if_retired(Slot& slot);
  void look_around();
  bool is_worn(const Slot& slot, Reactor::Clock::time_point now) const;
  void failed(const std::string& reason);
  void count();

  Reactor& reactor_;
  const Clock& clock_;
  const WorkerSettings& settings_;
  const PoolOptions options_;
  const Listener listener_;
  std::array<metrics::Gauge*, 4> gauges_{};
  std::array<metrics::Counter*, std::size(endings)> ended_{};

  Slots slots_;
  Reactor::Timer look_timer_ = 0, start_timer_ = 0, refill_timer_ = 0;
  int failures_ = 0;
  std::string reason_;
  bool is_started_ = false, is_stopped_ = false;
};

}  // namespace durward::adapters::sandbox
