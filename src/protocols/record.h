#pragma once
#include <string>

#include "domain/client.h"
#include "domain/log_record.h"
#include "endpoint/endpoint.h"

namespace durward::protocols {

// A record of the tenant log with what every request knows; the caller gives it an id. `client` may be null.
domain::LogRecord record_of(const endpoint::RequestContext& context, const domain::Client* client,
                            std::string type, std::string description);

}  // namespace durward::protocols
