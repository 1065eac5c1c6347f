#include "connections/database/mails.h"

#include <stdexcept>

#include "base/encoding.h"
#include "connections/database/database.h"

namespace durward::connections::database {

namespace {

// {product}, {valid} and {address} are replaced; each template is one question, one link and one way out. One
// without a button has no link.
struct Template {
  std::string_view name, subject, lead, button, ignore;
};
constexpr Template templates[] = {
    {"verify_email", "Verify your e-mail address for {product}",
     "Please confirm that this is your e-mail address for {product}. The link works once, for {valid}.",
     "Verify my address", "If you have not signed up, you can ignore this message."},
    {"reset_email", "Reset your {product} password",
     "Somebody asked to change the password of your {product} account. The link works once, for {valid}.",
     "Choose a new password", "If it was not you, ignore this message: your password stays as it is."},
    {"blocked_account", "Sign-in to {product} is blocked",
     "There were too many wrong passwords for your {product} account, the last from {address}, so sign-in is "
     "blocked. If it was you, you can unblock it. The link works once, for {valid}.",
     "Unblock my account",
     "If it was not you, somebody may be guessing your password: leave the block where it is, and make sure "
     "that you use this password nowhere else."},
    {"blocked_address", "Suspicious sign-in attempts at {product}",
     "There were too many sign-in or sign-up attempts from {address}. Further ones are refused until some "
     "time "
     "has passed.",
     "", "The tenant log has the details (limit_mu). This message comes at most once an hour."},
    {"stolen_credentials", "Please change your {product} password",
     "The password of your {product} account is on a list of passwords that leaked elsewhere, and somebody "
     "who knows it "
     "has just signed in or tried to. Please choose another one. The link works once, for {valid}.",
     "Choose a new password", "If you use the same password for other accounts, change it there too."},
    {"breached_passwords", "Leaked passwords are used at {product}",
     "Somebody used a password at {product} that is on a list of leaked passwords. The tenant's log says who "
     "and from where: "
     "see its records of type pwd_leak, signup_pwd_leak and reset_pwd_leak.",
     "", "You get this message because breached-password detection notifies administrators."},
};

const Template& template_of(std::string_view name) {
  for (const Template& t : templates)
    if (t.name == name) return t;
  throw std::logic_error("no mail template " + std::string(name));
}

std::string plural(int64_t count, std::string_view unit) {
  return std::to_string(count) + " " + std::string(unit) + (count == 1 ? "" : "s");
}

std::string duration(Seconds valid) {
  const int64_t seconds = valid.count();
  if (seconds >= 2 * 86400) return plural(seconds / 86400, "day");
  if (seconds >= 2 * 3600) return plural(seconds / 3600, "hour");
  return plural(std::max<int64_t>(1, seconds / 60), "minute");
}

std::string filled(std::string_view text, const MailFacts& facts) {
  std::string out(text);
  const std::pair<std::string_view, std::string> places[] = {
      {"{valid}", duration(facts.valid)}, {"{product}", facts.product}, {"{address}", facts.address}};
  for (const auto& [place, value] : places)
    for (size_t at = 0; (at = out.find(place, at)) != out.npos; at += value.size())
      out.replace(at, place.size(), value);
  return out;
}

// A header field must stay one line (RFC 5322 §2.2), whatever a tenant calls itself.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = ' ';
  return text;
}

std::string text_body(const Template& t, const MailFacts& facts) {
  std::string out = filled(t.lead, facts) + "\n\n";
  if (!t.button.empty()) out += facts.url + "\n\n";
  out += std::string(t.ignore) + "\n";
  if (!facts.support_email.empty()) out += "\nQuestions? " + facts.support_email + "\n";
  return out;
}

std::string html_body(const Template& t, const MailFacts& facts) {
  std::string out = "<!doctype html><html><body style=\"font-family:sans-serif\"><p>";
  out += html_escape(filled(t.lead, facts)) + "</p><p>";
  if (!t.button.empty())
    out += "<a href=\"" + html_escape(facts.url) + "\">" + html_escape(t.button) + "</a></p><p>";
  out += html_escape(t.ignore) + "</p>";
  if (!facts.support_email.empty()) out += "<p>Questions? " + html_escape(facts.support_email) + "</p>";
  return out + "</body></html>\n";
}

}  // namespace

domain::NotificationFacts about(const Scene& scene, const domain::Connection& connection,
                                const domain::User& user) {
  return {.user_id = user.user_id,
          .client_id = scene.client_id,
          .connection = connection.name,
          .ip = scene.ip,
          .user_agent = scene.user_agent,
          .hostname = scene.host};
}

ports::Mail render_mail(std::string_view name, const MailFacts& facts) {
  const Template& t = template_of(name);
  return {.from = facts.from,
          .to = facts.to,
          .subject = one_line(filled(t.subject, facts)),
          .text = text_body(t, facts),
          .html = html_body(t, facts),
          .tenant = facts.tenant_name,
          .template_name = std::string(name),
          .about = facts.about};
}

}  // namespace durward::connections::database
