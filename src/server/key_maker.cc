#include "server/key_maker.h"

#include "base/executor.h"

namespace durward::server {
namespace {

std::unexpected<Error> too_busy() {
  return fail(ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.", "signing key");
}

}  // namespace

KeyMaker::~KeyMaker() {
  {
    std::lock_guard lock(mutex_);
    wanted_ = 0;
  }
  for (auto& thread : threads_) thread.join();
  for (auto& waiter : waiters_) {
    waiter.slot = too_busy();
    waiter.resume();
  }
}

void KeyMaker::want(size_t count) {
  std::lock_guard lock(mutex_);
  start(count);
}

void KeyMaker::start(size_t count) {
  wanted_ += count;
  coming_ += count;
  for (; working_ < std::min(threads_max_, wanted_); ++working_) threads_.emplace_back([this] { work(); });
}

bool KeyMaker::begin_one() {
  std::lock_guard lock(mutex_);
  if (wanted_ == 0) {
    --working_;
    return false;
  }
  --wanted_;
  return true;
}

void KeyMaker::work() {
  while (begin_one()) deliver(generate_());
}

void KeyMaker::deliver(Result<crypto::PrivateKey> key) {
  std::unique_lock lock(mutex_);
  --coming_;
  if (waiters_.empty()) {
    if (key) keys_.push_back(*std::move(key));
    return;
  }
  const Waiter waiter = std::move(waiters_.front());
  waiters_.pop_front();
  lock.unlock();
  waiter.slot = std::move(key);
  waiter.resume();
}

std::optional<crypto::PrivateKey> KeyMaker::take_ready() {
  std::lock_guard lock(mutex_);
  if (keys_.empty()) return {};
  std::optional key = std::move(keys_.front());
  keys_.pop_front();
  return key;
}

// False when the caller need not be resumed by a thread: a key has come meanwhile, or too many wait.
bool KeyMaker::enqueue(Waiter waiter) {
  std::lock_guard lock(mutex_);
  if (!keys_.empty()) {
    waiter.slot = std::move(keys_.front());
    keys_.pop_front();
    return false;
  }
  if (waiters_.size() >= waiting_max_) return false;
  waiters_.push_back(std::move(waiter));
  if (coming_ < waiters_.size()) start(1);
  return true;
}

Async<crypto::PrivateKey> KeyMaker::take() {
  Result<crypto::PrivateKey> key = too_busy();
  co_await Suspend{[this, &key](std::function<void()> resume) {
    if (!enqueue({key, resume})) resume();
  }};
  co_return key;
}

}  // namespace durward::server
