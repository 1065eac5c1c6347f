#include "adapters/sqlite/apply.h"

namespace durward::adapters::sqlite {

Result<> Applier::apply(const ports::Writes& writes) {
  // A tenant removed meanwhile must not get rows again; tenant 0 is the installation.
  if (tenant_ != 0 && !db_.query("SELECT 1 FROM tenants WHERE id=?", tenant_).step())
    return fail(ErrorKind::not_found, "not_found", {}, "tenant");
  for (const auto& write : writes) ENSURE(std::visit([this](const auto& w) { return one(w); }, write));
  if (effects_.configuration)
    db_.run("UPDATE tenants SET configuration_version=configuration_version+1 WHERE id=?", tenant_);
  effects_.tenant = tenant_;
  return {};
}

}  // namespace durward::adapters::sqlite
