#pragma once
#include <string>
#include <vector>

#include "adapters/sqlite/database.h"
#include "ports/storage/users.h"

namespace durward::adapters::sqlite {

// A condition on users as SQL text from fixed fragments, with its values beside it.
struct UserFilter {
  std::string where;                // over `u`; numbered from nothing: values are bound in order
  std::vector<std::string> values;  // texts, after the tenant
};

// invalid/"invalid_query_string" for an unknown field.
Result<UserFilter> filter_of(const ports::UserQuery& query);
// "ORDER BY ..." from the list of sortable fields; invalid/"invalid_sort" for any other.
Result<std::string> order_of(const ports::UserQuery& query);

Result<ports::UserPage> list_users(Database& db, int64_t tenant, const ports::UserQuery& query);
Result<ports::UserPage> list_role_members(Database& db, int64_t tenant, const std::string& role,
                                          const ports::UserQuery& page);

}  // namespace durward::adapters::sqlite
