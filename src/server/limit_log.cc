#include "server/limit_log.h"

#include "base/executor.h"
#include "base/log.h"
#include "protocols/record.h"

namespace durward::server {
namespace {

constexpr size_t written_max = 10'000;
constexpr Milliseconds minute{60'000};

domain::LogRecord record_of(const endpoint::RequestContext& context, const Verdict& verdict) {
  const std::string rate(to_string(verdict.row->rate_class)), scope(to_string(verdict.row->scope));
  auto record = protocols::record_of(
      context, nullptr, verdict.allowed ? "api_limit_warning" : "api_limit",
      (verdict.allowed ? "Four fifths of a limit are used up: " : "A limit was exceeded: ") + rate + ", by " +
          scope + ".");
  record.details = {{"class", rate}, {"scope", scope}, {"limit", verdict.limit}};
  return record;
}

Detached write(const ports::Services& services, domain::TenantId tenant, std::string key,
               domain::LogRecord record) {
  try {
    const auto first = co_await services.cache.put_if_absent(key, "1", minute);
    if (first && !*first) co_return;  // another process was first
    record.id = services.sequence.next();
    ports::Writes writes;
    writes.push_back(ports::AppendLog{std::move(record)});
    const auto written = co_await services.committer.commit(tenant, std::move(writes));
    if (!written) log::warning("a limit was not recorded", {{"reason", written.error().code}});
  } catch (const std::exception& failure) {
    log::warning("a limit was not recorded", {{"reason", failure.what()}});
  }
}

}  // namespace

bool LimitLog::is_first(const std::string& key, int64_t now) {
  std::lock_guard lock(mutex_);
  if (written_.size() >= written_max)
    std::erase_if(written_, [&](const auto& one) { return one.second < now; });
  if (written_.size() >= written_max) return false;
  auto& latest = written_.try_emplace(key, -1).first->second;
  return std::exchange(latest, now) != now;
}

void LimitLog::operator()(const endpoint::RequestContext& context, const Verdict& verdict) {
  const int64_t now = to_unix_ms(context.now) / minute.count();
  const std::string key = "limitlog:" + std::to_string(context.tenant->id.value) + ":" +
                          std::string(to_string(verdict.row->rate_class)) +
                          (verdict.allowed ? ":warning" : ":exceeded");
  if (!is_first(key, now)) return;
  Executor::Scope nowhere(nullptr);
  write(services_, context.tenant->id, key + ":" + std::to_string(now), record_of(context, verdict));
}

size_t LimitLog::size() const {
  std::lock_guard lock(mutex_);
  return written_.size();
}

}  // namespace durward::server
