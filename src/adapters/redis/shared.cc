#include "adapters/redis/shared.h"

namespace durward::adapters::redis {
namespace {

// ports/limiter.h says what is counted, Untold what one process adds first. KEYS[1]: microseconds at which
// all is paid; ARGV: now, cost, burst, base and debt of the untold. A debt puts a bucket at most one burst
// below empty: processes that were alone for long must not lock everybody out.
const Script take_script(R"(
local stored = tonumber(redis.call('GET', KEYS[1]) or '0')
local now, cost, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local base, debt = tonumber(ARGV[4]), tonumber(ARGV[5])
local paid_at = math.max(stored, math.min(math.max(stored, base) + debt, now + 2 * burst))
local after = math.max(math.max(paid_at, now) + cost, now)
local allowed = cost <= 0 or after <= now + burst
if allowed and cost ~= 0 then paid_at = after end
if paid_at <= now then
  if stored ~= 0 then redis.call('DEL', KEYS[1]) end
elseif paid_at ~= stored then
  redis.call('SET', KEYS[1], string.format('%.0f', paid_at), 'PX', math.ceil((paid_at - now) / 1000) + 1000)
end
return {allowed and 1 or 0, string.format('%.0f', paid_at)}
)");

// KEYS: lock, fence; ARGV: owner, life in milliseconds. The fence outlives every lock.
const Script acquire_script(R"(
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return redis.call('INCR', KEYS[2]) end
return 0
)");
const Script extend_script(R"(
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
)");
const Script release_script(R"(
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
)");

std::string counter_key(const std::string& key) { return "durward:limit:" + key; }
std::string value_key(const std::string& key) { return "durward:value:" + key; }
std::string lock_key(const std::string& name) { return "durward:lock:{" + name + "}"; }
std::string fence_key(const std::string& name) { return lock_key(name) + ":fence"; }

std::unexpected<Error> odd_reply() {
  return fail(ErrorKind::unavailable, "redis_unavailable", "The server is overloaded.",
              "an unexpected reply");
}

}  // namespace

Async<ports::Allowance> RedisLimiter::take(std::string key, ports::Rate rate, TimePoint now, int64_t units) {
  return exchange(std::move(key), rate, now, units, {});
}

Async<ports::Allowance> RedisLimiter::exchange(std::string key, ports::Rate rate, TimePoint now,
                                               int64_t units, Untold untold) {
  const int64_t now_us = to_unix_ms(now) * 1000;
  CO_TRY(const Reply reply,
         co_await link_.run(take_script, {counter_key(key)},
                            {std::to_string(now_us), std::to_string(units * ports::unit_us(rate)),
                             std::to_string(ports::burst_us(rate)), std::to_string(untold.base_us),
                             std::to_string(untold.debt_us)}));
  if (reply.list.size() != 2) co_return odd_reply();
  const int64_t paid_at = std::strtoll(reply.list[1].text.c_str(), nullptr, 10);
  co_return ports::allowance(rate, reply.list[0].integer == 1, paid_at, now_us, units);
}

Async<> RedisLimiter::forget(std::string key) {
  CO_ENSURE(co_await link_.command({"DEL", counter_key(key)}));
  co_return Result<>();
}

Async<std::optional<std::string>> RedisCache::get(std::string key) {
  CO_TRY(Reply reply, co_await link_.command({"GET", value_key(key)}));
  if (reply.kind == Reply::Kind::nil) co_return std::nullopt;
  co_return std::move(reply.text);
}

Async<> RedisCache::put(std::string key, std::string value, Milliseconds life) {
  if (value.size() > ports::short_value_max)
    co_return fail(ErrorKind::invalid, "too_large", "The value is too large to keep.");
  CO_ENSURE(
      co_await link_.command({"SET", value_key(key), std::move(value), "PX", std::to_string(life.count())}));
  co_return Result<>();
}

Async<bool> RedisCache::put_if_absent(std::string key, std::string value, Milliseconds life) {
  if (value.size() > ports::short_value_max)
    co_return fail(ErrorKind::invalid, "too_large", "The value is too large to keep.");
  CO_TRY(const Reply reply, co_await link_.command({"SET", value_key(key), std::move(value), "NX", "PX",
                                                    std::to_string(life.count())}));
  co_return reply.kind != Reply::Kind::nil;
}

Async<> RedisCache::remove(std::string key) {
  CO_ENSURE(co_await link_.command({"DEL", value_key(key)}));
  co_return Result<>();
}

Async<std::optional<ports::Lock>> RedisLocks::acquire(std::string name, std::string owner,
                                                      Milliseconds life) {
  CO_TRY(const Reply reply, co_await link_.run(acquire_script, {lock_key(name), fence_key(name)},
                                               {owner, std::to_string(life.count())}));
  if (reply.integer == 0) co_return std::nullopt;
  co_return ports::Lock{std::move(name), std::move(owner), reply.integer};
}

Async<bool> RedisLocks::extend(ports::Lock lock, Milliseconds life) {
  CO_TRY(const Reply reply, co_await link_.run(extend_script, {lock_key(lock.name)},
                                               {lock.owner, std::to_string(life.count())}));
  co_return reply.integer == 1;
}

Async<> RedisLocks::release(ports::Lock lock) {
  CO_ENSURE(co_await link_.run(release_script, {lock_key(lock.name)}, {lock.owner}));
  co_return Result<>();
}

}  // namespace durward::adapters::redis
