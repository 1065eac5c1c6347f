#include "adapters/mail/mail_worker.h"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/executor.h"
#include "base/log.h"

namespace durward::adapters {

namespace {
constexpr std::string_view mail_kind = "mail";
constexpr Seconds first_pause{30}, longest_pause{3600}, unknown_kind_pause{3600};

// 30 s, doubled with each attempt up to an hour: twelve attempts take about six hours.
Seconds pause_after(int attempts) {
  const auto pause = first_pause * (int64_t(1) << std::min(attempts, 20));
  return std::min(pause, longest_pause);
}

json::Object fields_of(const ports::Job& job, const Error& error) {
  return {{"job", job.id}, {"attempts", job.attempts + 1}, {"error", error.code}, {"debug", error.debug}};
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

struct MailWorker::Impl {
  Impl(ports::Jobs& jobs_, ports::Mailer& mailer_, const Clock& clock_, MailWorkerOptions options_,
       metrics::Registry* given)
      : jobs(jobs_),
        mailer(mailer_),
        clock(clock_),
        options(options_),
        registry(given ? *given : own_registry) {}

  void count(std::string_view outcome) {
    registry.counter("durward_mails_total", "Mails by outcome.", "outcome=\"" + std::string(outcome) + "\"")
        .add();
  }

  Async<> settle(ports::Job job, Result<> sent) {
    if (sent) {
      count("sent");
      co_return co_await jobs.complete(job.id);
    }
    const bool hopeless = sent.error().kind == ErrorKind::invalid;
    if (hopeless || job.attempts + 1 >= options.attempts_max) {
      count(hopeless ? "refused" : "given_up");
      log::error("a mail was not sent", fields_of(job, sent.error()));
      co_return co_await jobs.complete(job.id);
    }
    count("retried");
    log::warning("a mail is tried again later", fields_of(job, sent.error()));
    co_return co_await jobs.retry(job.id, clock.now() + pause_after(job.attempts));
  }

  Async<> handle(ports::Job job) {
    if (job.kind != mail_kind) co_return co_await jobs.retry(job.id, clock.now() + unknown_kind_pause);
    auto sent = co_await mailer.send(mail_from_payload(job.payload));
    co_return co_await settle(std::move(job), std::move(sent));
  }

  Async<int64_t> round() {
    CO_TRY(auto claimed, co_await jobs.claim(clock.now(), options.lease, options.batch));
    int64_t handled = 0;
    for (auto& job : claimed) {
      if (is_stopping()) break;  // the lease runs out and the next worker takes the rest
      CO_ENSURE(co_await handle(std::move(job)));
      ++handled;
    }
    co_return handled;
  }

  bool is_stopping() {
    std::lock_guard lock(mutex);
    return stopping;
  }
  void wake() {
    std::lock_guard lock(mutex);
    woken = true;
    ready.notify_one();
  }

  template <class T>
  void run(Async<T> task, std::string_view what) {
    try {
      const auto result = loop.run(std::move(task));
      if (!result)
        log::warning("the worker could not work", {{"task", what}, {"error", result.error().code}});
    } catch (const std::exception& e) {
      log::error("the worker failed", {{"task", what}, {"exception", e.what()}});
    }
  }

  Async<int64_t> all_due() {
    int64_t total = 0;
    for (int64_t n = options.batch; n == options.batch && !is_stopping(); total += n) {
      CO_TRY(n, co_await round());
    }
    co_return total;
  }

  void work() {
    auto next_sweep = std::chrono::steady_clock::now();
    while (!is_stopping()) {
      run(all_due(), "mail");
      if (std::chrono::steady_clock::now() >= next_sweep) {
        next_sweep = std::chrono::steady_clock::now() + options.sweep_interval;
        run(jobs.sweep(clock.now(), options.sweep_limit), "sweep");
      }
      std::unique_lock lock(mutex);
      ready.wait_for(lock, options.poll_interval, [this] { return stopping || woken; });
      woken = false;
    }
  }

  ports::Jobs& jobs;
  ports::Mailer& mailer;
  const Clock& clock;
  const MailWorkerOptions options;
  metrics::Registry own_registry;
  metrics::Registry& registry;
  Loop loop;
  std::mutex mutex;
  std::condition_variable ready;
  bool woken = false, stopping = false;
  std::thread thread;
};

MailWorker::MailWorker(ports::Jobs& jobs, ports::Mailer& mailer, const Clock& clock,
                       MailWorkerOptions options, metrics::Registry* registry)
    : impl_(std::make_shared<Impl>(jobs, mailer, clock, options, registry)) {}
MailWorker::~MailWorker() { stop(); }

void MailWorker::start() {
  impl_->jobs.on_job([weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->wake();
  });
  impl_->thread = std::thread([this] { impl_->work(); });
  pthread_setname_np(impl_->thread.native_handle(), "worker");
}

void MailWorker::stop() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->ready.notify_all();
  if (!impl_->thread.joinable()) return;
  impl_->thread.join();
  impl_->jobs.on_job({});
}

Async<int64_t> MailWorker::run_once() { return impl_->round(); }

}  // namespace durward::adapters
