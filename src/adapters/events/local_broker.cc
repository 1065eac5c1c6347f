#include "adapters/events/local_broker.h"

#include <stdexcept>

namespace durward::adapters {

namespace {
bool is_heard(const ports::EventFilter& filter, const domain::Event& event) {
  return (!filter.tenant || *filter.tenant == event.tenant) && domain::matches(filter.pattern, event.type);
}
}  // namespace

// The lock is held while somebody hears, so that nobody hears after their subscription is gone.
struct LocalBroker::Subscribers {
  struct One {
    ports::EventFilter filter;
    std::function<void(const domain::Event&)> hear;
  };
  struct Subscription {
    Subscription(std::weak_ptr<Subscribers> all_, uint64_t id_) : all(std::move(all_)), id(id_) {}
    ~Subscription() {
      if (const auto subscribers = all.lock()) subscribers->remove(id);
    }
    Subscription(const Subscription&) = delete;
    const std::weak_ptr<Subscribers> all;
    const uint64_t id;
  };

  uint64_t add(One one) {
    std::lock_guard lock(mutex);
    ones.emplace(++last, std::move(one));
    return last;
  }
  void remove(uint64_t id) {
    std::lock_guard lock(mutex);
    ones.erase(id);
  }
  void tell(const domain::Event& event) {
    std::lock_guard lock(mutex);
    for (const auto& [id, one] : ones)
      if (is_heard(one.filter, event)) one.hear(event);
  }

  std::mutex mutex;
  std::map<uint64_t, One> ones;
  uint64_t last = 0;
};

LocalBroker::LocalBroker(ports::Outbox& outbox, ports::Leases& leases, const Clock& clock, std::string owner,
                         Seconds lease)
    : outbox_(outbox),
      leases_(leases),
      clock_(clock),
      owner_(std::move(owner)),
      lease_(lease),
      subscribers_(std::make_shared<Subscribers>()) {}
LocalBroker::~LocalBroker() = default;

Async<std::optional<int64_t>> LocalBroker::held() { co_return std::nullopt; }

Async<> LocalBroker::publish(std::vector<domain::Event> events) {
  for (const auto& event : events) subscribers_->tell(event);
  interrupt();
  co_return Result<>();
}

void LocalBroker::interrupt() {
  std::lock_guard lock(mutex_);
  ++changes_;
  changed_.notify_all();
}

uint64_t LocalBroker::changes() {
  std::lock_guard lock(mutex_);
  return changes_;
}

Async<> LocalBroker::declare(ports::QueueOptions queue) {
  std::lock_guard lock(mutex_);
  auto& place = queues_[queue.name];
  if (!place)
    place = std::make_unique<LocalQueue>(std::move(queue), outbox_, leases_, clock_, owner_, lease_);
  co_return Result<>();
}

LocalQueue& LocalBroker::find(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto found = queues_.find(name);
  if (found == queues_.end()) throw std::logic_error("no such queue: " + name);
  return *found->second;
}

Async<std::vector<ports::Delivery>> LocalBroker::fetch(std::string name, int64_t max, Milliseconds wait) {
  LocalQueue& queue = find(name);
  const uint64_t seen = changes();
  CO_TRY(auto out, co_await queue.take(max));
  if (!out.empty() || wait == Milliseconds(0)) co_return out;
  await_change(queue, seen, wait);
  co_return co_await queue.take(max);
}

void LocalBroker::await_change(LocalQueue& queue, uint64_t seen, Milliseconds wait) {
  if (const auto due = queue.next_due()) wait = std::clamp(*due - clock_.now(), Milliseconds(0), wait);
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [&] { return changes_ != seen; });
}

Async<> LocalBroker::ack(std::string queue, ports::Delivery delivery) {
  return find(queue).ack(std::move(delivery));
}

Async<> LocalBroker::retry(std::string queue, ports::Delivery delivery, Milliseconds pause) {
  find(queue).retry(delivery, pause);
  co_return Result<>();
}

Async<std::optional<TimePoint>> LocalBroker::oldest(std::string queue) { return find(queue).oldest(); }

Async<> LocalBroker::leave(std::string queue) { return find(queue).leave(); }

Async<std::vector<domain::Event>> LocalBroker::replay(ports::EventFilter filter, int64_t offset,
                                                      int64_t limit) {
  std::vector<domain::Event> out;
  for (int64_t after = offset; int64_t(out.size()) < limit;) {
    CO_TRY(auto page, co_await outbox_.read({after, limit - int64_t(out.size()), filter, {}}));
    std::move(page.events.begin(), page.events.end(), std::back_inserter(out));
    if (page.scanned_to == after) break;
    after = page.scanned_to;
  }
  co_return out;
}

Result<std::shared_ptr<void>> LocalBroker::subscribe(ports::EventFilter filter,
                                                     std::function<void(const domain::Event&)> hear) {
  const auto id = subscribers_->add({std::move(filter), std::move(hear)});
  return std::make_shared<Subscribers::Subscription>(subscribers_, id);
}

}  // namespace durward::adapters
