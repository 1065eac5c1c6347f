#include "adapters/events/local_queue.h"

namespace durward::adapters {

namespace {

constexpr int64_t unsaved_max =
    1000;  // offsets without anything for this queue that a restart may look at again

class Turn {
 public:
  explicit Turn(std::atomic_flag& busy) : busy_(busy), mine_(!busy.test_and_set()) {}
  ~Turn() {
    if (mine_) busy_.clear();
  }
  Turn(const Turn&) = delete;
  explicit operator bool() const { return mine_; }

 private:
  std::atomic_flag& busy_;
  const bool mine_;
};

}  // namespace

LocalQueue::LocalQueue(ports::QueueOptions options, ports::Outbox& outbox, ports::Leases& leases,
                       const Clock& clock, const std::string& owner, Seconds lease)
    : options_(std::move(options)),
      reader_("queue:" + options_.name),
      outbox_(outbox),
      clock_(clock),
      lease_(leases, clock, {reader_, owner}, lease) {}

Async<std::vector<ports::Delivery>> LocalQueue::take(int64_t max) {
  const Turn turn(busy_);
  if (!turn) co_return std::vector<ports::Delivery>();
  CO_TRY(const bool ours, co_await serve());
  if (!ours) co_return std::vector<ports::Delivery>();
  co_return co_await take_held(max);
}

// True when this process may hand out. The lease is taken when there is something to do and lapses when not;
// what waits for its retry stays here meanwhile, unless another process was faster.
Async<bool> LocalQueue::serve() {
  if (lease_.is_held()) co_return true;
  CO_ENSURE(co_await catch_up());
  CO_TRY(const bool has_work, co_await is_any_due());
  if (!has_work) co_return false;
  CO_TRY(const bool ours, co_await lease_.hold());
  if (ours) CO_ENSURE(co_await catch_up());
  co_return ours;
}

// When somebody else moved the position, what is known here is of no use any more.
Async<> LocalQueue::catch_up() {
  CO_TRY(const int64_t position, co_await outbox_.position(reader_));
  std::lock_guard lock(mutex_);
  if (position == saved_) co_return Result<>();
  pending_.clear();
  acked_ = false;
  cursor_ = saved_ = position;
  co_return Result<>();
}

Async<bool> LocalQueue::is_any_due() {
  if (const auto due = next_due(); due && *due <= clock_.now()) co_return true;
  ports::EventQuery query{.limit = 1, .filter = {options_.pattern}};
  {
    std::lock_guard lock(mutex_);
    query.after = cursor_;
  }
  CO_TRY(const auto page, co_await outbox_.read(std::move(query)));
  if (!page.events.empty()) co_return true;
  std::lock_guard lock(mutex_);
  cursor_ = std::max(cursor_, page.scanned_to);
  co_return false;
}

Async<std::vector<ports::Delivery>> LocalQueue::take_held(int64_t max) {
  CO_ENSURE(co_await read_on(max));
  CO_ENSURE(co_await save());
  auto out = hand_out(max);
  if (out.empty()) co_return out;
  CO_TRY(const bool ours, co_await lease_.hold());
  if (!ours) out.clear();
  co_return out;
}

Async<> LocalQueue::read_on(int64_t max) {
  ports::EventQuery query{.limit = max, .filter = {options_.pattern}};
  {
    std::lock_guard lock(mutex_);
    query.after = cursor_;
    query.limit = std::min(max, options_.pending_max - int64_t(pending_.size()));
  }
  if (query.limit <= 0) co_return Result<>();
  CO_TRY(auto page, co_await outbox_.read(std::move(query)));
  std::lock_guard lock(mutex_);
  for (auto& event : page.events) {
    const int64_t offset = event.offset;
    pending_[offset] = {std::move(event), 0, clock_.now()};
  }
  cursor_ = page.scanned_to;
  co_return Result<>();
}

std::vector<ports::Delivery> LocalQueue::hand_out(int64_t max) {
  std::vector<ports::Delivery> out;
  const TimePoint now = clock_.now();
  std::lock_guard lock(mutex_);
  for (auto& [offset, entry] : pending_) {
    if (int64_t(out.size()) == max) break;
    if (entry.due > now) continue;
    entry.due = now + options_.ack_wait;
    out.push_back({entry.event, ++entry.attempt, {}});
  }
  return out;
}

Async<> LocalQueue::ack(ports::Delivery delivery) {
  {
    std::lock_guard lock(mutex_);
    acked_ = pending_.erase(delivery.event.offset) > 0 || acked_;
    if (!pending_.empty()) co_return Result<>();  // the next fetch saves for all of them
  }
  const Turn turn(busy_);
  if (!turn) co_return Result<>();
  co_return co_await save();
}

Async<> LocalQueue::leave() {
  const Turn turn(busy_);
  if (!turn || !lease_.is_held()) co_return Result<>();
  CO_ENSURE(co_await save());
  co_return co_await lease_.release();
}

void LocalQueue::retry(const ports::Delivery& delivery, Milliseconds pause) {
  std::lock_guard lock(mutex_);
  const auto entry = pending_.find(delivery.event.offset);
  // Handed out again meanwhile: the newer delivery decides.
  if (entry == pending_.end() || entry->second.attempt != delivery.attempt) return;
  entry->second.due = clock_.now() + pause;
}

std::optional<TimePoint> LocalQueue::next_due() {
  std::lock_guard lock(mutex_);
  std::optional<TimePoint> next;
  for (const auto& [offset, entry] : pending_)
    if (!next || entry.due < *next) next = entry.due;
  return next;
}

// Also where another process serves: the position in the store is its.
Async<std::optional<TimePoint>> LocalQueue::oldest() {
  CO_TRY(int64_t after, co_await outbox_.position(reader_));
  {
    std::lock_guard lock(mutex_);
    if (after == saved_) after = floor();
  }
  CO_TRY(const auto page, co_await outbox_.read({.after = after, .limit = 1, .filter = {options_.pattern}}));
  if (page.events.empty()) co_return std::nullopt;
  co_return page.events[0].time;
}

// Everything up to here is settled.
int64_t LocalQueue::floor() const { return pending_.empty() ? cursor_ : pending_.begin()->first - 1; }

Async<> LocalQueue::save() {
  int64_t settled = 0;
  {
    std::lock_guard lock(mutex_);
    settled = floor();
    const bool is_worth_it = acked_ ? settled > saved_ : settled - saved_ > unsaved_max;
    if (!is_worth_it) co_return Result<>();
  }
  CO_TRY(const bool ours, co_await lease_.hold());
  if (!ours) co_return Result<>();  // whoever took over goes on from the position before
  CO_ENSURE(co_await outbox_.set_position(reader_, settled, lease_.lease(), clock_.now()));
  std::lock_guard lock(mutex_);
  saved_ = settled;
  acked_ = false;
  co_return Result<>();
}

}  // namespace durward::adapters
