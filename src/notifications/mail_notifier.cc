#include "notifications/mail_notifier.h"

#include "notifications/action.h"
#include "notifications/http_services.h"

namespace durward::notifications {
namespace {

using domain::MailProvider;

Subject subject_of(const ports::Mail& mail, std::string provider) {
  return {.provider = std::move(provider),
          .to = mail.to,
          .message_type = mail.template_name,
          .about = mail.about};
}

ports::MailServer server_of(const MailProvider& provider) {
  const auto& credentials = provider.credentials;
  return {.host = json::string_or(credentials, "smtp_host"),
          .port = uint16_t(json::integer_or(credentials, "smtp_port", 0)),
          .user = json::string_or(credentials, "smtp_user"),
          .password = json::string_or(credentials, "smtp_pass")};
}

void add_headers(ports::Mail& mail, const MailProvider& provider) {
  const auto* headers = json::object(provider.settings, "headers");
  if (!headers) return;
  for (const auto& header : *headers)
    if (const auto* value = header.value().if_string())
      mail.headers.emplace_back(header.key(), json::view(*value));
}

// Auth0, Actions: custom-email-provider, event.notification.
json::Object notification_of(const MailProvider& provider, const ports::Mail& mail) {
  return {{"message_type", mail.template_name},
          {"to", mail.to},
          {"from", provider.default_from.empty() ? mail.from : provider.default_from},
          {"subject", mail.subject},
          {"html", mail.html},
          {"text", mail.text},
          {"locale", "en"}};  // the language of the built-in texts
}

}  // namespace

Async<bool> InstallationMails::serves(domain::TenantId tenant) {
  CO_TRY(const auto providers, co_await services_.configuration.notification_providers(tenant));
  co_return !providers->sends_mail();
}

Async<> InstallationMails::deliver(ports::Job job) { return mailer_.send(ports::mail_of(job)); }

Async<> InstallationMails::give_up(ports::Job job) {
  co_await record_end(services_, job.tenant, subject_of(ports::mail_of(job), "installation"));
  co_return Result<>();
}

Async<bool> TenantMails::serves(domain::TenantId tenant) {
  CO_TRY(const auto providers, co_await services_.configuration.notification_providers(tenant));
  co_return providers->sends_mail();
}

Async<> TenantMails::deliver(ports::Job job) {
  CO_TRY(const auto providers, co_await services_.configuration.notification_providers(job.tenant));
  // Switched off at this moment: the sweep announces the job again, to whom it belongs now.
  if (!providers->sends_mail()) co_return fail(ErrorKind::unavailable, "provider_changed");
  const MailProvider& provider = *providers->mail;
  const ports::Mail mail = ports::mail_of(job);
  Attempt attempt;
  if (provider.name == domain::custom_provider) {
    CO_TRY(attempt, co_await run_action(services_, job.tenant, std::string(domain::mail_trigger), mail.tenant,
                                        mail.about, notification_of(provider, mail)));
  } else {
    attempt = attempt_of(co_await hand_over(provider, mail));
  }
  co_return co_await settle(services_, job, subject_of(mail, provider.name), std::move(attempt));
}

Async<> TenantMails::hand_over(MailProvider provider, ports::Mail mail) {
  if (find_mail_api(provider.name)) co_return co_await post(std::move(provider), std::move(mail));
  if (!provider.default_from.empty()) mail.from = provider.default_from;
  add_headers(mail, provider);
  co_return co_await servers_.send(server_of(provider), std::move(mail));
}

Async<> TenantMails::post(MailProvider provider, ports::Mail mail) {
  const MailApi& api = *find_mail_api(provider.name);
  CO_TRY(const auto letter, letter_of(provider, std::move(mail)));
  const auto moved = urls_.find(api.name);
  auto request =
      mail_request(api, provider, letter, moved == urls_.end() ? std::string_view() : moved->second);
  CO_TRY(const auto answer, co_await fetcher_.post(std::move(request), service_time));
  co_return judge_answer(answer, api.accepts);
}

Async<> TenantMails::give_up(ports::Job job) {
  co_await record_end(services_, job.tenant, subject_of(ports::mail_of(job), "tenant"));
  co_return Result<>();
}

}  // namespace durward::notifications
