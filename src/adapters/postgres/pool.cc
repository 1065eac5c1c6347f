#include "adapters/postgres/pool.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"

namespace durward::adapters::postgres {

namespace {
// When a server goes, a request may meet the end of several of its connections, one after the other; what was
// slow once is asked once more.
constexpr int tries_max = 8;
constexpr size_t connector_threads = 4;
constexpr Milliseconds grace{1000};  // for the server to say itself that a statement is too slow
constexpr char listen_script[] = "LISTEN durward";
constexpr char heartbeat_text[] = "SELECT 1";

Error unavailable(const char* why) {
  return {ErrorKind::unavailable, "store_unavailable", "The store is not available at the moment.", why};
}
double seconds_since(SteadyTime start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
enum LaneIndex : size_t { shared_lane, own_lane, notification_lane };
}  // namespace

struct Pool::Slot {
  Lane& lane;
  std::unique_ptr<Connection> connection;
  bool connecting = false;
  bool watching_writes = false;
  int failures = 0;
  SteadyTime retry_at, heard_at;
};

struct Pool::Lane {
  Lane(size_t connections, size_t per_connection_, bool listens_)
      : per_connection(per_connection_), listens(listens_) {
    for (size_t i = 0; i < connections; ++i) slots.push_back(std::make_unique<Slot>(*this));
  }
  const size_t per_connection;
  const bool listens;
  std::vector<std::unique_ptr<Slot>> slots;
  std::deque<Request*> waiting;
};

struct Pool::Attempt {
  Slot* slot;
  Result<Handle> made;
};

Pool::Pool(PoolOptions options, Random& random, metrics::Registry& registry)
    : options_(std::move(options)),
      random_(random),
      round_trips_read_(registry.counter("durward_store_round_trips_total",
                                         "Batches sent to the database and answered.", "kind=\"read\"")),
      round_trips_write_(registry.counter("durward_store_round_trips_total",
                                          "Batches sent to the database and answered.", "kind=\"write\"")),
      flushes_(registry.counter("durward_store_flushes_total", "Transactions that the store made durable.")),
      losses_(registry.counter("durward_store_losses_total", "Connections to the database that were lost.")),
      open_(
          registry.gauge("durward_store_connections", "Open connections to the database.", options_.labels)),
      queued_(
          registry.gauge("durward_store_queue_depth", "Batches waiting for a connection.", options_.labels)),
      seconds_(registry.histogram("durward_store_commit_seconds", "Time of one commit, waiting included.")),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (epoll_ < 0 || wake_ < 0) throw std::runtime_error("no descriptors for the store");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  lanes_.push_back(std::make_unique<Lane>(options_.read_connections, options_.reads_per_connection, false));
  lanes_.push_back(std::make_unique<Lane>(options_.write_connections, 1, false));
  lanes_.push_back(std::make_unique<Lane>(options_.listens ? 1 : 0, 1, true));
  heartbeat_.batch.push_back(Statement::fixed(heartbeat_text));
  heartbeat_.read_only = true;
  connector_ = std::make_unique<ThreadPool>("store-connect", connector_threads,
                                            options_.read_connections + options_.write_connections + 1);
  thread_ = std::thread([this] { work(); });
  pthread_setname_np(thread_.native_handle(), "store");
}

Pool::~Pool() {
  stop();
  ::close(epoll_);
  ::close(wake_);
}

void Pool::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
  connector_.reset();
}

void Pool::wake() const {
  const uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
}

void Pool::renew() {
  renew_ = true;
  wake();
}

void Pool::on_notification(std::function<void(std::string_view)> heard) {
  std::lock_guard lock(mutex_);
  heard_ = std::move(heard);
}

bool Pool::submit(Request& request, Way way) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || waiting_ + submitted_.size() >= options_.queue_max) return false;
    submitted_.emplace_back(&request, way);
  }
  wake();
  return true;
}

