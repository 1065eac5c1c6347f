#pragma once
#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::management {

// The record of a management operation that succeeds with the commit it is part of: log type "sapi". Of the
// request it holds the body without secrets (`loggable`), of `answer` the members that say which object it
// is.
ports::Write api_record(const ports::Services& services, const endpoint::Call& call,
                        const json::Object& answer = {});

// What a log may show of a request body: text only of members that are known to be harmless, nothing of free
// members (metadata, options) but their shape, nothing the schema calls secret; bounded in length. {} for no
// body, null for one that is too large even so.
json::Value loggable(const json::Value& body, const endpoint::Schema* schema);

}  // namespace durward::management
