#include "adapters/sandbox/reactor.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <vector>

namespace durward::adapters::sandbox {

struct Reactor::Impl {
  struct Watch {
    uint32_t generation;
    Handler handler;
  };

  Impl() : epoll(::epoll_create1(EPOLL_CLOEXEC)), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll < 0 || wake < 0) throw std::runtime_error("no descriptors for the sandbox");
    epoll_event event{.events = EPOLLIN, .data = {.u64 = uint64_t(wake)}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event);
  }
  ~Impl() {
    ::close(epoll);
    ::close(wake);
  }

  void work() {
    std::array<epoll_event, 64> events;
    while (run_posted()) {
      run_due();
      const int n = ::epoll_wait(epoll, events.data(), int(events.size()), milliseconds_to_next());
      for (int i = 0; i < n; ++i) deliver(events[size_t(i)]);
    }
  }

  // False when that was the end.
  bool run_posted() {
    std::vector<Job> jobs;
    bool is_end;
    {
      std::lock_guard lock(mutex);
      jobs.swap(posted);
      is_end = stopping;
    }
    for (const Job& job : jobs) job();
    if (is_end && last) last();
    return !is_end;
  }

  void run_due() {
    const auto now = Clock::now();
    while (!times.empty() && times.begin()->first.first <= now) {
      const Job job = std::move(times.begin()->second);
      due_at.erase(times.begin()->first.second);
      times.erase(times.begin());
      job();
    }
  }

  int milliseconds_to_next() {
    {
      std::lock_guard lock(mutex);
      if (!posted.empty() || stopping) return 0;
    }
    if (times.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(times.begin()->first.first - Clock::now());
    return int(std::clamp<int64_t>(left.count(), 0, 60'000));
  }

  void deliver(const epoll_event& event) {
    const int descriptor = int(uint32_t(event.data.u64));
    if (descriptor == wake) {
      uint64_t count;
      (void)!::read(wake, &count, sizeof count);
      return;
    }
    // The number may be another descriptor's by now: an earlier handler of this round forgot it.
    const auto found = watches.find(descriptor);
    if (found == watches.end() || found->second->generation != uint32_t(event.data.u64 >> 32)) return;
    const auto watch = found->second;  // the handler may forget itself
    watch->handler(event.events);
  }

  void control(int operation, int descriptor, uint32_t events) const {
    const uint64_t count = watches.at(descriptor)->generation;
    epoll_event event{.events = events, .data = {.u64 = count << 32 | uint32_t(descriptor)}};
    if (::epoll_ctl(epoll, operation, descriptor, &event) != 0)
      throw std::runtime_error("a descriptor of the sandbox cannot be watched");
  }

  const int epoll, wake;
  std::mutex mutex;  // of the next three
  std::vector<Job> posted;
  Job last;
  bool stopping = false;

  std::unordered_map<int, std::shared_ptr<Watch>> watches;
  uint32_t generation = 0;
  std::map<std::pair<Clock::time_point, Timer>, Job> times;
  std::unordered_map<Timer, Clock::time_point> due_at;
  Timer last_timer = 0;
  std::thread thread;
};

Reactor::Reactor(const char* name) : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([this] { impl_->work(); });
  pthread_setname_np(impl_->thread.native_handle(), name);
}

Reactor::~Reactor() { stop(); }

void Reactor::stop(Job last) {
  if (!impl_->thread.joinable()) return;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->last = std::move(last);
    impl_->stopping = true;
  }
  const uint64_t one = 1;
  (void)!::write(impl_->wake, &one, sizeof one);
  impl_->thread.join();
}

void Reactor::post(Job job) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->posted.push_back(std::move(job));
    if (impl_->posted.size() > 1) return;  // somebody woke it already
  }
  const uint64_t one = 1;
  (void)!::write(impl_->wake, &one, sizeof one);
}

void Reactor::watch(int descriptor, uint32_t events, Handler handler) {
  impl_->watches[descriptor] =
      std::make_shared<Impl::Watch>(Impl::Watch{++impl_->generation, std::move(handler)});
  impl_->control(EPOLL_CTL_ADD, descriptor, events);
}

void Reactor::change(int descriptor, uint32_t events) {
  if (impl_->watches.contains(descriptor)) impl_->control(EPOLL_CTL_MOD, descriptor, events);
}

void Reactor::forget(int descriptor) {
  if (impl_->watches.erase(descriptor) > 0) ::epoll_ctl(impl_->epoll, EPOLL_CTL_DEL, descriptor, nullptr);
}

Reactor::Timer Reactor::at(Clock::time_point time, Job job) {
  const Timer timer = ++impl_->last_timer;
  impl_->times.emplace(std::pair(time, timer), std::move(job));
  impl_->due_at.emplace(timer, time);
  return timer;
}

void Reactor::cancel(Timer& timer) {
  const auto found = impl_->due_at.find(std::exchange(timer, 0));
  if (found == impl_->due_at.end()) return;
  impl_->times.erase({found->second, found->first});
  impl_->due_at.erase(found);
}

}  // namespace durward::adapters::sandbox
