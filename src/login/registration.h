#pragma once
#include <memory>

#include "connections/database/database.h"
#include "extensions/events.h"

// A tenant's scripts around new accounts and new passwords, for every face that makes them.
namespace durward::login {

struct RegistrationScene {
  endpoint::RequestContext context;
  extensions::RequestFacts request;
  std::shared_ptr<const domain::Client> client;  // null: by an administrator
  domain::Connection connection;
  json::Object transaction;  // event.transaction of a page
};

// pre-user-registration: scripts may refuse the account and give it metadata. What they did goes into
// `writes`, which are to be committed also when the account is refused. Errors: invalid/"extensibility_error"
// and "validation_error" with words for the person, unavailable.
Async<> before_registration(const ports::Services& services, RegistrationScene scene,
                            connections::database::NewUser& user, ports::Writes& writes);
// post-user-registration, after the commit; nobody waits for it.
void after_registration(const ports::Services& services, RegistrationScene scene, domain::User user);
// post-change-password, after the commit; nobody waits for it.
void after_password_change(const ports::Services& services, RegistrationScene scene, domain::User user);

}  // namespace durward::login
