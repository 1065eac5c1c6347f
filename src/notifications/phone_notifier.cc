#include "notifications/phone_notifier.h"

#include "notifications/action.h"
#include "notifications/http_services.h"

namespace durward::notifications {
namespace {

Subject subject_of(const ports::PhoneMessage& message, std::string provider) {
  return {.provider = std::move(provider),
          .to = message.recipient,
          .message_type = message.message_type,
          .about = message.about};
}

// Auth0, Actions: custom-phone-provider, event.notification.
json::Object notification_of(const domain::PhoneProvider& provider, const ports::PhoneMessage& message) {
  json::Object out{{"message_type", message.message_type},
                   {"recipient", message.recipient},
                   {"delivery_method", message.delivery_method},
                   {"as_text", message.as_text},
                   {"as_voice", message.as_voice}};
  const std::string from = json::string_or(provider.configuration, "default_from");
  for (const auto& [name, value] : {std::pair<std::string_view, const std::string&>{"from", from},
                                    {"code", message.code},
                                    {"locale", message.locale}})
    if (!value.empty()) out[name] = value;
  return out;
}

bool is_usable(const std::optional<domain::PhoneProvider>& provider, const ports::PhoneMessage& message) {
  return provider && (!provider->disabled || message.is_trial);
}

}  // namespace

Async<bool> PhoneMessages::serves(domain::TenantId) { co_return true; }

Async<> PhoneMessages::deliver(ports::Job job) {
  CO_TRY(const auto providers, co_await services_.configuration.notification_providers(job.tenant));
  const auto message = ports::phone_message_of(job);
  Attempt attempt{.end = Attempt::End::failed, .reason = "No phone provider is enabled."};
  if (!is_usable(providers->phone, message))
    co_return co_await settle(services_, job, subject_of(message, ""), std::move(attempt));
  const auto& provider = *providers->phone;
  if (provider.name == domain::custom_provider) {
    CO_TRY(attempt, co_await run_action(services_, job.tenant, std::string(domain::phone_trigger),
                                        message.tenant, message.about, notification_of(provider, message)));
  } else {
    attempt = attempt_of(co_await post(provider, message));
  }
  co_return co_await settle(services_, job, subject_of(message, provider.name), std::move(attempt));
}

Async<> PhoneMessages::post(domain::PhoneProvider provider, ports::PhoneMessage message) {
  const auto moved = urls_.find(provider.name);
  CO_TRY(auto request,
         twilio_request(provider, message, moved == urls_.end() ? std::string_view() : moved->second));
  CO_TRY(const auto answer, co_await fetcher_.post(std::move(request), service_time));
  co_return judge_answer(answer);
}

Async<> PhoneMessages::give_up(ports::Job job) {
  co_await record_end(services_, job.tenant, subject_of(ports::phone_message_of(job), "tenant"));
  co_return Result<>();
}

}  // namespace durward::notifications
