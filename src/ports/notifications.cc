#include "ports/notifications.h"

namespace durward::ports {
namespace {

// Texts of a payload by their members. A job outlives the version that wrote it: names stay.
template <class T>
struct Text {
  std::string_view name;
  std::string T::* member;
};
constexpr Text<Mail> mail_texts[] = {{"to", &Mail::to},           {"from", &Mail::from},
                                     {"subject", &Mail::subject}, {"text", &Mail::text},
                                     {"html", &Mail::html},       {"template", &Mail::template_name},
                                     {"tenant", &Mail::tenant}};
constexpr Text<PhoneMessage> phone_texts[] = {{"tenant", &PhoneMessage::tenant},
                                              {"recipient", &PhoneMessage::recipient},
                                              {"delivery_method", &PhoneMessage::delivery_method},
                                              {"message_type", &PhoneMessage::message_type},
                                              {"as_text", &PhoneMessage::as_text},
                                              {"as_voice", &PhoneMessage::as_voice},
                                              {"code", &PhoneMessage::code},
                                              {"locale", &PhoneMessage::locale}};

template <class T, size_t N>
json::Object payload_of(const T& from, const Text<T> (&texts)[N]) {
  json::Object out{{"about", from.about.to_json()}};
  for (const auto& text : texts) out[text.name] = from.*text.member;
  return out;
}

template <class T, size_t N>
T read(const json::Object& payload, const Text<T> (&texts)[N]) {
  T out;
  for (const auto& text : texts) out.*text.member = json::string_or(payload, text.name);
  if (const auto* about = json::object(payload, "about"))
    out.about = domain::NotificationFacts::from_json(*about);
  return out;
}

}  // namespace

InsertJob mail_job(int64_t id, const Mail& mail, TimePoint now) {
  return {.id = id, .kind = "mail", .payload = payload_of(mail, mail_texts), .not_before = now};
}

Mail mail_of(const Job& job) { return read(job.payload, mail_texts); }

InsertJob phone_job(int64_t id, const PhoneMessage& message, TimePoint now) {
  auto payload = payload_of(message, phone_texts);
  payload["trial"] = message.is_trial;
  return {.id = id, .kind = "phone", .payload = std::move(payload), .not_before = now};
}

PhoneMessage phone_message_of(const Job& job) {
  auto out = read(job.payload, phone_texts);
  out.is_trial = json::boolean_or(job.payload, "trial", false);
  return out;
}

}  // namespace durward::ports
