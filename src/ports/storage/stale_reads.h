#pragma once
#include <string_view>

#include "ports/storage/commit.h"

// Reads that a copy of the store may answer that is a little behind (a replica): lists and searches that are
// shown to somebody and decide nothing. Auth0 calls the same ones eventually consistent. Only when the query
// says may_be_stale, and never behind a write of the kinds named here that this process made for the tenant:
// who changes something and looks sees the change. Everything that is not a row here is read from the
// primary.
namespace durward::ports {

enum class StaleRead { users_list, role_members, logs_list };

struct StaleReadRow {
  StaleRead read;
  std::string_view name;                // as in durward_store_reads_total
  bool (*is_changed_by)(const Write&);  // what it must not be behind
};

template <class... Kinds>
bool is_one_of(const Write& write) {
  return (std::holds_alternative<Kinds>(write) || ...);
}

inline constexpr StaleReadRow stale_reads[] = {
    {StaleRead::users_list, "users.list",
     is_one_of<InsertUser, ReplaceUser, RemoveUser, LinkUsers, SetPassword>},
    {StaleRead::role_members, "assignments.users_of_role",
     is_one_of<AddUserRole, RemoveUserRole, RemoveRoleAssignments, ReplaceUser, RemoveUser, LinkUsers>},
    {StaleRead::logs_list, "logs.list", [](const Write&) { return false; }},
};

}  // namespace durward::ports
