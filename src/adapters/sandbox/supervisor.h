#pragma once
#include <deque>
#include <map>
#include <memory>

#include "adapters/sandbox/breaker.h"
#include "adapters/sandbox/egress.h"
#include "adapters/sandbox/pool.h"
#include "base/random.h"
#include "ports/scripts.h"

namespace durward::adapters::sandbox {

struct SupervisorOptions {
  ConfinementOptions confinement;  // the egress socket is filled in
  PoolOptions pool;
  EgressOptions egress;
  std::vector<std::string> egress_allow;
  size_t tenant_max = 250;    // calls of a tenant, waiting and under way: what Auth0 allows
  size_t waiting_max = 4096;  // calls of all tenants
  bool starts_warm = false;   // at once; otherwise with the first call
};

// Customers' code on this host: sandboxed workers, who gets one, and what happens when there is none. A
// thread of its own does all of it, so that saturation delays nobody but those who wait for scripts. Each
// tenant has a queue; whose turn it is goes round. What is refused comes back at once with the seconds after
// which there may be room. Thread-safe.
class Supervisor : public ports::Scripts {
 public:
  // Errors: invalid/"bad_option", unavailable/"no_egress", "no_seccomp" and those of Engine::check. All
  // arguments outlive it.
  static Result<std::unique_ptr<Supervisor>> open(SupervisorOptions options, const Clock& clock,
                                                  Random& random, metrics::Registry& registry);
  ~Supervisor() override;  // calls under way are refused

  // Also too_large/"script_input_too_large" for what no frame can carry.
  Async<ports::ScriptOutcome> run(domain::TenantId tenant, ports::ScriptCall call) override;

 private:
  struct Lane {
    std::deque<Job*> waiting;
    size_t under_way = 0;
  };
  class Meter;
  Supervisor(SupervisorOptions options, const Clock& clock, metrics::Registry& registry);
  Result<> start(Random& random, metrics::Registry& registry);
  void admit(Job& job);
  std::optional<Error> refusal(const Job& job);
  void refuse(Job& job, Error error);
  int seconds_until_room(const Lane& lane) const;
  void dispatch();
  void dispatch_round();
  bool send_next(domain::TenantId tenant, Lane& lane);
  void expire(Job& job);
  void done(Job& job);
  void judge(const Job& job);
  void forget_if_quiet(domain::TenantId tenant);
  void leave(Job& job);
  void fail_waiting(const std::string& reason);
  static std::vector<Breaker::Key> keys_of(const Job& job);

  const SupervisorOptions options_;
  WorkerSettings settings_;
  const Clock& clock_;
  std::shared_ptr<Meter> meter_;

  // The reactor's thread's own.
  std::map<domain::TenantId, Lane> lanes_;
  std::deque<domain::TenantId> turn_;  // tenants with calls that wait, each once, outside of a round
  std::map<const Job*, Worker*> placed_;
  Breaker breaker_;
  size_t waiting_ = 0;
  double seconds_of_a_call_ = 0.02;  // a fading mean
  bool is_dispatching_ = false, wants_dispatch_ = false, is_stopping_ = false;
  std::unique_ptr<Egress> egress_;
  std::unique_ptr<Pool> pool_;
  Reactor reactor_{"scripts"};
};

}  // namespace durward::adapters::sandbox
