#include "notifications/attempt.h"

#include "base/excerpt.h"
#include "base/log.h"

namespace durward::notifications {
namespace {

using End = Attempt::End;
constexpr size_t reason_max = 500;

ports::Write failure_record(const ports::Services& services, const Subject& subject,
                            const std::string& reason) {
  return ports::AppendLog{
      {.id = services.sequence.next(),
       .date = services.clock.now(),
       .type = "fn",  // Failed Sending Notification
       .description = excerpt(reason, reason_max),
       .connection = subject.about.connection,
       .client_id = subject.about.client_id,
       .ip = subject.about.ip,
       .user_agent = subject.about.user_agent,
       .user_id = subject.about.user_id,
       .hostname = subject.about.hostname,
       .details = {
           {"to", subject.to}, {"provider", subject.provider}, {"message_type", subject.message_type}}}};
}

// Retries of which the last was used up are a failure.
Attempt counted(const ports::Job& job, Attempt attempt) {
  if (attempt.end != End::asked_again || job.attempts < retries_max) return attempt;
  attempt.end = End::failed;
  attempt.reason = "Given up after " + std::to_string(retries_max) + " retries: " + attempt.reason;
  return attempt;
}

Result<> told(const Attempt& attempt) {
  if (attempt.end == End::asked_again)
    return fail(ErrorKind::unavailable, "notification_retry", {}, attempt.reason);
  if (attempt.end == End::postponed)
    return fail(ErrorKind::unavailable, "notification_unavailable", {}, attempt.reason);
  return {};
}

Task<void> keep(const ports::Services& services, domain::TenantId tenant, ports::Writes writes) {
  if (writes.empty()) co_return;
  if (auto kept = co_await services.committer.commit(tenant, std::move(writes)); !kept)
    log::warning("a record of a notification was lost", {{"error", kept.error().code}});
}

}  // namespace

Attempt attempt_of(const Result<>& sent) {
  if (sent) return {};
  const auto& error = sent.error();
  return {.end = error.kind == ErrorKind::invalid ? End::failed : End::postponed,
          .reason = error.message.empty() ? error.code : error.message};
}

Async<> settle(const ports::Services& services, ports::Job job, Subject subject, Attempt attempt) {
  attempt = counted(job, std::move(attempt));
  const bool is_failure = attempt.end != End::sent && attempt.end != End::asked_again;
  if (is_failure) attempt.writes.push_back(failure_record(services, subject, attempt.reason));
  const auto result = told(attempt);
  co_await keep(services, job.tenant, std::move(attempt.writes));
  co_return result;
}

Task<void> record_end(const ports::Services& services, domain::TenantId tenant, Subject subject) {
  co_await keep(services, tenant,
                {failure_record(services, subject, "Given up: the notification could not be delivered.")});
}

}  // namespace durward::notifications
