#include "adapters/events/job_consumer.h"

#include <charconv>

namespace durward::adapters {

namespace {

// Longer than a mail server or a script may take; shorter than the queue waits for its acknowledgement.
constexpr Seconds lease{100}, ack_wait{120};
// Clocks of a broker and of the store's clients differ a little.
constexpr Seconds early{1};

Result<int64_t> job_of(const domain::Event& event) {
  const std::string text = json::string_or(event.data, "job");
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return fail(ErrorKind::invalid, "no_job", "The event names no job.");
  return id;
}

}  // namespace

ports::QueueOptions job_queue(std::string name, const std::string& kind) {
  return {.name = std::move(name), .pattern = kind + ".requested", .ack_wait = ack_wait};
}

Async<> JobConsumer::handle(domain::Event event) {
  CO_TRY(const int64_t id, job_of(event));
  CO_TRY(const bool ours, co_await notifier_.serves(event.tenant));
  if (!ours) co_return Result<>();
  CO_TRY(auto job, co_await jobs_.claim(id, clock_.now(), lease));
  if (!job) co_return Result<>();
  co_return co_await deliver(std::move(*job));
}

Async<> JobConsumer::deliver(ports::Job job) {
  const int64_t id = job.id;
  if (auto sent = co_await notifier_.deliver(std::move(job)); !sent) {
    count(sent.error().kind == ErrorKind::invalid ? "refused" : "failed");
    CO_ENSURE(co_await give_back(id, sent.error()));
    co_return sent;
  }
  count("sent");
  co_return co_await jobs_.complete(id);
}

Async<> JobConsumer::give_back(int64_t id, const Error& error) {
  const TimePoint now = clock_.now();
  if (error.code == "notification_retry") return jobs_.retry(id, now);
  return jobs_.release(id, now);
}

// So that nobody takes it for forgotten meanwhile (ports::Jobs::sweep). One that somebody else holds is
// theirs.
Async<> JobConsumer::postponed(domain::Event event, TimePoint until) {
  const auto id = job_of(event);
  if (!id) co_return Result<>();
  const TimePoint now = clock_.now();
  const auto pause = std::chrono::duration_cast<Seconds>(until - now) - early;
  if (pause <= Seconds(0)) co_return Result<>();
  if (auto kept = co_await jobs_.claim(*id, now, pause); !kept && kept.error().code != "job_busy")
    co_return std::unexpected(kept.error());
  co_return Result<>();
}

Async<> JobConsumer::give_up(domain::Event event) {
  count("given_up");
  const auto id = job_of(event);
  if (!id) co_return Result<>();
  // Somebody else who holds it will find it gone.
  auto job = co_await jobs_.claim(*id, clock_.now(), lease);
  if (job && *job) CO_ENSURE(co_await notifier_.give_up(**std::move(job)));
  co_return co_await jobs_.complete(*id);
}

void JobConsumer::count(std::string_view outcome) {
  registry_.counter(metric_, "Mails or messages by outcome.", "outcome=\"" + std::string(outcome) + "\"")
      .add();
}

}  // namespace durward::adapters
