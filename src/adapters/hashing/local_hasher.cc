#include "adapters/hashing/local_hasher.h"

#include "adapters/hashing/lane_pool.h"
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
  Impl(HasherOptions options_, Random& random_, metrics::Registry* registry)
      : options(options_),
        random(random_),
        lanes({.threads = options_.threads, .queue_max = options_.queue_max, .nice = options_.nice},
              registry ? *registry : own_registry) {}

  // Salt and digest are drawn, not computed: verifying against it costs what every hash of this cost does, no
  // password opens it (the digest has 184 bits), and neither a request nor the start waits for it to be made.
  std::string draw_unopenable() {
    if (options.insecure_fast_hash_for_benchmarks) return bench_hash(random.hex(16), random.hex(32));
    const std::string cost = (options.cost < 10 ? "0" : "") + std::to_string(options.cost);
    return "$2b$" + cost + "$" +
           random.text(53, "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
  }

  Turn turn(const ports::HashOwner& owner) const {
    return {owner.tenant, std::min(owner.within, options.within_max)};
  }

  const HasherOptions options;
  Random& random;
  metrics::Registry own_registry;
  const std::string unopenable = draw_unopenable();
  LanePool lanes;
};

LocalHasher::LocalHasher(HasherOptions options, Random& random, metrics::Registry* registry)
    : impl_(std::make_unique<Impl>(options, random, registry)) {}
LocalHasher::~LocalHasher() = default;

// The hash of benchmarks takes a microsecond: a trip to the lanes would be all that it measures.
Async<std::string> LocalHasher::hash(ports::HashOwner owner, std::string password) {
  if (impl_->options.insecure_fast_hash_for_benchmarks) co_return bench_hash(impl_->random.hex(16), password);
  CO_TRY(const auto setting, crypto::new_bcrypt_setting(password, impl_->options.cost, impl_->random));
  CO_TRY(const auto digest, co_await impl_->lanes.run(std::move(password), setting, impl_->turn(owner)));
  co_return crypto::bcrypt::to_text(setting, digest);
}

Async<bool> LocalHasher::verify(ports::HashOwner owner, std::string password, std::string hash) {
  if (hash.starts_with(bench_mark))
    co_return impl_->options.insecure_fast_hash_for_benchmarks&& bench_verify(password, hash);
  const auto setting = crypto::bcrypt_setting_to_verify(password, hash);
  if (!setting) co_return false;
  CO_TRY(const auto digest, co_await impl_->lanes.run(std::move(password), *setting, impl_->turn(owner)));
  co_return crypto::is_bcrypt_digest(hash, digest);
}

Milliseconds LocalHasher::expected_wait() const { return impl_->lanes.expected_wait(); }

std::string LocalHasher::dummy_hash() const { return impl_->unopenable; }

bool LocalHasher::needs_rehash(domain::PasswordScheme, std::string_view hash) const {
  if (impl_->options.insecure_fast_hash_for_benchmarks) return !hash.starts_with(bench_mark);
  return crypto::bcrypt_cost(hash) != impl_->options.cost;
}

}  // namespace durward::adapters
