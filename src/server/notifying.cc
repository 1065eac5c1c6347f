#include "server/notifying.h"

namespace durward::server {
namespace {

constexpr const char *mails = "durward_mails_total", *phone_messages = "durward_phone_messages_total";
// Of what tenants chose: each may take as long as its deadline.
constexpr adapters::QueueWorkerOptions beside{.batch = 8, .side_by_side = true};

adapters::TenantSmtpOptions smtp_options(const Settings& settings) {
  adapters::TenantSmtpOptions options;
  options.ca_file = settings.text("smtp-ca");
  return options;
}

notifications::ServiceUrls service_urls(const Settings& settings) {
  notifications::ServiceUrls out;
  for (const auto& item : settings.list("provider-url")) {
    const size_t equals = item.find('=');
    out[item.substr(0, equals)] = item.substr(equals + 1);
  }
  return out;
}

}  // namespace

Notifying::Queue::Queue(Core& core, ports::Broker& broker, ports::Notifier& notifier,
                        ports::QueueOptions queue, std::string metric, adapters::QueueWorkerOptions options)
    : consumer(core.jobs(), notifier, core.clock(), std::move(metric), core.metrics()),
      worker(broker, core.outbox(), consumer, core.clock(), std::move(queue), options, core.metrics()) {}

Notifying::Notifying(Core& core, ports::Broker& broker, const Settings& settings,
                     adapters::sandbox::EgressPolicy egress)
    : servers_(smtp_options(settings), std::move(egress), core.clock(), core.random()),
      installation_mails_(core.services(), core.mailer()),
      tenant_mails_(core.services(), servers_, core.fetcher(), service_urls(settings)),
      phone_messages_(core.services(), core.fetcher(), service_urls(settings)) {
  using adapters::job_queue;
  queues_.emplace_back(core, broker, installation_mails_, job_queue("mail", "mail"), mails,
                       adapters::QueueWorkerOptions());
  queues_.emplace_back(core, broker, tenant_mails_, job_queue("own_mail", "mail"), mails, beside);
  queues_.emplace_back(core, broker, phone_messages_, job_queue("phone", "phone"), phone_messages, beside);
}

void Notifying::start() {
  for (auto& queue : queues_) queue.worker.start();
}

void Notifying::stop() {
  for (auto& queue : queues_) queue.worker.stop();
}

}  // namespace durward::server
