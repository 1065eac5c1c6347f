#include "server/deferred_logs.h"

#include <algorithm>

#include "base/executor.h"
#include "base/log.h"

namespace durward::server {
namespace {

bool is_log_only(const ports::Writes& writes) {
  return !writes.empty() && std::ranges::all_of(writes, [](const ports::Write& write) {
    return std::holds_alternative<ports::AppendLog>(write) ||
           std::holds_alternative<ports::AppendExecution>(write);
  });
}

bool is_away(const Result<>& result) { return !result && result.error().kind == ErrorKind::unavailable; }

}  // namespace

DeferredLogs::DeferredLogs(ports::Committer& inner, metrics::Registry& registry, size_t waiting_max,
                           Milliseconds retry)
    : inner_(inner),
      waiting_max_(waiting_max),
      retry_(retry),
      depth_(registry.gauge("durward_deferred_logs", "Log records that wait for the store to come back.")) {
  thread_ = std::thread([this] { work(); });
}

DeferredLogs::~DeferredLogs() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (!lists_.empty()) log::error("log records are lost", {{"count", int64_t(lists_.size())}});
}

Async<> DeferredLogs::commit(domain::TenantId tenant, ports::Writes writes) {
  if (!is_log_only(writes)) co_return co_await inner_.commit(tenant, std::move(writes));
  auto stored = co_await inner_.commit(tenant, writes);
  if (is_away(stored) && keep(tenant, std::move(writes))) co_return Result<>();
  co_return stored;
}

size_t DeferredLogs::waiting() const {
  std::lock_guard lock(mutex_);
  return lists_.size();
}

bool DeferredLogs::keep(domain::TenantId tenant, ports::Writes writes) {
  std::lock_guard lock(mutex_);
  if (stopping_ || lists_.size() >= waiting_max_) return false;
  lists_.push_back({tenant, std::move(writes)});
  depth_.set(int64_t(lists_.size()));
  changed_.notify_one();
  return true;
}

void DeferredLogs::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !lists_.empty(); });
    if (lists_.empty()) return;
    lock.unlock();
    const bool written = write_first();
    lock.lock();
    if (written) continue;
    if (stopping_) return;
    changed_.wait_for(lock, retry_, [this] { return stopping_; });
  }
}

// A list whose first commit was stored after all is refused now, because its records are there: that is fine.
bool DeferredLogs::write_first() {
  List first;
  {
    std::lock_guard lock(mutex_);
    first = lists_.front();
  }
  const auto stored = run_sync(inner_.commit(first.tenant, std::move(first.writes)));
  if (is_away(stored)) return false;
  if (!stored && stored.error().kind != ErrorKind::conflict)
    log::warning("a log record is lost", {{"reason", stored.error().code}});
  std::lock_guard lock(mutex_);
  lists_.pop_front();
  depth_.set(int64_t(lists_.size()));
  return true;
}

}  // namespace durward::server