Async<std::vector<Rows>> Pool::run(Batch batch, Way way, std::optional<Milliseconds> timeout) {
  Request request{.batch = std::move(batch), .read_only = way != Way::write};
  request.submitted = request.waiting_since = std::chrono::steady_clock::now();
  request.allowed = timeout.value_or(options_.statement_timeout) + grace;
  co_await Suspend{[this, &request, way](std::function<void()> resume) {
    request.resume = resume;  // the request may be gone as soon as it is queued
    if (submit(request, way)) return;
    request.error =
        Error{ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.", "queue"};
    resume();
  }};
  if (!request.read_only) seconds_.observe(seconds_since(request.submitted));
  if (request.error) co_return std::unexpected(std::move(*request.error));
  co_return std::move(request.rows);
}

void Pool::work() {
  std::vector<epoll_event> events(64);
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    take_submitted();
    take_attempts();
    if (renew_.exchange(false)) lose_idle();
    for (const auto& lane : lanes_) expire(*lane, now);
    ask_whether_alive(now);
    note_connections(now);
    for (const auto& lane : lanes_) dispatch(*lane, now);
    if (is_idle()) {
      std::lock_guard lock(mutex_);
      if (stopping_ && submitted_.empty()) return;
    }
    const int n = ::epoll_wait(epoll_, events.data(), int(events.size()), milliseconds_to_next(now));
    for (int i = 0; i < n; ++i) {
      uint64_t count;
      if (events[size_t(i)].data.ptr)
        serve(*static_cast<Slot*>(events[size_t(i)].data.ptr), events[size_t(i)].events);
      else
        (void)!::read(wake_, &count, sizeof count);
    }
  }
}

bool Pool::is_idle() const {
  return std::ranges::all_of(lanes_, [](const auto& lane) {
    return lane->waiting.empty() && std::ranges::all_of(lane->slots, [](const auto& slot) {
             return !slot->connection || slot->connection->in_flight() == 0;
           });
  });
}

void Pool::take_submitted() {
  std::vector<std::pair<Request*, Way>> taken;
  size_t waiting = 0;
  {
    std::lock_guard lock(mutex_);
    taken.swap(submitted_);
    for (const auto& [request, way] : taken)
      lanes_[way == Way::shared_read ? shared_lane : own_lane]->waiting.push_back(request);
    for (const auto& lane : lanes_) waiting += lane->waiting.size();
    waiting_ = waiting;
  }
  queued_.set(int64_t(waiting));
}

void Pool::take_attempts() {
  std::vector<Attempt> done;
  {
    std::lock_guard lock(mutex_);
    done.swap(attempts_);
  }
  for (auto& attempt : done) adopt(*attempt.slot, std::move(attempt.made));
}

// Waiting has an end, and so has an answer that does not come: the server may be gone without a word.
void Pool::expire(Lane& lane, SteadyTime now) {
  while (!lane.waiting.empty() && lane.waiting.front()->waiting_since + options_.wait_max <= now) {
    Request& request = *lane.waiting.front();
    lane.waiting.pop_front();
    request.error = unavailable("no connection in time");
    finish(request);
  }
  for (const auto& slot : lane.slots)
    if (slot->connection && slot->connection->oldest() && slot->connection->oldest()->deadline <= now) {
      const auto sent_at = slot->connection->oldest()->deadline - slot->connection->oldest()->allowed;
      lose(*slot, "no answer in time", options_.slow_tries_max);
      lose_those_not_heard_since(sent_at);
    }
}

// The server ends a slow statement itself, so silence is that of a machine or a network, and the next request
// need not find it out again on every other connection. A commit under way is left to its own deadline.
void Pool::lose_those_not_heard_since(SteadyTime then) {
  for (const auto& lane : lanes_)
    for (const auto& slot : lane->slots)
      if (slot->connection && slot->heard_at < then &&
          (!slot->connection->oldest() || slot->connection->oldest()->read_only))
        lose(*slot, "silent since another one is", tries_max);
}

void Pool::lose_idle() {
  for (const auto& lane : lanes_)
    for (const auto& slot : lane->slots)
      if (slot->connection && slot->connection->in_flight() == 0) lose(*slot, "is made anew", tries_max);
}

// An idle connection tells nothing when its server stops or the way to it is lost.
void Pool::ask_whether_alive(SteadyTime now) {
  const auto& slots = lanes_[notification_lane]->slots;
  if (slots.empty()) return;  // a pool that does not listen notices when it is used
  Slot& slot = *slots.front();
  if (!slot.connection || slot.connection->in_flight() > 0 || now < next_heartbeat_) return;
  next_heartbeat_ = now + options_.heartbeat;
  heartbeat_.tries = tries_max;
  heartbeat_.allowed = options_.silence_max;
  heartbeat_.deadline = now + heartbeat_.allowed;
  if (slot.connection->send(heartbeat_))
    watch(slot);
  else
    lose(slot, "broken while sending", tries_max);
}

