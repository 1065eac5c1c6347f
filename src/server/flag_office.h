#pragma once
#include "operator/flags.h"
#include "ports/services.h"

namespace durward::server {

// What operators set for feature flags, as documents of the collection `flags`: a tenant's in the tenant, the
// rest under TenantId{0}. Who changed what is in the document, the process log, the outbox, and for a tenant
// in its log. Thread-safe; `services` outlive it.
class FlagOffice : public operators::FlagSettings {
 public:
  explicit FlagOffice(const ports::Services& services) : services_(services) {}

  Async<std::vector<operators::FlagSetting>> list(std::string tenant) override;
  Async<operators::FlagSetting> set(std::string key, operators::FlagScope scope, domain::FlagRule rule,
                                    operators::AskedBy by) override;
  Async<bool> unset(std::string key, operators::FlagScope scope, operators::AskedBy by) override;
  Async<domain::FlagResolution> evaluate(std::string key, std::string tenant,
                                         std::string targeting_key) override;

 private:
  Async<domain::TenantId> owner(const std::string& tenant) const;
  Async<std::vector<operators::FlagSetting>> settings_of(domain::TenantId id, std::string tenant) const;
  ports::Write log_record(std::string description, const operators::AskedBy& by, json::Object change) const;
  const ports::Services& services_;
};

}  // namespace durward::server
