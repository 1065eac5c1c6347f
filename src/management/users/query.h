#pragma once
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/storage/users.h"

namespace durward::management::users {

// The part of the Lucene grammar that the embedded store answers exactly: field:value, field:"phrase",
// field:prefix*, joined by AND, negated by NOT, - or !, in parentheses where that changes nothing. Everything
// else is refused rather than answered wrongly. Empty, "*" and "*:*" mean all users.
// Error: invalid/"invalid_query_string", the message names the part and its position.
Result<std::vector<ports::UserCondition>> parse_user_query(std::string_view q);

// sort=field:1|-1 into a query. Error: invalid/"invalid_query_string".
Result<> parse_user_sort(std::string_view sort, ports::UserQuery& query);

}  // namespace durward::management::users
