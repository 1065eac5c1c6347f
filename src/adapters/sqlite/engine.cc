#include "adapters/sqlite/engine.h"

#include <pthread.h>

#include <chrono>

namespace durward::adapters::sqlite {

namespace {
double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void pragma(Database& db, const char* name, int64_t value) {
  db.execute(("PRAGMA " + std::string(name) + "=" + std::to_string(value)).c_str());
}

constexpr size_t inline_readers = 4;

std::unique_ptr<Database> open_reader(const SqliteOptions& options) {
  auto db = std::make_unique<Database>(
      options.path, OpenOptions{.read_only = true, .busy_timeout_ms = int(options.busy_timeout.count())});
  pragma(*db, "mmap_size", options.mmap_bytes);
  pragma(*db, "cache_size", -options.cache_kib / 4);
  db->execute("PRAGMA temp_store=MEMORY");
  return db;
}
}  // namespace

std::unique_ptr<Database> open_writer(const SqliteOptions& options) {
  auto db = std::make_unique<Database>(options.path,
                                       OpenOptions{.busy_timeout_ms = int(options.busy_timeout.count())});
  db->execute(
      "PRAGMA auto_vacuum=0; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
      "PRAGMA journal_size_limit=67108864; PRAGMA secure_delete=FAST");
  pragma(*db, "cache_size", -options.cache_kib);
  pragma(*db, "mmap_size", options.mmap_bytes);
  pragma(*db, "wal_autocheckpoint", options.checkpoint_pages);
  return db;
}

Writer::Writer(std::unique_ptr<Database> db, size_t queue_max, size_t group_max, WriterMetrics metrics,
               std::function<void(const Effects&)> listener)
    : db_(std::move(db)),
      queue_max_(queue_max),
      group_max_(group_max),
      metrics_(metrics),
      listener_(std::move(listener)),
      thread_([this] { work(); }) {
  pthread_setname_np(thread_.native_handle(), "store-writer");
}

Writer::~Writer() { stop(); }

void Writer::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Writer::enqueue(Entry& entry) {
  std::lock_guard lock(mutex_);
  if (stopping_ || queue_.size() >= queue_max_) return false;
  queue_.push_back(&entry);
  metrics_.queued.set(int64_t(queue_.size()));
  ready_.notify_one();
  return true;
}

Async<> Writer::submit(Change change) {
  Entry entry{.change = std::move(change)};
  co_await Suspend{[this, &entry](std::function<void()> resume) {
    entry.resume = resume;  // the entry may be gone as soon as it is queued
    if (enqueue(entry)) return;
    entry.result = fail(ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.");
    resume();
  }};
  if (entry.failure) std::rethrow_exception(entry.failure);
  co_return std::move(entry.result);
}

void Writer::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const auto group = take_group(lock);
    lock.unlock();
    commit_group(group);
    for (Entry* entry : group) {
      // Listeners hear of it before the waiter goes on, so that a waiter reads its own change from caches
      // too.
      if (entry->result && !entry->failure) listener_(entry->effects);
      auto resume = std::move(entry->resume);
      resume();
    }
    lock.lock();
  }
}

std::vector<Writer::Entry*> Writer::take_group(std::unique_lock<std::mutex>&) {
  const auto n = std::min(queue_.size(), group_max_);
  std::vector<Entry*> group(queue_.begin(), queue_.begin() + ptrdiff_t(n));
  queue_.erase(queue_.begin(), queue_.begin() + ptrdiff_t(n));
  metrics_.queued.set(int64_t(queue_.size()));
  return group;
}

void Writer::commit_group(const std::vector<Entry*>& group) {
  const auto start = std::chrono::steady_clock::now();
  try {
    db_->run("BEGIN IMMEDIATE");
    for (Entry* entry : group) apply(*entry);
    db_->run("COMMIT");
    metrics_.flushes.add();
  } catch (const Failure& failure) {
    // Nothing of the group is stored: also what was applied before the failing list.
    try {
      if (db_->in_transaction()) db_->run("ROLLBACK");
    } catch (const Failure&) {
      // The next BEGIN tells whether the file came back.
    }
    for (Entry* entry : group)
      if (entry->result && !entry->failure) entry->result = unavailable(failure.what());
  }
  metrics_.seconds.observe(seconds_since(start));
}

void Writer::apply(Entry& entry) {
  db_->run("SAVEPOINT list");
  try {
    entry.result = entry.change(*db_, entry.effects);
  } catch (const Failure& failure) {
    // A full disk or an I/O error may have ended the whole transaction.
    if (!db_->in_transaction()) throw;
    entry.result = unavailable(failure.what());
  } catch (...) {
    entry.failure = std::current_exception();
  }
  if (!entry.result || entry.failure) db_->run("ROLLBACK TO list");
  db_->run("RELEASE list");
}

Engine::Engine(const SqliteOptions& options, metrics::Registry& registry)
    : listener_([](const Effects&) {}),
      metrics_{registry.counter("durward_store_flushes_total", "Transactions that the store made durable."),
               registry.gauge("durward_store_queue_depth", "Commits waiting for the writer."),
               registry.histogram("durward_store_commit_seconds", "Time of one flush, its lists applied.")} {
  if (options.path.empty()) {
    memory_ = std::make_unique<Database>(":memory:", OpenOptions{});
    memory_->execute("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY");
    return;
  }
  auto db = open_writer(options);
  for (size_t i = 0; i < options.reader_threads; ++i) pooled_.push_back(open_reader(options));
  for (size_t i = 0; i < (options.inline_reads ? inline_readers : 0); ++i)
    spare_.push_back(open_reader(options));
  readers_ = std::make_unique<ThreadPool>("store-reader", options.reader_threads, options.read_queue_max);
  writer_ = std::make_unique<Writer>(std::move(db), options.commit_queue_max, options.commit_group_max,
                                     metrics_, [this](const Effects& effects) { listener_(effects); });
}

void Engine::set_listener(std::function<void(const Effects&)> listener) { listener_ = std::move(listener); }

void Engine::stop() {
  if (writer_) writer_->stop();
}

std::unique_ptr<Database> Engine::take(Connections& from) {
  std::lock_guard lock(connections_mutex_);
  if (from.empty()) return nullptr;
  auto db = std::move(from.back());
  from.pop_back();
  return db;
}

void Engine::give(Connections& to, std::unique_ptr<Database> db) {
  std::lock_guard lock(connections_mutex_);
  to.push_back(std::move(db));
}

Async<> Engine::write(Change change) {
  if (!memory_) co_return co_await writer_->submit(std::move(change));
  Effects effects;
  CO_ENSURE(change_in_memory(change, effects));
  listener_(effects);
  co_return Result<>();
}

Result<> Engine::change_in_memory(const Change& change, Effects& effects) {
  const auto start = std::chrono::steady_clock::now();
  std::lock_guard lock(memory_mutex_);
  Result<> result;
  try {
    memory_->run("BEGIN");
    result = change(*memory_, effects);
    memory_->run(result ? "COMMIT" : "ROLLBACK");
  } catch (const Failure& failure) {
    if (memory_->in_transaction()) memory_->run("ROLLBACK");
    return unavailable(failure.what());
  } catch (...) {
    if (memory_->in_transaction()) memory_->run("ROLLBACK");
    throw;
  }
  if (result) metrics_.flushes.add();
  metrics_.seconds.observe(seconds_since(start));
  return result;
}

}  // namespace durward::adapters::sqlite
