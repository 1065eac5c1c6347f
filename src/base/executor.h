#pragma once
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/task.h"

namespace durward {

// Where a coroutine runs. Each I/O thread of the HTTP server is one executor; a coroutine that leaves it (to
// a pool, to a database thread) comes back to the executor it left, so request code is never run by two
// threads at once.
class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `job` later on the executor's thread. Thread-safe. Jobs run in the order posted.
  virtual void post(std::function<void()> job) = 0;

  // The executor of the calling thread, or nullptr outside of any.
  static Executor* current();
  // Sets the calling thread's executor for the life of the object.
  class Scope {
   public:
    explicit Scope(Executor* executor);
    ~Scope();
    Scope(const Scope&) = delete;

   private:
    Executor* before_;
  };
};

// A bounded pool for blocking work (password hashing, SQLite reads, SMTP). Jobs beyond `queue_max` are
// refused.
class ThreadPool {
 public:
  ThreadPool(std::string name, size_t threads, size_t queue_max);
  ~ThreadPool();  // finishes queued jobs, then joins
  // False when the queue is full. Thread-safe.
  bool submit(std::function<void()> job);
  size_t queued() const;

  // co_await pool.run(f): runs f() on the pool and resumes on the awaiting executor. Fails with `unavailable`
  // when the queue is full, so a flood sheds instead of piling up. f returns a Result<T>.
  template <class F>
  auto run(F f) -> Task<std::invoke_result_t<F>>;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Suspends the awaiting coroutine, calls start(resume) at once; `resume` may be called once, from any thread,
// and continues the coroutine on the executor it was suspended on (or right there when it had none).
template <class Start>
struct Suspend {
  Start start;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    Executor* home = Executor::current();
    start([home, handle] {
      if (home)
        home->post([handle] { handle.resume(); });
      else
        handle.resume();
    });
  }
  void await_resume() const noexcept {}
};
template <class Start>
Suspend(Start) -> Suspend<Start>;

template <class F>
auto ThreadPool::run(F f) -> Task<std::invoke_result_t<F>> {
  using R = std::invoke_result_t<F>;
  std::optional<R> result;
  std::exception_ptr failure;
  bool refused = false;
  co_await Suspend{[&](std::function<void()> resume) {
    const bool accepted = submit([&result, &failure, &f, resume] {
      try {
        result.emplace(f());
      } catch (...) {
        failure = std::current_exception();
      }
      resume();
    });
    if (!accepted) {
      refused = true;
      resume();
    }
  }};
  if (refused) co_return fail(ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.");
  if (failure) std::rethrow_exception(failure);
  co_return std::move(*result);
}

// Runs a task to its end on the calling thread, with an executor of its own: for tests and commands.
class Loop : public Executor {
 public:
  void post(std::function<void()> job) override;
  template <class T>
  T run(Task<T> task) {
    Scope scope(this);
    std::optional<T> out;
    std::exception_ptr failure;
    bool done = false;
    drive(std::move(task), &out, &failure, &done);
    while (!done) run_one();
    if (failure) std::rethrow_exception(failure);
    return std::move(*out);
  }

 private:
  template <class T>
  static Detached drive(Task<T> task, std::optional<T>* out, std::exception_ptr* failure, bool* done) {
    try {
      out->emplace(co_await std::move(task));
    } catch (...) {
      *failure = std::current_exception();
    }
    *done = true;
  }
  void run_one();
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
};

template <class T>
T run_sync(Task<T> task) {
  Loop loop;
  return loop.run(std::move(task));
}

}  // namespace durward
