#pragma once
#include <string>
#include <vector>

#include "management/users/handlers.h"

namespace durward::management::users {

// Rows that differ in a few words only.
struct Short {
  const char *id, *path;
  http::Method method;
  const char* summary;
  std::vector<std::string> scopes;
  int success;
  Async<Reply> (*function)(const ports::Services&, Call);
  const endpoint::Schema* body = nullptr;
  std::vector<endpoint::QueryField> query = {};
};

std::vector<Short> role_rows();     // under /users/{id}
std::vector<Short> access_rows();   // under /users/{id}
std::vector<Short> empty_rows();    // under /users/{id}
std::vector<Short> user_id_rows();  // under /users/{user_id}, where the reference names the parameter so
std::vector<Short> block_rows();    // under /user-blocks

}  // namespace durward::management::users
