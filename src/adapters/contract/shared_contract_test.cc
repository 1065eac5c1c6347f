#include "adapters/contract/shared_contract.h"

#include "adapters/memory/fallback_limiter.h"
#include "adapters/memory/memory_cache.h"
#include "adapters/memory/memory_limiter.h"
#include "adapters/redis/server_for_tests.h"
#include "adapters/redis/shared.h"

// Both engines in one file: a suite may be instantiated in one place of a test program only.
namespace durward::adapters::contract {
namespace {

class InProcess : public Shared {
 public:
  ports::Limiter& limiter() override { return limiter_; }
  ports::ShortCache& cache() override { return cache_; }
  ports::Locks& locks() override { return locks_; }
  void pass(Milliseconds time) override { clock_.advance(time); }

 private:
  FixedClock clock_{from_unix_seconds(1'800'000'000)};
  MemoryLimiter limiter_;
  MemoryCache cache_{clock_};
  MemoryLocks locks_{clock_};
};

class OnRedis : public Shared {
 public:
  explicit OnRedis(bool fallback) : fallback_(fallback) {
    while (!link_.is_connected()) std::this_thread::yield();
  }
  ports::Limiter& limiter() override { return fallback_ ? static_cast<ports::Limiter&>(falling_) : limiter_; }
  ports::ShortCache& cache() override { return cache_; }
  ports::Locks& locks() override { return locks_; }
  void pass(Milliseconds time) override {
    const auto end = std::chrono::steady_clock::now() + time + Milliseconds(2);
    while (std::chrono::steady_clock::now() < end) (void)run_sync(link_.command({"PING"}));
  }

 private:
  const bool fallback_;
  redis::RedisServer server_;
  SystemRandom random_;
  metrics::Registry metrics_;
  redis::Link link_{{.addresses = {{"127.0.0.1", server_.port()}}}, random_, metrics_};
  redis::RedisLimiter limiter_{link_};
  FallbackLimiter falling_{&limiter_, metrics_, {.deadline = Milliseconds(5'000)}};
  redis::RedisCache cache_{link_};
  redis::RedisLocks locks_{link_};
};

const std::vector<SharedMaker> makers = {{"memory", [] { return std::make_unique<InProcess>(); }},
                                         {"redis", [] { return std::make_unique<OnRedis>(false); }},
                                         {"fleet", [] { return std::make_unique<OnRedis>(true); }}};

INSTANTIATE_TEST_SUITE_P(Shared, SharedContract, testing::ValuesIn(makers), shared_maker_name);

}  // namespace
}  // namespace durward::adapters::contract
