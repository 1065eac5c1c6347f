#include "login/registration.h"

#include "extensions/notices.h"
#include "extensions/registration.h"

namespace durward::login {
namespace {

// Everything that was asked for but the password (Auth0, Actions: event.user of pre-user-registration).
json::Object user_event(const connections::database::NewUser& user) {
  json::Object out = user.attributes;
  out.erase("blocked");
  if (!user.email.empty()) out["email"] = user.email;
  if (!user.username.empty()) out["username"] = user.username;
  if (!user.phone_number.empty()) out["phone_number"] = user.phone_number;
  for (const auto name : {"user_metadata", "app_metadata"}) out.emplace(name, json::Object());
  return out;
}

void tell(const ports::Services& services, std::string trigger, RegistrationScene scene, domain::User user) {
  extensions::notify(services, {.trigger = std::move(trigger),
                                .context = std::move(scene.context),
                                .request = std::move(scene.request),
                                .connection = std::move(scene.connection),
                                .user = std::move(user),
                                .transaction = std::move(scene.transaction)});
}

}  // namespace

Async<> before_registration(const ports::Services& services, RegistrationScene scene,
                            connections::database::NewUser& user, ports::Writes& writes) {
  user.tenant = scene.context.tenant->name;
  if (scene.client) user.client_id = scene.client->client_id;
  CO_TRY(auto verdict,
         co_await extensions::pre_user_registration(services, {.context = scene.context,
                                                               .request = scene.request,
                                                               .client = scene.client,
                                                               .connection = scene.connection,
                                                               .user = user_event(user),
                                                               .transaction = scene.transaction}));
  for (auto& write : verdict.writes) writes.push_back(std::move(write));
  if (verdict.denial) co_return std::unexpected(std::move(*verdict.denial));
  verdict.metadata.apply_to(user.attributes);
  co_return Result<>();
}

void after_registration(const ports::Services& services, RegistrationScene scene, domain::User user) {
  tell(services, "post-user-registration", std::move(scene), std::move(user));
}

void after_password_change(const ports::Services& services, RegistrationScene scene, domain::User user) {
  tell(services, "post-change-password", std::move(scene), std::move(user));
}

}  // namespace durward::login
