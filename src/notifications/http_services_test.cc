#include "notifications/http_services.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "http/message.h"

namespace durward::notifications {
namespace {

domain::MailProvider provider(std::string name, json::Object credentials) {
  return {.name = std::move(name),
          .enabled = true,
          .default_from = "Acme \"Co\" <no-reply@acme.test>",
          .credentials = std::move(credentials),
          .settings = {}};
}

ports::Mail mail() {
  ports::Mail out;
  out.from = "installation@host.test";
  out.to = "ada@acme.test";
  out.subject = "Hello";
  out.text = "plain";
  out.html = "<p>rich</p>";
  return out;
}

ports::Outbound asked(const domain::MailProvider& from, std::string_view url = {}) {
  const auto* api = find_mail_api(from.name);
  EXPECT_TRUE(api);
  return mail_request(*api, from, letter_of(from, mail()).value(), url);
}
std::string header(const ports::Outbound& request, std::string_view name) {
  for (const auto& [known, value] : request.headers)
    if (known == name) return value;
  return "";
}

TEST(http_services, every_provider_that_may_be_named_has_a_way) {
  for (const auto& service : domain::mail_services()) {
    const bool is_other = service.name == "smtp" || service.name == domain::custom_provider;
    EXPECT_EQ(find_mail_api(service.name) != nullptr, !is_other) << service.name;
  }
}

TEST(http_services, sendgrid) {
  const auto request = asked(provider("sendgrid", {{"api_key", "K"}}));
  EXPECT_EQ(request.url, "https://api.sendgrid.com/v3/mail/send");
  EXPECT_EQ(header(request, "Authorization"), "Bearer K");
  EXPECT_EQ(
      request.body,
      R"({"personalizations":[{"to":[{"email":"ada@acme.test"}]}],)"
      R"("from":{"email":"no-reply@acme.test","name":"Acme \"Co\""},"subject":"Hello",)"
      R"("content":[{"type":"text/plain","value":"plain"},{"type":"text/html","value":"<p>rich</p>"}]})");
}

TEST(http_services, resend_and_sparkpost) {
  const auto resend = asked(provider("resend", {{"api_key", "K"}}));
  EXPECT_EQ(resend.body,
            R"({"from":"\"Acme \\\"Co\\\"\" <no-reply@acme.test>","to":["ada@acme.test"],"subject":"Hello",)"
            R"("text":"plain","html":"<p>rich</p>"})");
  const auto sparkpost = asked(provider("sparkpost", {{"api_key", "K"}, {"region", "eu"}}));
  EXPECT_EQ(sparkpost.url, "https://api.eu.sparkpost.com/api/v1/transmissions");
  EXPECT_EQ(header(sparkpost, "Authorization"), "K");
  EXPECT_TRUE(
      sparkpost.body.starts_with(R"({"recipients":[{"address":{"email":"ada@acme.test"}}],"content":{)"));
}

TEST(http_services, mailgun_is_asked_with_a_form_and_basic_authentication) {
  const auto request = asked(provider("mailgun", {{"api_key", "K"}, {"domain", "mg.acme.test/../x"}}));
  EXPECT_EQ(request.url, "https://api.mailgun.net/v3/mg.acme.test%2F..%2Fx/messages") << "stays one segment";
  EXPECT_EQ(header(request, "Authorization"), "Basic " + to_base64("api:K"));
  const auto fields = http::parse_form(request.body).value();
  EXPECT_EQ(fields.get_or("from"), "\"Acme \\\"Co\\\"\" <no-reply@acme.test>");
  EXPECT_EQ(fields.get_or("html"), "<p>rich</p>");
}

TEST(http_services, mandrill_says_in_its_answer_whether_it_took_the_mail) {
  auto from = provider("mandrill", {{"api_key", "K"}});
  from.settings = {{"message", json::Object{{"view_content_link", true}}}};
  const auto request = asked(from, "https://localhost:1/send");
  EXPECT_EQ(request.url, "https://localhost:1/send");
  EXPECT_TRUE(request.body.contains(R"("view_content_link":true)"));
  EXPECT_TRUE(header(request, "Authorization").empty());
  const auto accepts = find_mail_api("mandrill")->accepts;
  EXPECT_TRUE(judge_answer({200, R"([{"status":"queued"}])"}, accepts));
  EXPECT_EQ(judge_answer({200, R"([{"status":"rejected"}])"}, accepts).error().kind, ErrorKind::invalid);
  EXPECT_FALSE(judge_answer({200, "[]"}, accepts));
  EXPECT_FALSE(judge_answer({200, "<html>"}, accepts));
}

TEST(http_services, an_address_that_cannot_be_used_is_refused) {
  auto from = provider("sendgrid", {{"api_key", "K"}});
  auto to_many = mail();
  to_many.to = "a@b.test, c@d.test";
  EXPECT_EQ(letter_of(from, to_many).error().code, "invalid_address");
  from.default_from.clear();
  EXPECT_EQ(letter_of(from, mail())->from.address, "installation@host.test");
}

TEST(http_services, what_may_pass_is_told_from_what_never_will) {
  for (const int status : {401, 403, 408, 429, 500, 503})
    EXPECT_EQ(judge_answer({status, ""}).error().kind, ErrorKind::unavailable) << status;
  for (const int status : {302, 400, 404, 413, 422})
    EXPECT_EQ(judge_answer({status, ""}).error().kind, ErrorKind::invalid) << status;
  EXPECT_TRUE(judge_answer({202, ""}));
  const auto said = judge_answer({400, std::string(5000, 'x')}).error().message;
  EXPECT_TRUE(said.starts_with("The provider answered 400: xxx"));
  EXPECT_LT(said.size(), 400u);
}

domain::PhoneProvider twilio(json::Object configuration) {
  return {.id = "pro_1",
          .name = "twilio",
          .disabled = false,
          .configuration = std::move(configuration),
          .auth_token = "T"};
}

TEST(http_services, twilio_sends_texts_and_speaks) {
  ports::PhoneMessage message{.recipient = "+15550100", .as_text = "Hi", .as_voice = "Hi <you>"};
  const auto by_service = twilio({{"sid", "AC1"}, {"mssid", "MG1"}, {"default_from", "+1555"}});
  const auto text = twilio_request(by_service, message).value();
  EXPECT_EQ(text.url, "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json");
  EXPECT_EQ(text.body, "To=%2B15550100&MessagingServiceSid=MG1&Body=Hi");
  EXPECT_EQ(header(text, "Authorization"), "Basic " + to_base64("AC1:T"));
  message.delivery_method = "voice";
  const auto call = twilio_request(by_service, message, "https://localhost:1").value();
  EXPECT_EQ(call.url, "https://localhost:1/2010-04-01/Accounts/AC1/Calls.json");
  const auto fields = http::parse_form(call.body).value();
  EXPECT_EQ(fields.get_or("From"), "+1555");
  EXPECT_EQ(fields.get_or("Twiml"), "<Response><Say>Hi &lt;you&gt;</Say></Response>");
  EXPECT_EQ(twilio_request(twilio({{"sid", "AC1"}, {"mssid", "MG1"}}), message).error().code, "no_sender");
}

}  // namespace
}  // namespace durward::notifications
