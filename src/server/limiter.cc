#include "server/limiter.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "http/address.h"

namespace durward::server {
namespace {

using domain::Bucket;
using domain::LimitRow;
using domain::LimitScope;
using domain::RateClass;
using domain::RateProfile;

constexpr int64_t second_us = 1'000'000;
constexpr size_t tables_max = 10'000;

size_t index_of(const LimitRow* row) { return size_t(row - domain::limits); }

BucketTable of_profile(RateProfile profile) {
  BucketTable out{};
  if (profile == RateProfile::unlimited) return out;
  for (const auto& row : domain::limits)
    out[index_of(&row)] = profile == RateProfile::free ? row.free : row.paid;
  return out;
}

void set(BucketTable& table, RateClass rate, LimitScope scope, Bucket bucket) {
  if (const auto* row = domain::find_limit(rate, scope)) table[index_of(row)] = bucket;
}

BucketTable of_installation(const RateDefaults& defaults) {
  auto out = of_profile(defaults.profile);
  const auto put = [&](RateClass rate, const std::optional<int64_t>& per_second) {
    if (per_second) set(out, rate, LimitScope::tenant, {*per_second, 1, *per_second});
  };
  put(RateClass::login, defaults.login);
  put(RateClass::token, defaults.token);
  put(RateClass::management, defaults.management);
  return out;
}

void apply(BucketTable& table, const json::Value& item) {
  const auto* one = item.if_object();
  if (!one) return;
  const auto rate = domain::rate_class_named(json::string_or(*one, "class"));
  const auto scope = domain::limit_scope_named(json::string_or(*one, "scope"));
  if (!rate || !scope) return;
  const int64_t units = json::integer_or(*one, "units", 0);
  set(table, *rate, *scope,
      {units, std::max<int64_t>(json::integer_or(*one, "seconds", 1), 1),
       std::max<int64_t>(json::integer_or(*one, "burst", units), 1)});
}

ports::Rate rate_of(const Bucket& bucket) {
  return {
      .interval = std::chrono::microseconds(std::max<int64_t>(bucket.seconds * second_us / bucket.units, 1)),
      .burst = bucket.burst};
}

bool is_made_up(LimitScope scope) { return scope == LimitScope::ip || scope == LimitScope::identifier; }

// A limit that was changed is another bucket, and full: what was used of the old one says nothing about it.
std::string key_of(domain::TenantId tenant, const LimitRow& row, const Bucket& bucket,
                   const std::string& who) {
  std::string key = "rate:" + std::to_string(tenant.value);
  key.append(":").append(to_string(row.rate_class)).append(":").append(to_string(row.scope));
  key.append(":").append(std::to_string(bucket.units)).append("/").append(std::to_string(bucket.seconds));
  key.append("/").append(std::to_string(bucket.burst));
  if (who.empty()) return key;
  return key.append(":").append(
      row.scope == LimitScope::identifier ? to_hex(crypto::sha256(who).substr(0, 16)) : who);
}

Verdict verdict_of(const LimitRow* row, const Bucket& bucket, const ports::Allowance& taken, TimePoint now) {
  Verdict out{.row = row, .allowed = taken.allowed, .limit = bucket.burst, .remaining = taken.remaining};
  if (taken.allowed) {
    out.reset = (taken.full_at_us + second_us - 1) / second_us;
    return out;
  }
  const int64_t free_ms = to_unix_ms(now) + taken.retry_in.count();
  out.reset = (free_ms + 999) / 1000;
  out.retry_after = Seconds(std::max<int64_t>((taken.retry_in.count() + 999) / 1000, 1));
  return out;
}

// RFC 6890 §2.2.2: addresses of this machine are no client's, but a tool's or an untold proxy's.
bool is_loopback(std::string_view ip) { return ip == "::1" || ip.starts_with("127."); }

bool counts_addresses(const LimitRow& row) {
  return row.scope == LimitScope::ip || row.rate_class == RateClass::login_attempt;
}

bool is_nearly_empty(const Verdict& verdict) {
  return verdict.row && verdict.row->scope <= LimitScope::client && verdict.remaining * 5 < verdict.limit;
}

}  // namespace

BucketTable buckets_of(const RateDefaults& defaults, const json::Object& entitlements) {
  const auto profile = domain::rate_profile_named(json::string_or(entitlements, "rate_profile"));
  auto out = profile ? of_profile(*profile) : of_installation(defaults);
  if (const auto* own = json::array(entitlements, "rate_limits"))
    for (const auto& item : *own) apply(out, item);
  return out;
}

Limiter::Limiter(RateDefaults defaults, adapters::SharedLimiter* shared, metrics::Registry& metrics,
                 size_t keys_max)
    : defaults_(defaults),
      default_table_(std::make_shared<const BucketTable>(buckets_of(defaults, {}))),
      known_(shared, metrics, {.keys_max = keys_max}),
      made_up_(shared, metrics, {.keys_max = keys_max}) {
  for (const auto& row : domain::limits)
    refused_[index_of(&row)] =
        &metrics.counter("durward_rate_limited_total", "Requests refused because a bucket was empty.",
                         "class=\"" + std::string(to_string(row.rate_class)) + "\",scope=\"" +
                             std::string(to_string(row.scope)) + "\"");
}

// Entitlements are immutable values: the same pointer has the same buckets.
std::shared_ptr<const BucketTable> Limiter::table_of(domain::TenantId tenant,
                                                     const EntitlementsPtr& entitled) {
  if (!entitled || entitled->document.empty()) return default_table_;
  std::lock_guard lock(mutex_);
  if (tables_.size() >= tables_max && !tables_.contains(tenant.value)) tables_.clear();
  auto& known = tables_[tenant.value];
  if (known.entitled != entitled)
    known = {entitled, std::make_shared<const BucketTable>(buckets_of(defaults_, entitled->document))};
  return known.table;
}

Task<Verdict> Limiter::take(domain::TenantId tenant, std::shared_ptr<const BucketTable> table,
                            const LimitRow* row, std::string who, TimePoint now) {
  const Bucket bucket = (*table)[index_of(row)];
  if (bucket.units == 0) co_return Verdict{};
  auto& pool = is_made_up(row->scope) ? made_up_ : known_;
  const auto key = key_of(tenant, *row, bucket, who);
  ports::Allowance taken;
  if (row->exact)
    taken = (co_await pool.take(key, rate_of(bucket), now)).value();  // it never fails
  else
    taken = pool.take_now(key, rate_of(bucket), now);
  if (!taken.allowed) refused_[index_of(row)]->add();
  co_return verdict_of(row, bucket, taken, now);
}

RequestBuckets::RequestBuckets(Limiter& limiter, endpoint::RequestContext context,
                               const Limiter::EntitlementsPtr& entitled, const OnLimit& on_limit)
    : limiter_(limiter),
      context_(std::move(context)),
      table_(limiter.table_of(context_.tenant->id, entitled)),
      on_limit_(on_limit) {}

Async<> RequestBuckets::take_row(const LimitRow* row, std::string who) {
  const auto verdict = co_await limiter_.take(context_.tenant->id, table_, row, std::move(who), context_.now);
  if (!verdict.row) co_return Result<>();
  if (!shown_.row || !verdict.allowed || verdict.remaining < shown_.remaining) shown_ = verdict;
  if (on_limit_ && (!verdict.allowed || is_nearly_empty(verdict))) on_limit_(context_, verdict);
  if (verdict.allowed) co_return Result<>();
  co_return fail(ErrorKind::limited, "too_many_requests", std::string(limit_message));
}

Async<> RequestBuckets::enter(RateClass rate) {
  for (const LimitScope scope : {LimitScope::ip, LimitScope::tenant})
    for (const RateClass each : {rate, domain::part_of(rate)}) {
      const auto* row = domain::find_limit(each, scope);
      if (!row || (*table_)[index_of(row)].units == 0) continue;
      if (counts_addresses(*row) && is_loopback(context_.ip)) continue;
      CO_ENSURE(co_await take_row(row, scope == LimitScope::ip ? http::client_block(context_.ip) : ""));
    }
  co_return Result<>();
}

Async<> RequestBuckets::take(RateClass rate, LimitScope scope, std::string who) {
  const auto* row = domain::find_limit(rate, scope);
  if (!row || (*table_)[index_of(row)].units == 0) co_return Result<>();
  if (counts_addresses(*row) && is_loopback(context_.ip)) co_return Result<>();
  co_return co_await take_row(row, std::move(who));
}

}  // namespace durward::server
