#pragma once
#include <initializer_list>

#include "login/registration.h"
#include "management/users/users.h"

// The handlers of the rows, by file, and what they share.
namespace durward::management::users {

// --- shared (common.cc)
Error no_such_user();
// The user of the path parameter {id} or {user_id}. not_found/"inexistent_user".
Async<domain::User> load_user(const ports::Services& services, domain::TenantId tenant, std::string user_id);
// "…current_user…" scopes reach the caller's own record only: one of `full` is needed for any other.
// Error: forbidden/"insufficient_scope".
Result<> check_reach(const Call& call, const std::string& user_id,
                     std::initializer_list<std::string_view> full);
// A commit error as the resource says it: a taken identifier is 409.
Error translate(Error error);
// Password errors carry their name in the message (Auth0 Authentication API).
Error translate_password(Error error);
connections::database::Scene scene_of(const Call& call, std::string client_id = {});
login::RegistrationScene scene_of_scripts(const Call& call, domain::Connection connection);
// Identities with the profile of the primary one, as linking shows them.
json::Array linked_identities(const domain::User& user);
// The connection of an identity; a bare value with its name and provider when it was removed since.
Async<domain::Connection> connection_of(const ports::Services& services, domain::TenantId tenant,
                                        domain::Identity identity);
// Reads the optional JSON body of a row without a body schema.
Result<json::Object> optional_body(const Call& call, const endpoint::Schema& schema);

// --- crud.cc
Async<Reply> list(const ports::Services&, Call);
Async<Reply> by_email(const ports::Services&, Call);
Async<Reply> get(const ports::Services&, Call);
Async<Reply> create(const ports::Services&, Options, Call);
Async<Reply> remove(const ports::Services&, Call);
// --- update.cc
Async<Reply> update(const ports::Services&, Options, Call);
// --- identities.cc
Async<Reply> link(const ports::Services&, Call);
Async<Reply> unlink(const ports::Services&, Options, Call);
// --- roles.cc
Async<Reply> list_roles(const ports::Services&, Call);
Async<Reply> add_roles(const ports::Services&, Call);
Async<Reply> remove_roles(const ports::Services&, Call);
Async<Reply> list_permissions(const ports::Services&, Call);
Async<Reply> add_permissions(const ports::Services&, Call);
Async<Reply> remove_permissions(const ports::Services&, Call);
Async<Reply> effective_roles(const ports::Services&, Call);
Async<Reply> effective_permissions(const ports::Services&, Call);
Async<Reply> permission_roles(const ports::Services&, Call);
// --- access.cc
Async<Reply> list_logs(const ports::Services&, Call);
Async<Reply> list_sessions(const ports::Services&, Call);
Async<Reply> remove_sessions(const ports::Services&, Call);
Async<Reply> list_refresh_tokens(const ports::Services&, Call);
Async<Reply> remove_refresh_tokens(const ports::Services&, Call);
Async<Reply> revoke_access(const ports::Services&, Call);
// --- blocks.cc
Async<Reply> list_blocks(const ports::Services&, Call);
Async<Reply> remove_blocks(const ports::Services&, Call);
Async<Reply> list_blocks_of_identifier(const ports::Services&, Call);
Async<Reply> remove_blocks_of_identifier(const ports::Services&, Call);
// --- empty.cc: lists of things that cannot exist yet, and their removal
Async<Reply> empty_array(const ports::Services&, Call);
Async<Reply> empty_authentication_methods(const ports::Services&, Call);
Async<Reply> empty_groups(const ports::Services&, Call);
Async<Reply> empty_organizations(const ports::Services&, Call);
Async<Reply> empty_connected_accounts(const ports::Services&, Call);
Async<Reply> nothing_to_remove(const ports::Services&, Call);

}  // namespace durward::management::users
