#pragma once
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "domain/flags.h"
#include "endpoint/endpoint.h"

namespace durward::operators {

// Where a value is set: for one tenant, for one environment, or (both empty) for the whole installation.
struct FlagScope {
  std::string tenant, environment;  // names
  bool operator==(const FlagScope&) const = default;
};

struct FlagSetting {
  std::string key;
  FlagScope scope;
  domain::FlagRule rule;
  std::string changed_by;
  TimePoint changed_at;
  json::Array history;  // what it was before, newest first, each with who changed it when; bounded
};

// Who asks, for the records.
struct AskedBy {
  std::string subject, ip, request_id;
};

// The values that operators set. Errors: invalid/"invalid_body" (no such flag value, both scopes),
// not_found/"inexistent_flag" and "inexistent_tenant". Thread-safe.
class FlagSettings {
 public:
  virtual ~FlagSettings() = default;
  // Of the installation and its environments; with a tenant's name those of the tenant too.
  virtual Async<std::vector<FlagSetting>> list(std::string tenant) = 0;
  virtual Async<FlagSetting> set(std::string key, FlagScope scope, domain::FlagRule rule, AskedBy by) = 0;
  // False when nothing was set.
  virtual Async<bool> unset(std::string key, FlagScope scope, AskedBy by) = 0;
  // As the program itself sees it. An empty tenant: none in particular.
  virtual Async<domain::FlagResolution> evaluate(std::string key, std::string tenant,
                                                 std::string targeting_key) = 0;
};

// How a flag and a setting look in answers, here and on the command line.
json::Object render(const domain::Flag& flag);
json::Object render(const FlagSetting& setting);

// /operator/v1/flags, and /ofrep/v1/evaluate/flags (OpenFeature Remote Evaluation Protocol). `settings`
// outlives the rows. Scopes: read:flags, update:flags.
std::vector<endpoint::Endpoint> flag_rows(FlagSettings& settings);

}  // namespace durward::operators
