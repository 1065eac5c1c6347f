#include "server/node_lease.h"

#include <pthread.h>

#include "base/executor.h"
#include "base/log.h"

namespace durward::server {
namespace {
constexpr Milliseconds retry_after{500};
}  // namespace

NodeLease::NodeLease(ports::Nodes& nodes, Sequence& sequence, const Clock& clock, Random& random,
                     metrics::Registry& registry, NodeLeaseOptions options)
    : nodes_(nodes),
      sequence_(sequence),
      clock_(clock),
      random_(random),
      options_(options),
      number_(registry.gauge("durward_node_number", "Number in the row keys that this process makes.")) {}

Result<std::unique_ptr<NodeLease>> NodeLease::take(ports::Nodes& nodes, Sequence& sequence,
                                                   const Clock& clock, Random& random,
                                                   metrics::Registry& registry, NodeLeaseOptions options) {
  std::unique_ptr<NodeLease> out(new NodeLease(nodes, sequence, clock, random, registry, options));
  ENSURE(out->take_one());
  sequence.when_over([lease = out.get()] { return lease->wait_for_more(); });
  out->thread_ = std::thread([lease = out.get()] { lease->work(); });
  pthread_setname_np(out->thread_.native_handle(), "node-lease");
  return out;
}

NodeLease::~NodeLease() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_one();
  thread_.join();
  sequence_.when_over({});
  sequence_.extend(TimePoint());
  if (const auto released = run_sync(nodes_.release(lease_, sequence_.unused_from())); !released)
    log::warning("a node number was not given back", {{"error", released.error().code}});
}

Result<> NodeLease::take_one() {
  const auto now = clock_.now();
  TRY(lease_, run_sync(nodes_.take(random_.hex(16), now, now + options_.lease)));
  sequence_.adopt(lease_.number, lease_.from, lease_.until);
  number_.set(lease_.number);
  return {};
}

Result<> NodeLease::renew() {
  const auto until = clock_.now() + options_.lease;
  const auto renewed = run_sync(nodes_.renew(lease_, until));
  if (renewed) {
    lease_.until = until;
    sequence_.extend(until);
    return {};
  }
  if (renewed.error().code != "lease_lost") return renewed;
  log::warning("the node number was lost, another one is taken", {{"number", lease_.number}});
  return take_one();
}

// On the thread of who needs a key. The thread of the lease has one round for it; while rounds fail, it goes
// on by itself and nobody waits.
bool NodeLease::wait_for_more() {
  std::unique_lock lock(mutex_);
  if (!renewed_ || stopping_) return false;
  is_wanted_ = true;
  wanted_.notify_one();
  const auto before = rounds_;
  const bool done = changed_.wait_for(lock, options_.wait_max, [&] { return rounds_ > before || stopping_; });
  return done && renewed_ && !stopping_;
}

void NodeLease::work() {
  auto pause = options_.renew_every;
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait_for(lock, pause, [this] { return stopping_ || is_wanted_; });
    if (stopping_) return;
    is_wanted_ = false;
    lock.unlock();
    const auto renewed = renew();
    if (!renewed) log::warning("the node number was not renewed", {{"error", renewed.error().code}});
    lock.lock();
    renewed_ = renewed.has_value();
    pause = renewed_ ? options_.renew_every : std::min(options_.renew_every, retry_after);
    ++rounds_;
    changed_.notify_all();
  }
}

}  // namespace durward::server
