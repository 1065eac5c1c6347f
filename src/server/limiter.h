#pragma once
#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "adapters/memory/fallback_limiter.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "domain/entitlements.h"
#include "domain/tenant.h"
#include "endpoint/endpoint.h"

namespace durward::server {

inline constexpr std::string_view limit_message =
    "Global limit has been reached; see X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset";

// The buckets of one tenant, in the order of domain::limits.
using BucketTable = std::array<domain::Bucket, std::size(domain::limits)>;

// What the installation grants tenants whose entitlements say nothing else. Requests per second and tenant in
// place of the profile's; 0: no limit.
struct RateDefaults {
  domain::RateProfile profile = domain::RateProfile::paid;
  std::optional<int64_t> login, token, management;
};
BucketTable buckets_of(const RateDefaults& defaults, const json::Object& entitlements);

struct Verdict {
  const domain::LimitRow* row = nullptr;  // null: nothing was limited, and the rest means nothing
  bool allowed = true;
  int64_t limit = 0, remaining = 0;
  int64_t reset = 0;       // Unix seconds: when the bucket is full again; of a refusal, when one unit is free
  Seconds retry_after{0};  // of a refusal, at least 1
};

// Keeps the limits of domain::limits for every tenant: exact rows by a question to the fleet that is waited
// for, the others at once (ADR 21). Thread-safe; memory is bounded, and what clients can make up themselves
// (addresses, identifiers) cannot push out the rest.
class Limiter {
 public:
  using EntitlementsPtr = std::shared_ptr<const domain::Entitlements>;
  // `shared` may be null. All outlive every question.
  Limiter(RateDefaults defaults, adapters::SharedLimiter* shared, metrics::Registry& metrics,
          size_t keys_max = 200'000);

  // `entitled` may be null: then the defaults count.
  std::shared_ptr<const BucketTable> table_of(domain::TenantId tenant, const EntitlementsPtr& entitled);
  // `who` is not kept: an identifier is hashed, the rest is an address, a client or a user id.
  Task<Verdict> take(domain::TenantId tenant, std::shared_ptr<const BucketTable> table,
                     const domain::LimitRow* row, std::string who, TimePoint now);

 private:
  struct Known {
    EntitlementsPtr entitled;
    std::shared_ptr<const BucketTable> table;
  };
  const RateDefaults defaults_;
  const std::shared_ptr<const BucketTable> default_table_;
  std::array<metrics::Counter*, std::size(domain::limits)> refused_{};
  adapters::FallbackLimiter known_, made_up_;
  std::mutex mutex_;
  std::unordered_map<int64_t, Known> tables_;  // of tenants with entitlements of their own
};

// Called when a bucket refuses, or has less than a fifth left.
using OnLimit = std::function<void(const endpoint::RequestContext& context, const Verdict& verdict)>;

// The limits of one request. Lives in the pipeline's frame.
class RequestBuckets : public endpoint::RequestLimits {
 public:
  RequestBuckets(Limiter& limiter, endpoint::RequestContext context, const Limiter::EntitlementsPtr& entitled,
                 const OnLimit& on_limit);

  // What is known of every request: the buckets of its address, then of its tenant, so that who floods is
  // stopped before he empties what others share. Error: limited / too_many_requests.
  Async<> enter(domain::RateClass rate);
  Async<> take(domain::RateClass rate, domain::LimitScope scope, std::string who) override;

  const Verdict& shown() const { return shown_; }  // the most constraining one

 private:
  Async<> take_row(const domain::LimitRow* row, std::string who);
  Limiter& limiter_;
  const endpoint::RequestContext context_;
  const std::shared_ptr<const BucketTable> table_;
  const OnLimit& on_limit_;
  Verdict shown_;
};

}  // namespace durward::server
