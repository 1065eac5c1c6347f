#pragma once
#include <string>
#include <vector>

#include "adapters/sqlite/database.h"
#include "ports/storage/users.h"

namespace durward::adapters::sqlite {

// invalid/"invalid_query_string" for an unknown field, "invalid_sort", "invalid_paging".
Result<ports::UserPage> list_users(Database& db, int64_t tenant, const ports::UserQuery& query);
Result<ports::UserPage> list_role_members(Database& db, int64_t tenant, const std::string& role,
                                          const ports::UserQuery& page);

}  // namespace durward::adapters::sqlite
