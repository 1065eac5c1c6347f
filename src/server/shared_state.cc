#include "server/shared_state.h"

namespace durward::server {
namespace {

constexpr Milliseconds sweep_life{50'000};  // a sweep is due once a minute

}  // namespace

Result<std::unique_ptr<SharedState>> SharedState::open(const Settings& settings, Random& random,
                                                       metrics::Registry& metrics) {
  std::unique_ptr<SharedState> state(new SharedState);
  const auto& url = settings.text("redis");
  if (url.empty()) {
    state->limiter_ = std::make_unique<adapters::FallbackLimiter>(nullptr, metrics);
    return state;
  }
  TRY(auto options, adapters::redis::RedisOptions::parse(url));
  options.password = settings.text("redis-password");
  state->link_ = std::make_unique<adapters::redis::Link>(std::move(options), random, metrics);
  state->shared_limiter_ = std::make_unique<adapters::redis::RedisLimiter>(*state->link_);
  state->limiter_ = std::make_unique<adapters::FallbackLimiter>(state->shared_limiter_.get(), metrics);
  state->cache_ = std::make_unique<adapters::redis::RedisCache>(*state->link_);
  state->locks_ = std::make_unique<adapters::redis::RedisLocks>(*state->link_);
  return state;
}

// The lock is kept until it ends: it stands for this minute's sweep. Without Redis everybody sweeps, which
// costs time and nothing else.
Async<int64_t> ExclusiveSweep::sweep(TimePoint now, int64_t limit) {
  if (locks_) {
    const auto lock = co_await locks_->acquire("sweep", owner_, sweep_life);
    if (lock && !*lock) co_return 0;
  }
  co_return co_await jobs_.sweep(now, limit);
}

}  // namespace durward::server
