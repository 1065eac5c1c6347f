#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/store.h"
#include "base/executor.h"

namespace durward::adapters::sqlite {

inline std::unexpected<Error> unavailable(const char* what) {
  return fail(ErrorKind::unavailable, "store_unavailable", "The store is not available at the moment.", what);
}

// What listeners are told once the change is durable.
struct Effects {
  bool event = false;          // an event was appended
  bool configuration = false;  // documents of `tenant` changed
  int64_t tenant = 0;
  bool tenants = false;  // a tenant was created or removed
};

// A change inside a transaction of its own, seen from its author: all or nothing.
using Change = std::function<Result<>(Database&, Effects&)>;

struct WriterMetrics {
  metrics::Counter& flushes;
  metrics::Gauge& queued;
  metrics::Histogram& seconds;
};

// The one thread that writes. It takes all waiting changes, applies each in a savepoint, commits once and
// then resumes their waiters where they came from.
class Writer {
 public:
  Writer(std::unique_ptr<Database> db, size_t queue_max, size_t group_max, WriterMetrics metrics,
         std::function<void(const Effects&)> listener);
  ~Writer();
  // unavailable when the queue is full or the writer stopped.
  Async<> submit(Change change);
  void stop();  // applies what is queued; one caller

 private:
  struct Entry {
    Change change;
    Effects effects;
    Result<> result;
    std::exception_ptr failure;
    std::function<void()> resume;
  };
  bool enqueue(Entry& entry);
  void work();
  std::vector<Entry*> take_group(std::unique_lock<std::mutex>& lock);
  void commit_group(const std::vector<Entry*>& group);
  void apply(Entry& entry);
  void undo(Entry& entry);

  std::unique_ptr<Database> db_;
  const size_t queue_max_, group_max_;
  WriterMetrics metrics_;
  std::function<void(const Effects&)> listener_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Entry*> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

enum class ReadCost { point, scan };

// Runs reads and changes: on files through reader connections and the writer, in memory on the caller.
class Engine {
 public:
  Engine(const SqliteOptions& options, metrics::Registry& registry);

  void set_listener(std::function<void(const Effects&)> listener);
  // Before anything else: lets `f` make the schema of the database in memory.
  template <class F>
  auto prepare_memory(F f) {
    return f(*memory_);
  }
  Async<> write(Change change);
  // Finishes the changes that are queued and refuses further ones; the listener is not called after that.
  void stop();
  // f(Database&) returns a Result<T>.
  template <class F>
  auto read(metrics::Counter& counter, ReadCost cost, F f) -> Task<std::invoke_result_t<F, Database&>> {
    counter.add();
    if (memory_) {
      std::lock_guard lock(memory_mutex_);
      co_return guarded(f, *memory_);
    }
    if (cost == ReadCost::point)
      if (const Lease lease(*this, spare_); lease.db) co_return guarded(f, *lease.db);
    co_return co_await readers_->run([this, &f] { return read_here(f); });
  }

 private:
  template <class F>
  static std::invoke_result_t<F, Database&> guarded(F& f, Database& db) {
    try {
      return f(db);
    } catch (const Failure& failure) {
      return unavailable(failure.what());
    }
  }
  template <class F>
  std::invoke_result_t<F, Database&> read_here(F& f) {
    const Lease lease(*this, pooled_);
    if (!lease.db) throw std::logic_error("there is a connection for each reader thread");
    return guarded(f, *lease.db);
  }
  using Connections = std::vector<std::unique_ptr<Database>>;
  // A free connection, or none; it comes back also when the read throws.
  struct Lease {
    Lease(Engine& engine_, Connections& home_) : engine(engine_), home(home_), db(engine.take(home)) {}
    ~Lease() {
      if (db) engine.give(home, std::move(db));
    }
    Lease(const Lease&) = delete;
    Engine& engine;
    Connections& home;
    std::unique_ptr<Database> db;
  };
  std::unique_ptr<Database> take(Connections& from);
  void give(Connections& to, std::unique_ptr<Database> db);
  Result<> change_in_memory(const Change& change, Effects& effects);

  std::function<void(const Effects&)> listener_;
  std::mutex memory_mutex_;
  std::unique_ptr<Database> memory_;
  std::mutex connections_mutex_;
  Connections pooled_, spare_;  // free ones: of the reader threads, and for reads on the caller
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<ThreadPool> readers_;
  WriterMetrics metrics_;
};

// Opens the writing connection of a file with the pragmas of the store.
std::unique_ptr<Database> open_writer(const SqliteOptions& options);

}  // namespace durward::adapters::sqlite
