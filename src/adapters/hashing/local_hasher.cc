#include "adapters/hashing/local_hasher.h"

#include <mutex>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/password_hash.h"

namespace durward::adapters {

namespace {
constexpr std::string_view bench_mark = "$durward-bench$";

std::string bench_hash(std::string_view salt, std::string_view password) {
  return std::string(bench_mark) + std::string(salt) + "$" +
         to_base64url(crypto::sha256(std::string(salt) + std::string(password)));
}

bool bench_verify(std::string_view password, std::string_view hash) {
  const auto rest = hash.substr(bench_mark.size());
  return crypto::equal_constant_time(bench_hash(rest.substr(0, rest.find('$')), password), hash);
}
}  // namespace

struct LocalHasher::Impl {
  Impl(HasherOptions options_, Random& random_, metrics::Registry* registry_)
      : options(options_),
        random(random_),
        seconds((registry_ ? *registry_ : own_registry)
                    .histogram("durward_hash_seconds", "Time of one password hash, without waiting.")),
        pool("hasher", options_.threads, options_.queue_max) {}

  template <class F>
  auto timed(F f) {
    const auto start = std::chrono::steady_clock::now();
    auto result = f();
    seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return result;
  }
  Result<std::string> hash_now(std::string_view password) {
    if (options.insecure_fast_hash_for_benchmarks) return bench_hash(random.hex(16), password);
    return timed([&] { return crypto::bcrypt_hash(password, options.cost, random); });
  }
  bool verify_now(std::string_view password, std::string_view hash) {
    if (hash.starts_with(bench_mark))
      return options.insecure_fast_hash_for_benchmarks && bench_verify(password, hash);
    return timed([&] { return crypto::bcrypt_verify(password, hash); });
  }
  // Salt and digest are drawn, not computed: verifying against it costs what every hash of this cost does, no
  // password opens it (the digest has 184 bits), and neither a request nor the start waits for it to be made.
  std::string draw_unopenable() {
    if (options.insecure_fast_hash_for_benchmarks) return bench_hash(random.hex(16), random.hex(32));
    const std::string cost = (options.cost < 10 ? "0" : "") + std::to_string(options.cost);
    return "$2b$" + cost + "$" +
           random.text(53, "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
  }

  const HasherOptions options;
  Random& random;
  metrics::Registry own_registry;
  metrics::Histogram& seconds;
  const std::string unopenable = draw_unopenable();
  ThreadPool pool;
};

LocalHasher::LocalHasher(HasherOptions options, Random& random, metrics::Registry* registry)
    : impl_(std::make_unique<Impl>(options, random, registry)) {}
LocalHasher::~LocalHasher() = default;

// The hash of benchmarks takes a microsecond: a trip to the pool would be all that it measures.
Async<std::string> LocalHasher::hash(std::string password) {
  if (impl_->options.insecure_fast_hash_for_benchmarks) co_return impl_->hash_now(password);
  auto hash = co_await impl_->pool.run([&] { return impl_->hash_now(password); });
  crypto::wipe(password);
  co_return hash;
}

Async<bool> LocalHasher::verify(std::string password, std::string hash) {
  if (impl_->options.insecure_fast_hash_for_benchmarks) co_return impl_->verify_now(password, hash);
  auto match = co_await impl_->pool.run([&]() -> Result<bool> { return impl_->verify_now(password, hash); });
  crypto::wipe(password);
  co_return match;
}

std::string LocalHasher::dummy_hash() const { return impl_->unopenable; }

bool LocalHasher::needs_rehash(std::string_view hash) const {
  if (impl_->options.insecure_fast_hash_for_benchmarks) return !hash.starts_with(bench_mark);
  return crypto::bcrypt_cost(hash) != impl_->options.cost;
}

}  // namespace durward::adapters
