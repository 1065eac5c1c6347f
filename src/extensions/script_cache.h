#pragma once
#include "extensions/commands.h"
#include "ports/services.h"

// api.cache of Actions: twenty small texts a tenant and trigger that may be forgotten at any moment, in the
// cache of the fleet. They travel with a call and come back as commands; of two calls at the same moment the
// later one wins.
namespace durward::extensions {

// {key: {value, expires_at}}, milliseconds since 1970; without what has expired.
Task<json::Object> read_cache(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                              TimePoint now);
Task<void> write_cache(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                       json::Object entries);
// Applies cache.set and cache.delete, within the limits of the reference: an entry that does not fit is left
// out.
void change_cache(json::Object& entries, const std::vector<Command>& commands, TimePoint now);

}  // namespace durward::extensions
