#pragma once
#include <list>

#include "adapters/events/job_consumer.h"
#include "adapters/mail/tenant_smtp.h"
#include "notifications/phone_notifier.h"
#include "server/wiring.h"

namespace durward::server {

// Who delivers mails and phone messages in the role worker: a notifier, a queue and its worker for each of
// the installation's mails, those that go through tenants' own providers, and messages to phones. Queues of
// their own, so that a slow provider of one tenant's makes no mail of another wait.
class Notifying {
 public:
  // All arguments outlive it but the policy: where tenants' mail servers may be.
  Notifying(Core& core, ports::Broker& broker, const Settings& settings,
            adapters::sandbox::EgressPolicy egress);

  void start();
  void stop();

 private:
  struct Queue {
    Queue(Core& core, ports::Broker& broker, ports::Notifier& notifier, ports::QueueOptions queue,
          std::string metric, adapters::QueueWorkerOptions options);
    adapters::JobConsumer consumer;
    adapters::QueueWorker worker;
  };

  adapters::TenantSmtp servers_;
  notifications::InstallationMails installation_mails_;
  notifications::TenantMails tenant_mails_;
  notifications::PhoneMessages phone_messages_;
  std::list<Queue> queues_;
};

}  // namespace durward::server
