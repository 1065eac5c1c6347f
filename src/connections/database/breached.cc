#include "connections/database/breached.h"

#include <algorithm>

#include "base/encoding.h"
#include "connections/database/mails.h"
#include "domain/attack_protection.h"

namespace durward::connections::database {
namespace {

using domain::BreachedPasswordDetection;
using Shields = BreachedPasswordDetection::Shields;

struct StageRow {
  LeakStage stage;
  Shields BreachedPasswordDetection::* shields;
  std::string_view log_type, log_text;
};
constexpr StageRow stages[] = {
    {LeakStage::sign_in, &BreachedPasswordDetection::sign_in, "pwd_leak",
     "Sign-in with a password that is known from data leaks"},
    {LeakStage::sign_up, &BreachedPasswordDetection::sign_up, "signup_pwd_leak",
     "Sign-up with a password that is known from data leaks"},
    {LeakStage::change_password, &BreachedPasswordDetection::change_password, "reset_pwd_leak",
     "Change to a password that is known from data leaks"},
};

// How often one administrator's mail may be written, whatever happens meanwhile.
struct Frequency {
  std::string_view word;
  Seconds once_in;
};
constexpr Frequency frequencies[] = {{"immediately", Seconds(60)},
                                     {"daily", Seconds(86'400)},
                                     {"weekly", Seconds(7 * 86'400)},
                                     {"monthly", Seconds(30 * 86'400)}};
constexpr Seconds user_mail_once_in{3600};

// The mails are a courtesy: while the counters are away none is written and nothing else changes.
Task<bool> is_due(const ports::Services& services, std::string key, Seconds once_in, TimePoint now) {
  const auto taken = co_await services.limiter.take(
      std::move(key), {.interval = std::chrono::microseconds(once_in), .burst = 1}, now);
  co_return taken && taken->allowed;
}

std::string tenant_key(std::string_view use, const Scene& scene) {
  return "leak:" + std::to_string(scene.tenant.id.value) + ":" + std::string(use) + ":";
}

MailFacts facts(const Scene& scene, const domain::TenantSettings& settings, const Options& options,
                const domain::Connection& connection, const domain::User& user, std::string to) {
  return {.to = std::move(to),
          .from = options.mail_from,
          .tenant_name = scene.tenant.name,
          .product = settings.friendly_name.empty() ? scene.tenant.name : settings.friendly_name,
          .support_email = settings.support_email,
          .about = about(scene, connection, user)};
}

struct Notice {
  const ports::Services& services;
  const Database& database;
  const Scene& scene;
  const domain::Connection& connection;
  const domain::TenantSettings& settings;
};

// A link to choose another password, at most once an hour.
Task<> tell_user(Notice notice, domain::User user, ports::Writes& writes) {
  const auto& [services, database, scene, connection, settings] = notice;
  if (user.email().empty()) co_return;
  if (!co_await is_due(services, tenant_key("mail", scene) + user.user_id, user_mail_once_in, scene.now))
    co_return;
  TicketRequest request{.client_id = scene.client_id, .mark_email_as_verified = true};
  auto mail = facts(scene, settings, database.options(), connection, user, user.email());
  mail.valid = request.ttl;
  auto ticket = database.reset_ticket(scene, connection, user, std::move(request));
  mail.url = ticket.url;
  for (auto& write : ticket.writes) writes.push_back(std::move(write));
  writes.push_back(mail_job(services.sequence.next(), render_mail("stolen_credentials", mail), scene.now));
}

// To whoever supports the tenant's people.
Task<> tell_admin(Notice notice, const BreachedPasswordDetection& wanted, ports::Writes& writes) {
  const auto& [services, database, scene, connection, settings] = notice;
  if (settings.support_email.empty()) co_return;
  bool due = false;
  for (const Frequency& one : frequencies)
    if (std::ranges::find(wanted.notification_frequency, one.word) != wanted.notification_frequency.end())
      due |= co_await is_due(services, tenant_key("report", scene) + std::string(one.word), one.once_in,
                             scene.now);
  if (!due) co_return;
  const auto mail =
      facts(scene, settings, database.options(), connection, domain::User(), settings.support_email);
  writes.push_back(mail_job(services.sequence.next(), render_mail("breached_passwords", mail), scene.now));
}

}  // namespace

Async<std::optional<Leak>> find_leak(const ports::Services& services, const Database& database, Scene scene,
                                     domain::Connection connection, LeakStage stage, bool listed,
                                     std::optional<domain::User> user) {
  CO_TRY(const auto protection, co_await services.configuration.attack_protection(scene.tenant.id));
  const auto& wanted = protection->breached_passwords;
  if (!listed || !wanted.enabled) co_return std::nullopt;
  const StageRow& row = stages[size_t(stage)];
  const Shields& shields = wanted.*row.shields;
  CO_TRY(auto settings, co_await services.configuration.settings(scene.tenant.id));
  if (!settings) settings = std::make_shared<const domain::TenantSettings>();
  Leak leak{.blocked = shields.block};
  leak.writes.push_back(database.log(scene, connection, std::string(row.log_type), std::string(row.log_text),
                                     user ? &*user : nullptr, {{"blocked", shields.block}}));
  const Notice notice{services, database, scene, connection, *settings};
  if (shields.notify_user && user) co_await tell_user(notice, *user, leak.writes);
  if (shields.notify_admin) co_await tell_admin(notice, wanted, leak.writes);
  co_return std::optional(std::move(leak));
}

Async<> admit_password(const ports::Services& services, const Database& database, Scene scene,
                       domain::Connection connection, LeakStage stage, bool listed,
                       std::optional<domain::User> user, ports::Writes& writes) {
  if (!listed) co_return Result<>();
  const auto tenant = scene.tenant.id;
  CO_TRY(auto leak, co_await find_leak(services, database, std::move(scene), std::move(connection), stage,
                                       listed, std::move(user)));
  if (!leak) co_return Result<>();
  for (auto& write : leak->writes) writes.push_back(std::move(write));
  if (!leak->blocked) co_return Result<>();
  CO_ENSURE(co_await services.committer.commit(tenant, std::move(writes)));
  co_return std::unexpected(leak_error(stage));
}

Error leak_error(LeakStage stage) {
  return {stage == LeakStage::sign_in ? ErrorKind::unauthenticated : ErrorKind::invalid,
          "password_leaked",
          stage == LeakStage::sign_in
              ? "This password is known from a data leak. Please choose another one by resetting it."
              : "This password is known from a data leak. Please choose another one.",
          {}};
}

}  // namespace durward::connections::database