void Pool::note_connections(SteadyTime now) {
  const bool any = std::ranges::any_of(lanes_, [](const auto& lane) {
    return std::ranges::any_of(lane->slots, [](const auto& slot) { return bool(slot->connection); });
  });
  if (any)
    alone_since_.reset();
  else if (!alone_since_)
    alone_since_ = now;
  is_away_ = alone_since_ && *alone_since_ + options_.wait_max <= now;
  if (!is_away_) return;
  for (const auto& lane : lanes_)
    while (!lane->waiting.empty()) {
      Request& request = *lane->waiting.front();
      lane->waiting.pop_front();
      request.error = unavailable("away");
      finish(request);
    }
}

void Pool::dispatch(Lane& lane, SteadyTime now) {
  while (!lane.waiting.empty()) {
    Slot* slot = free_slot(lane);
    if (!slot) break;
    Request& request = *lane.waiting.front();
    lane.waiting.pop_front();
    if (request.tries++ == 0) request.first_tried = now;
    request.deadline = now + request.allowed;
    if (slot->connection->send(request))
      watch(*slot);
    else
      lose(*slot, "broken while sending", tries_max);
  }
  // Pipelined reads and notifications have their connections always, writes as many as were needed.
  connect_more(lane, lane.per_connection > 1 || lane.listens ? lane.slots.size() : lane.waiting.size(), now);
}

Pool::Slot* Pool::free_slot(Lane& lane) {
  Slot* best = nullptr;
  for (const auto& slot : lane.slots)
    if (slot->connection && slot->connection->in_flight() < lane.per_connection &&
        (!best || slot->connection->in_flight() < best->connection->in_flight()))
      best = slot.get();
  return best;
}

void Pool::connect_more(Lane& lane, size_t wanted, SteadyTime now) {
  for (const auto& slot : lane.slots) {
    if (wanted == 0) return;
    if (slot->connection) continue;
    --wanted;
    if (!slot->connecting && slot->retry_at <= now) begin_attempt(*slot);
  }
}

void Pool::begin_attempt(Slot& slot) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ && slot.lane.waiting.empty()) return;
  }
  slot.connecting = true;
  const bool accepted = connector_->submit([this, &slot] {
    auto made = connect(options_.target, options_.statement_timeout);
    if (made && slot.lane.listens)
      if (auto listening = execute(made->get(), listen_script); !listening)
        made = std::unexpected(listening.error());
    std::lock_guard lock(mutex_);
    attempts_.push_back({&slot, std::move(made)});
    wake();
  });
  if (!accepted) throw std::logic_error("there is room for an attempt of each slot");
}

void Pool::wait_for_notifications() {
  std::unique_lock lock(mutex_);
  tried_.wait(lock, [this] { return tried_to_listen_; });
}

void Pool::begin_listening(bool connected) {
  std::lock_guard lock(mutex_);
  const bool again = std::exchange(tried_to_listen_, true);
  tried_.notify_all();
  if (again && connected && heard_) heard_("");
}

void Pool::adopt(Slot& slot, Result<Handle> made) {
  slot.connecting = false;
  if (slot.lane.listens) begin_listening(made.has_value());
  if (!made) {
    slot.retry_at = std::chrono::steady_clock::now() + pause_after(slot.failures++);
    if (slot.failures == 1) log::warning("store: no connection", {{"reason", made.error().debug}});
    return;
  }
  if (slot.failures > 0) log::info("store: connected again");
  slot.failures = 0;
  slot.connection = std::make_unique<Connection>(*std::move(made));
  slot.heard_at = std::chrono::steady_clock::now();
  slot.watching_writes = false;
  open_.add(1);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &slot}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.connection->socket(), &event);
}

// Half of the pause is drawn, so that a fleet does not come back all at once.
Milliseconds Pool::pause_after(int failures) {
  const auto full = std::min(options_.back_off_max, options_.back_off_min * (1 << std::min(failures, 10)));
  uint8_t drawn;
  random_.fill({&drawn, 1});
  return full / 2 + full * drawn / 512;
}

