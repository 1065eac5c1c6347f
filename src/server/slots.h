#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/executor.h"
#include "base/task.h"
#include "domain/tenant.h"

namespace durward::server {

// Places for requests under way. A tenant may hold no more places than are free, so one that floods leaves
// half of them, n that flood leave a share of 1/(n+1), and who is alone among few is not bound by a number of
// its own (dynamic thresholds: Choudhury and Hahne, 1998). Thread-safe.
class Slots {
 public:
  explicit Slots(int64_t max) : max_(max) {}

  class Slot {
   public:
    Slot(Slots* owner, int64_t tenant) : owner_(owner), tenant_(tenant) {}
    Slot(Slot&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), tenant_(other.tenant_) {}
    ~Slot() {
      if (owner_) owner_->leave(tenant_);
    }
    explicit operator bool() const { return owner_; }

   private:
    Slots* owner_;
    int64_t tenant_;
  };
  // False when there are too many.
  Slot enter(domain::TenantId tenant);
  Slot enter();  // of nobody in particular: any free place

 private:
  void leave(int64_t tenant);
  const int64_t max_;
  std::mutex mutex_;
  int64_t taken_ = 0;
  std::unordered_map<int64_t, int64_t> held_;  // of tenants that hold some
};

// On each I/O thread at most `width` requests that passed it are under way; the rest stand in line, and who
// is let in continues behind whatever else the thread has to do by then. So a request of another kind waits
// for the work of `width` of these at most, however many have come. Thread-safe.
class Turnstile {
 public:
  explicit Turnstile(int64_t width) : width_(width) {}

  class Turn {
   public:
    Turn(Turnstile* owner, Executor* thread) : owner_(owner), thread_(thread) {}
    Turn(Turn&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), thread_(other.thread_) {}
    ~Turn() {
      if (owner_) owner_->leave(thread_);
    }

   private:
    Turnstile* owner_;
    Executor* thread_;
  };
  Task<Turn> enter();

 private:
  struct Lane {
    int64_t running = 0;
    std::deque<std::function<void()>> waiting;
  };
  void wait_or(Executor* thread, std::function<void()> go_on);
  void leave(Executor* thread);
  const int64_t width_;
  std::mutex mutex_;
  std::unordered_map<Executor*, Lane> lanes_;
};

}  // namespace durward::server
