#include "adapters/postgres/script.h"

#include <algorithm>

namespace durward::adapters::postgres {

namespace {
bool is_of_documents(const ports::Write& write) {
  return std::holds_alternative<ports::InsertDocument>(write) ||
         std::holds_alternative<ports::ReplaceDocument>(write) ||
         std::holds_alternative<ports::RemoveDocument>(write) ||
         std::holds_alternative<ports::RemoveDocumentsBy>(write);
}
}  // namespace

Batch Script::of(const ports::Writes& writes) {
  // A tenant removed meanwhile must not get rows again. The installation's own documents, of tenant 0, have
  // none to enter.
  if (tenant_ != 0) add("SELECT durward_enter($1)", tenant_);
  configuration_ = std::ranges::any_of(writes, is_of_documents);
  // First, not last: those who change documents of a tenant come one after the other, so that the order of
  // rows is the order of commits and a checkpoint skips nothing.
  if (configuration_)
    add("UPDATE tenants SET configuration_version=configuration_version+1 WHERE id=$1", tenant_);
  for (const auto& write : writes) std::visit([this](const auto& w) { one(w); }, write);
  if (releases_credentials_) add("DELETE FROM credentials WHERE \"user\"<0");
  if (configuration_) add("SELECT pg_notify('durward','c'||$1::text)", tenant_);
  if (event_) add("SELECT pg_notify('durward','e')");
  return std::move(batch_);
}

}  // namespace durward::adapters::postgres