void Pool::watch(Slot& slot) {
  if (slot.watching_writes == slot.connection->wants_write()) return;
  slot.watching_writes = slot.connection->wants_write();
  epoll_event event{.events = EPOLLIN | (slot.watching_writes ? EPOLLOUT : 0u), .data = {.ptr = &slot}};
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, slot.connection->socket(), &event);
}

void Pool::serve(Slot& slot, uint32_t events) {
  if (!slot.connection) return;
  slot.heard_at = std::chrono::steady_clock::now();
  bool alive = true;
  if (events & EPOLLOUT) alive = slot.connection->flush();
  // Also a lost connection may have left answers.
  alive = slot.connection->receive([&](Request& request) { end(slot.lane, request); }) && alive;
  hear(slot);
  if (alive)
    watch(slot);
  else
    lose(slot, "closed by the server", tries_max);
}

void Pool::hear(Slot& slot) {
  if (!slot.lane.listens) return;
  slot.connection->notifications([this](std::string_view payload, int sender) {
    if (is_own(sender)) return;  // who commits here tells the listeners itself
    std::lock_guard lock(mutex_);
    if (heard_) heard_(payload);
  });
}

bool Pool::is_own(int process_id) const {
  for (const auto& lane : lanes_)
    for (const auto& slot : lane->slots)
      if (slot->connection && slot->connection->process_id() == process_id) return true;
  return false;
}

// An answer: for good, or the server undid it and it may be tried again. Lists that lock each other may lose
// many times in a row, each time only until the server notices, so they have at least as long as one that
// waits for a connection.
void Pool::end(Lane& lane, Request& request) {
  if (&request == &heartbeat_) return;
  (request.read_only ? round_trips_read_ : round_trips_write_).add();
  const bool has_time = std::chrono::steady_clock::now() < request.first_tried + options_.wait_max;
  if (request.error && request.undone && (request.tries < tries_max || has_time)) {
    wait_again(lane, request);
    return;
  }
  if (!request.error && !request.read_only) flushes_.add();
  finish(request);
}

void Pool::lose(Slot& slot, const char* why, int tries) {
  auto abandoned = slot.connection->abandon();
  slot.connection.reset();  // closing the socket takes it out of the epoll set
  open_.add(-1);
  losses_.add();
  log::warning("store: connection lost", {{"reason", why}, {"requests", int64_t(abandoned.size())}});
  // The pause is drawn also for the first attempt, so a fail-over is not met by every connection at once.
  slot.retry_at = std::chrono::steady_clock::now() + pause_after(0) / 4;
  std::ranges::reverse(abandoned);
  for (Request* request : abandoned) {
    if ((request->read_only || request->undone) && request->tries < tries) {
      wait_again(slot.lane, *request);
      continue;
    }
    if (!request->error) request->error = unavailable(why);
    finish(*request);
  }
}

void Pool::wait_again(Lane& lane, Request& request) {
  request.waiting_since = std::chrono::steady_clock::now();
  lane.waiting.push_front(&request);
}

void Pool::finish(Request& request) {
  if (&request == &heartbeat_) return;
  auto resume = std::move(request.resume);
  resume();
}

int Pool::milliseconds_to_next(SteadyTime now) const {
  auto next = now + Milliseconds(10'000);
  if (alone_since_ && !is_away_) next = std::min(next, *alone_since_ + options_.wait_max);
  for (const auto& slot : lanes_[notification_lane]->slots)
    if (slot->connection && slot->connection->in_flight() == 0) next = std::min(next, next_heartbeat_);
  for (const auto& lane : lanes_) {
    if (!lane->waiting.empty())
      next = std::min(next, lane->waiting.front()->waiting_since + options_.wait_max);
    const bool wants = !lane->waiting.empty() || lane->per_connection > 1 || lane->listens;
    for (const auto& slot : lane->slots) {
      if (slot->connection && slot->connection->oldest())
        next = std::min(next, slot->connection->oldest()->deadline);
      if (wants && !slot->connection && !slot->connecting) next = std::min(next, slot->retry_at);
    }
  }
  return int(std::max<int64_t>(0, std::chrono::ceil<Milliseconds>(next - now).count()));
}

}  // namespace durward::adapters::postgres
