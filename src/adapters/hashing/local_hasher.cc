#include "adapters/hashing/local_hasher.h"

#include "adapters/hashing/lane_pool.h"
#include "adapters/hashing/slow_hashes.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/password_hash.h"

namespace durward::adapters {

namespace {
constexpr std::string_view bench_mark = "$durward-bench$";
constexpr std::string_view nobodys_salt = "ThisIsNobodysPasswordu";  // in bcrypt's alphabet

bool is_nobodys(std::string_view hash) {
  return crypto::is_bcrypt(hash) && hash.substr(7, nobodys_salt.size()) == nobodys_salt;
}

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
              registry ? *registry : own_registry),
        slow((options_.threads + 1) / 2, options_.queue_max, options_.nice,
             registry ? *registry : own_registry) {}

  // The digest is drawn, not computed: verifying against it costs what every hash of this cost does, no
  // password opens it (it has 184 bits), and neither a request nor the start waits for it to be made. By its
  // salt every process knows it, also the hashing role that another process sends it to.
  std::string draw_unopenable() {
    if (options.insecure_fast_hash_for_benchmarks) return bench_hash(random.hex(16), random.hex(32));
    const std::string cost = (options.cost < 10 ? "0" : "") + std::to_string(options.cost);
    return "$2b$" + cost + "$" + std::string(nobodys_salt) +
           random.text(31, "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
  }

  std::string draw_unopenable_argon2id() {
    return crypto::passwords::to_text({.scheme = "argon2id",
                                       .parameters = {{"v", "19"},
                                                      {"m", std::to_string(options.argon2.memory_kib)},
                                                      {"t", std::to_string(options.argon2.passes)},
                                                      {"p", "1"}},
                                       .salt = random.bytes(16),
                                       .hash = random.bytes(32)});
  }

  Turn turn(const ports::HashOwner& owner) const {
    return {owner.tenant, std::min(owner.within, options.within_max)};
  }

  const HasherOptions options;
  Random& random;
  metrics::Registry own_registry;
  const std::string unopenable = draw_unopenable();
  const std::string unopenable_argon2id = draw_unopenable_argon2id();
  LanePool lanes;
  SlowHashes slow;

  Async<bool> verify_bcrypt(std::string password, std::string hash, Turn turn);
};

LocalHasher::LocalHasher(HasherOptions options, Random& random, metrics::Registry* registry)
    : impl_(std::make_unique<Impl>(options, random, registry)) {}
LocalHasher::~LocalHasher() = default;

Async<bool> LocalHasher::Impl::verify_bcrypt(std::string password, std::string hash, Turn turn) {
  const auto setting = crypto::bcrypt_setting_to_verify(password, hash);
  if (!setting) co_return false;
  CO_TRY(const auto digest, co_await lanes.run(std::move(password), *setting, turn));
  co_return crypto::is_bcrypt_digest(hash, digest);
}

// The hash of benchmarks takes a microsecond: a trip to the lanes would be all that it measures. argon2id
// refuses what bcrypt refuses: the tenant's scheme may be bcrypt tomorrow.
Async<std::string> LocalHasher::hash(ports::HashOwner owner, std::string password) {
  if (impl_->options.insecure_fast_hash_for_benchmarks) co_return bench_hash(impl_->random.hex(16), password);
  CO_TRY(const auto setting, crypto::new_bcrypt_setting(password, impl_->options.cost, impl_->random));
  const Turn turn = impl_->turn(owner);
  if (owner.scheme == domain::PasswordScheme::argon2id)
    co_return co_await impl_->slow.argon2id(std::move(password), impl_->options.argon2,
                                            impl_->random.bytes(16), turn.within);
  CO_TRY(const auto digest, co_await impl_->lanes.run(std::move(password), setting, turn));
  co_return crypto::bcrypt::to_text(setting, digest);
}

Async<bool> LocalHasher::verify(ports::HashOwner owner, std::string password, std::string hash) {
  if (hash.starts_with(bench_mark))
    co_return impl_->options.insecure_fast_hash_for_benchmarks&& bench_verify(password, hash);
  if (owner.scheme == domain::PasswordScheme::argon2id && is_nobodys(hash)) hash = impl_->unopenable_argon2id;
  const Turn turn = impl_->turn(owner);
  if (crypto::is_bcrypt(hash))
    co_return co_await impl_->verify_bcrypt(std::move(password), std::move(hash), turn);
  auto stored = crypto::passwords::parse_stored_hash(hash);
  if (!stored) co_return false;
  if (auto bcrypt = crypto::passwords::as_bcrypt(*stored, password)) {
    crypto::wipe(password);
    co_return co_await impl_->verify_bcrypt(std::move(bcrypt->password), std::move(bcrypt->hash), turn);
  }
  co_return co_await impl_->slow.verify(std::move(password), std::move(*stored), turn.within);
}

Milliseconds LocalHasher::expected_wait() const { return impl_->lanes.expected_wait(); }

std::string LocalHasher::dummy_hash() const { return impl_->unopenable; }

bool LocalHasher::needs_rehash(domain::PasswordScheme scheme, std::string_view hash) const {
  if (impl_->options.insecure_fast_hash_for_benchmarks) return !hash.starts_with(bench_mark);
  if (scheme == domain::PasswordScheme::argon2id)
    return crypto::passwords::argon2id_cost(hash) != impl_->options.argon2;
  return crypto::bcrypt_cost(hash) != impl_->options.cost;
}

}  // namespace durward::adapters
