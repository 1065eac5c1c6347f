#pragma once
#include "ports/mailer.h"
#include "ports/storage/commit.h"
#include "ports/storage/jobs.h"

// Mails and phone messages that are owed: jobs of kind "mail" and "phone", each written in the commit of the
// change it belongs to and delivered by the role worker.
namespace durward::ports {

struct PhoneMessage {
  std::string tenant;                    // its name
  std::string recipient;                 // E.164
  std::string delivery_method = "text";  // or "voice"
  std::string message_type;              // "otp_verify", "otp_enroll", "blocked_account" ...
  std::string as_text, as_voice;
  std::string code, locale;  // each may be empty
  bool is_trial = false;     // also through a provider that is disabled
  domain::NotificationFacts about;
};

InsertJob mail_job(int64_t id, const Mail& mail, TimePoint now);
Mail mail_of(const Job& job);
InsertJob phone_job(int64_t id, const PhoneMessage& message, TimePoint now);
PhoneMessage phone_message_of(const Job& job);

// Delivers what jobs of one kind hold, the way their tenants chose. Thread-safe.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // Whether this one delivers for the tenant: of those that hear of a job exactly one does.
  virtual Async<bool> serves(domain::TenantId tenant) = 0;
  // Delivered, or settled otherwise for good. Errors: `invalid` never will be; all others may be later, and
  // "notification_retry" counts as an attempt of the job, because the tenant's code asked for it.
  virtual Async<> deliver(Job job) = 0;
  // Nobody tries again: says so in the tenant's log.
  virtual Async<> give_up(Job job) = 0;
};

}  // namespace durward::ports
