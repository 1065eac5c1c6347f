#include "adapters/mail/mail_consumer.h"

#include <charconv>

namespace durward::adapters {

namespace {

// Longer than a mail server may take; shorter than the queue waits for its acknowledgement.
constexpr Seconds lease{100}, ack_wait{120};

Result<int64_t> job_of(const domain::Event& event) {
  const std::string text = json::string_or(event.data, "job");
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return fail(ErrorKind::invalid, "no_job", "The event names no job.");
  return id;
}

}  // namespace

json::Object mail_to_payload(const ports::Mail& m) {
  return {{"to", m.to},     {"from", m.from},     {"subject", m.subject},       {"text", m.text},
          {"html", m.html}, {"tenant", m.tenant}, {"template", m.template_name}};
}

ports::Mail mail_from_payload(const json::Object& p) {
  return {.from = json::string_or(p, "from"),
          .to = json::string_or(p, "to"),
          .subject = json::string_or(p, "subject"),
          .text = json::string_or(p, "text"),
          .html = json::string_or(p, "html"),
          .tenant = json::string_or(p, "tenant"),
          .template_name = json::string_or(p, "template")};
}

ports::QueueOptions mail_queue() {
  return {.name = "mail", .pattern = "mail.requested", .ack_wait = ack_wait};
}

Async<> MailConsumer::handle(domain::Event event) {
  CO_TRY(const int64_t id, job_of(event));
  CO_TRY(auto job, co_await jobs_.claim(id, clock_.now(), lease));
  if (!job) co_return Result<>();
  co_return co_await send(std::move(*job));
}

Async<> MailConsumer::send(ports::Job job) {
  const int64_t id = job.id;
  if (auto sent = co_await mailer_.send(mail_from_payload(job.payload)); !sent) {
    count(sent.error().kind == ErrorKind::invalid ? "refused" : "failed");
    CO_ENSURE(co_await jobs_.retry(id, clock_.now()));
    co_return sent;
  }
  count("sent");
  co_return co_await jobs_.complete(id);
}

Async<> MailConsumer::give_up(domain::Event event) {
  count("given_up");
  const auto id = job_of(event);
  if (!id) co_return Result<>();
  co_return co_await jobs_.complete(*id);
}

void MailConsumer::count(std::string_view outcome) {
  registry_.counter("durward_mails_total", "Mails by outcome.", "outcome=\"" + std::string(outcome) + "\"")
      .add();
}

}  // namespace durward::adapters
