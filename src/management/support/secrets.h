#pragma once
#include <string>

#include "ports/services.h"

// Named secrets of scripts. Of a document {"secrets": [{name, updated_at}]} the values are sealed under
// body["_sealed"]["secrets.NAME"], each for its own purpose, and the API never shows them.
namespace durward::management {

// What a request gave, [{name, value?}], with the values sealed: [{name, sealed?}].
Async<json::Array> seal_secrets(const ports::Services& services, ports::Collection collection,
                                domain::TenantId tenant, json::Array given);
// Makes `sealed` the secrets of `body`. One without a value keeps the one it has, or has none yet: so the
// Deploy CLI writes what it could not read. invalid/"invalid_body" when a name is given twice.
Result<> replace_secrets(json::Object& body, const json::Array& sealed, TimePoint now);
// The values in the clear, {NAME: value}: for a call, never to be kept.
Async<json::Object> open_secrets(const ports::Services& services, ports::Collection collection,
                                 domain::TenantId tenant, json::Object body);
// "_sealed" of a document of another collection with the same values; null when it has none.
Async<json::Value> reseal_secrets(const ports::Services& services, ports::Collection from,
                                  ports::Collection to, domain::TenantId tenant, json::Object body);

}  // namespace durward::management
