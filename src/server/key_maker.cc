#include "server/key_maker.h"

namespace durward::server {

KeyMaker::~KeyMaker() {
  {
    std::lock_guard lock(mutex_);
    wanted_ = 0;
  }
  for (auto& thread : threads_) thread.join();
}

void KeyMaker::want(size_t count) {
  std::lock_guard lock(mutex_);
  wanted_ += count;
  promised_ += count;
  for (; working_ < std::min(threads_max_, wanted_); ++working_) threads_.emplace_back([this] { work(); });
}

void KeyMaker::work() {
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (wanted_ == 0) {
        --working_;
        return;
      }
      --wanted_;
    }
    auto key = crypto::PrivateKey::generate_rsa();
    std::lock_guard lock(mutex_);
    keys_.push_back(std::move(key));
    made_.notify_one();
  }
}

Result<crypto::PrivateKey> KeyMaker::take() {
  std::unique_lock lock(mutex_);
  if (promised_ == 0) {
    lock.unlock();
    return crypto::PrivateKey::generate_rsa();
  }
  --promised_;
  made_.wait(lock, [this] { return !keys_.empty(); });
  auto key = std::move(keys_.front());
  keys_.pop_front();
  return key;
}

}  // namespace durward::server
