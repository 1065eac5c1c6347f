#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/mail_address.h"
#include "ports/fetcher.h"
#include "ports/notifications.h"

// Services that take a notification by one HTTPS request with a key: tables, no I/O.
namespace durward::notifications {

// A mail with its addresses read.
struct Letter {
  domain::MailAddress from, to;
  ports::Mail mail;
};
// The provider's default sender, else the mail's. invalid/"invalid_address".
Result<Letter> letter_of(const domain::MailProvider& provider, ports::Mail mail);

struct MailApi {
  std::string_view name;
  std::string_view url, eu_url;  // {domain} is replaced; eu_url: of region "eu"
  ports::Outbound (*ask)(const domain::MailProvider& provider, const Letter& letter);
  bool (*accepts)(const json::Value& answer) = nullptr;  // of a 2xx answer; null: any
};
const MailApi* find_mail_api(std::string_view name);
// `url`: where, if not at the service's own address.
ports::Outbound mail_request(const MailApi& api, const domain::MailProvider& provider, const Letter& letter,
                             std::string_view url = {});
// What the answer means. Errors: invalid/"notification_refused" for what no second attempt changes,
// unavailable/"notification_unavailable" for the rest; the message says what was answered.
Result<> judge_answer(const ports::Fetched& answer, bool (*accepts)(const json::Value&) = nullptr);

// Twilio's Messages or Calls resource (2010-04-01). invalid/"no_sender" when the provider names no number to
// send this from.
Result<ports::Outbound> twilio_request(const domain::PhoneProvider& provider,
                                       const ports::PhoneMessage& message, std::string_view url = {});

// Of which an operator may say that they are somewhere else.
bool is_http_service(std::string_view name);

}  // namespace durward::notifications
