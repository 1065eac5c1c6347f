#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace durward::adapters::sandbox {

// One thread that waits for descriptors and times (epoll). What it calls runs on that thread, one thing after
// the other, so what only it touches needs no lock. All but post() and stop() are for that thread.
class Reactor {
 public:
  using Clock = std::chrono::steady_clock;
  using Job = std::function<void()>;
  using Handler = std::function<void(uint32_t events)>;
  using Timer = uint64_t;  // 0 is none

  explicit Reactor(const char* name);
  ~Reactor();

  void post(Job job);  // runs it soon, in the order posted; forgotten after stop(). Thread-safe
  // Ends the thread: what was posted runs, then `last`, and nothing after it. Once, of another thread.
  void stop(Job last = nullptr);

  // Calls `handler` with EPOLLIN, EPOLLOUT ... of a descriptor until forget(), which a handler may call too.
  // A descriptor is forgotten before it is closed.
  void watch(int descriptor, uint32_t events, Handler handler);
  void change(int descriptor, uint32_t events);
  void forget(int descriptor);

  Timer at(Clock::time_point time, Job job);
  Timer after(std::chrono::milliseconds time, Job job) { return at(Clock::now() + time, std::move(job)); }
  void cancel(Timer& timer);  // of one that ran already: nothing. Sets it to 0

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::adapters::sandbox
