#pragma once
#include <vector>

#include "domain/log_record.h"
#include "endpoint/endpoint.h"
#include "endpoint/paging.h"
#include "ports/services.h"

namespace durward::management::logs {

std::vector<endpoint::Endpoint> rows(const ports::Services& services);

// A record as the API shows it: every usual member, null where there is nothing to say.
json::Object render(const domain::LogRecord& record);
// A page of search results. `total` of logs is the length of the page (Auth0 user search).
json::Value render_page(const endpoint::Paging& paging, json::Array records);

// type, user_id, client_id, connection, ip with one exact value each, and date ranges, joined by AND; the
// rest is refused. Error: invalid/"invalid_query_string", the message names the part.
Result<> parse_log_query(std::string_view q, ports::LogQuery& query);
// "date:1" or "date:-1".
Result<> parse_log_sort(std::string_view sort, ports::LogQuery& query);

}  // namespace durward::management::logs
