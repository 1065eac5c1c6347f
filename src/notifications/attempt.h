#pragma once
#include <string>

#include "ports/notifications.h"
#include "ports/services.h"

// What came of one attempt to deliver, and what follows from it.
namespace durward::notifications {

// How often a tenant's own code may ask for another attempt (Auth0: five).
inline constexpr int retries_max = 5;

struct Attempt {
  enum class End {
    sent,
    dropped,     // the tenant's code gave it up
    failed,      // never will be
    postponed,   // may be later, whoever's fault it is now
    asked_again  // the tenant's code wants another attempt
  };
  End end = End::sent;
  std::string reason;    // of all others, for the tenant's log
  ports::Writes writes;  // the record of an execution
};
// Of what a transport says: invalid has failed, every other error is postponed.
Attempt attempt_of(const Result<>& sent);

// What the log shows of a notification: never its text, which may hold a link or a code.
struct Subject {
  std::string provider, to, message_type;
  domain::NotificationFacts about;
};

// Commits what an attempt leaves: the record of an execution and, unless it was sent or asked for again, a
// log record of type "fn". Returns what the queue is told (ports::Notifier::deliver). What was sent stays
// sent when nothing can be committed.
Async<> settle(const ports::Services& services, ports::Job job, Subject subject, Attempt attempt);
// The record of a notification that nobody tries any more.
Task<void> record_end(const ports::Services& services, domain::TenantId tenant, Subject subject);

}  // namespace durward::notifications
