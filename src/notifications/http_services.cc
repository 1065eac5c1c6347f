#include "notifications/http_services.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/excerpt.h"
#include "base/json.h"
#include "http/message.h"

namespace durward::notifications {
namespace {

constexpr std::string_view twilio = "twilio", twilio_url = "https://api.twilio.com";
constexpr size_t answer_shown_max = 300;

using Headers = std::vector<std::pair<std::string, std::string>>;

ports::Outbound json_request(const json::Object& body, std::string authorization = {}) {
  Headers headers{{"Content-Type", "application/json"}};
  if (!authorization.empty()) headers.emplace_back("Authorization", std::move(authorization));
  return {.url = {}, .headers = std::move(headers), .body = json::serialize(body)};
}

ports::Outbound form_request(const http::Parameters& fields, std::string authorization) {
  return {.url = {},
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                      {"Authorization", std::move(authorization)}},
          .body = http::encode_form(fields)};
}

// RFC 7617 §2
std::string basic(std::string_view user, std::string_view password) {
  return "Basic " + to_base64(std::string(user) + ":" + std::string(password));
}

std::string key_of(const domain::MailProvider& provider) {
  return json::string_or(provider.credentials, "api_key");
}

std::string text_of(const domain::MailAddress& a) {
  if (a.name.empty()) return a.address;
  std::string quoted = "\"";
  for (const char c : a.name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\" <" + a.address + ">";
}

json::Object mailbox(const domain::MailAddress& a) {
  json::Object out{{"email", a.address}};
  if (!a.name.empty()) out["name"] = a.name;
  return out;
}

// Of text and HTML those that the mail has.
template <class Add>
void for_each_body(const ports::Mail& mail, Add add) {
  if (!mail.text.empty()) add("text", mail.text);
  if (!mail.html.empty()) add("html", mail.html);
}

ports::Outbound ask_sendgrid(const domain::MailProvider& provider, const Letter& letter) {
  json::Array content;
  for_each_body(letter.mail, [&](std::string_view kind, const std::string& body) {
    content.push_back(json::Object{{"type", kind == "text" ? "text/plain" : "text/html"}, {"value", body}});
  });
  json::Array people{
      json::Object{{"to", json::Array{json::Value(json::Object{{"email", letter.to.address}})}}}};
  return json_request({{"personalizations", std::move(people)},
                       {"from", mailbox(letter.from)},
                       {"subject", letter.mail.subject},
                       {"content", std::move(content)}},
                      "Bearer " + key_of(provider));
}

ports::Outbound ask_resend(const domain::MailProvider& provider, const Letter& letter) {
  json::Object body{{"from", text_of(letter.from)},
                    {"to", json::array_of({letter.to.address})},
                    {"subject", letter.mail.subject}};
  for_each_body(letter.mail, [&](std::string_view kind, const std::string& text) { body[kind] = text; });
  return json_request(body, "Bearer " + key_of(provider));
}

ports::Outbound ask_sparkpost(const domain::MailProvider& provider, const Letter& letter) {
  json::Object content{{"from", text_of(letter.from)}, {"subject", letter.mail.subject}};
  for_each_body(letter.mail, [&](std::string_view kind, const std::string& text) { content[kind] = text; });
  json::Array recipients{json::Object{{"address", json::Object{{"email", letter.to.address}}}}};
  return json_request({{"recipients", std::move(recipients)}, {"content", std::move(content)}},
                      key_of(provider));
}

ports::Outbound ask_mandrill(const domain::MailProvider& provider, const Letter& letter) {
  json::Object message{
      {"from_email", letter.from.address},
      {"from_name", letter.from.name},
      {"to", json::Array{json::Value(json::Object{{"email", letter.to.address}, {"type", "to"}})}},
      {"subject", letter.mail.subject}};
  for_each_body(letter.mail, [&](std::string_view kind, const std::string& text) { message[kind] = text; });
  if (const auto* own = json::object(provider.settings, "message"))
    if (const auto shown = json::boolean(*own, "view_content_link")) message["view_content_link"] = *shown;
  return json_request({{"key", key_of(provider)}, {"message", std::move(message)}});
}

ports::Outbound ask_mailgun(const domain::MailProvider& provider, const Letter& letter) {
  http::Parameters fields;
  fields.add("from", text_of(letter.from));
  fields.add("to", letter.to.address);
  fields.add("subject", letter.mail.subject);
  for_each_body(letter.mail,
                [&](std::string_view kind, const std::string& text) { fields.add(std::string(kind), text); });
  return form_request(fields, basic("api", key_of(provider)));
}

// One item a recipient, each with a status of its own.
bool is_queued_at_mandrill(const json::Value& answer) {
  const auto* items = answer.if_array();
  if (!items || items->empty() || !items->front().is_object()) return false;
  const std::string status = json::string_or(items->front().get_object(), "status");
  return status == "sent" || status == "queued" || status == "scheduled";
}

constexpr MailApi apis[] = {
    {"mailgun", "https://api.mailgun.net/v3/{domain}/messages",
     "https://api.eu.mailgun.net/v3/{domain}/messages", ask_mailgun},
    {"mandrill", "https://mandrillapp.com/api/1.0/messages/send.json", "", ask_mandrill,
     is_queued_at_mandrill},
    {"resend", "https://api.resend.com/emails", "", ask_resend},
    {"sendgrid", "https://api.sendgrid.com/v3/mail/send", "", ask_sendgrid},
    {"sparkpost", "https://api.sparkpost.com/api/v1/transmissions",
     "https://api.eu.sparkpost.com/api/v1/transmissions", ask_sparkpost},
};

// A key that is wrong today may be mended before the mail is of no use any more.
bool may_pass(int status) {
  return status >= 500 || status == 401 || status == 403 || status == 408 || status == 429;
}

}  // namespace

Result<Letter> letter_of(const domain::MailProvider& provider, ports::Mail mail) {
  Letter out;
  TRY(out.from,
      domain::parse_mail_address(provider.default_from.empty() ? mail.from : provider.default_from));
  TRY(out.to, domain::parse_mail_address(mail.to));
  out.mail = std::move(mail);
  return out;
}

const MailApi* find_mail_api(std::string_view name) {
  const auto found = std::ranges::find(apis, name, &MailApi::name);
  return found == std::end(apis) ? nullptr : found;
}

ports::Outbound mail_request(const MailApi& api, const domain::MailProvider& provider, const Letter& letter,
                             std::string_view url) {
  auto out = api.ask(provider, letter);
  const bool is_eu = json::string_or(provider.credentials, "region") == "eu" && !api.eu_url.empty();
  out.url = !url.empty() ? url : is_eu ? api.eu_url : api.url;
  constexpr std::string_view place = "{domain}";
  if (const size_t at = out.url.find(place); at != out.url.npos)
    out.url.replace(at, place.size(), percent_encode(json::string_or(provider.credentials, "domain")));
  return out;
}

Result<> judge_answer(const ports::Fetched& answer, bool (*accepts)(const json::Value&)) {
  const bool is_success = answer.status >= 200 && answer.status < 300;
  if (is_success && !accepts) return {};
  if (is_success) {
    const auto parsed = json::parse(answer.body);
    if (parsed && accepts(*parsed)) return {};
  }
  const std::string said = "The provider answered " + std::to_string(answer.status) + ": " +
                           excerpt(answer.body, answer_shown_max);
  if (may_pass(answer.status)) return fail(ErrorKind::unavailable, "notification_unavailable", said);
  return fail(ErrorKind::invalid, "notification_refused", said);
}

namespace {

std::string twiml(std::string_view text) {
  return "<Response><Say>" + html_escape(text) + "</Say></Response>";
}

}  // namespace

Result<ports::Outbound> twilio_request(const domain::PhoneProvider& provider,
                                       const ports::PhoneMessage& message, std::string_view url) {
  const bool is_voice = message.delivery_method == "voice";
  const std::string from = json::string_or(provider.configuration, "default_from"),
                    service = json::string_or(provider.configuration, "mssid"),
                    sid = json::string_or(provider.configuration, "sid");
  http::Parameters fields;
  fields.add("To", message.recipient);
  if (!is_voice && !service.empty())
    fields.add("MessagingServiceSid", service);
  else if (!from.empty())
    fields.add("From", from);
  else
    return fail(ErrorKind::invalid, "no_sender", "The provider has no default_from to call or write from.");
  if (is_voice)
    fields.add("Twiml", twiml(message.as_voice));
  else
    fields.add("Body", message.as_text);
  auto out = form_request(fields, basic(sid, provider.auth_token));
  out.url = std::string(url.empty() ? twilio_url : url) + "/2010-04-01/Accounts/" + percent_encode(sid) +
            (is_voice ? "/Calls.json" : "/Messages.json");
  return out;
}

bool is_http_service(std::string_view name) { return name == twilio || find_mail_api(name); }

}  // namespace durward::notifications
