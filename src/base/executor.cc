#include "base/executor.h"

#include <pthread.h>

namespace durward {

namespace {
thread_local Executor* current_executor = nullptr;
}

Executor* Executor::current() { return current_executor; }
Executor::Scope::Scope(Executor* executor) : before_(current_executor) { current_executor = executor; }
Executor::Scope::~Scope() { current_executor = before_; }

struct ThreadPool::Impl {
  mutable std::mutex mutex;
  std::condition_variable ready;
  std::deque<std::function<void()>> jobs;
  size_t queue_max;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      ready.wait(lock, [&] { return stopping || !jobs.empty(); });
      if (jobs.empty()) return;
      auto job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }
};

ThreadPool::ThreadPool(std::string name, size_t threads, size_t queue_max) : impl_(std::make_unique<Impl>()) {
  impl_->queue_max = queue_max;
  for (size_t i = 0; i < threads; ++i) {
    impl_->threads.emplace_back([this] { impl_->work(); });
    pthread_setname_np(impl_->threads.back().native_handle(), name.substr(0, 15).c_str());
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->ready.notify_all();
  for (auto& thread : impl_->threads) thread.join();
}

bool ThreadPool::submit(std::function<void()> job) {
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->stopping || impl_->jobs.size() >= impl_->queue_max) return false;
    impl_->jobs.push_back(std::move(job));
  }
  impl_->ready.notify_one();
  return true;
}

size_t ThreadPool::queued() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->jobs.size();
}

void Loop::post(std::function<void()> job) {
  std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  ready_.notify_one();  // under the lock: the waiter may destroy the loop as soon as it has the job
}

void Loop::run_one() {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [&] { return !jobs_.empty(); });
  auto job = std::move(jobs_.front());
  jobs_.pop_front();
  lock.unlock();
  job();
}

}  // namespace durward
