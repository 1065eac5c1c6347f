// bench_store STORE IN_FLIGHT SECONDS: how many lists of writes of a login a store makes durable, with that many under
// way at once. STORE is sqlite:PATH or postgres://...; one JSON object on stdout.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/resource.h>

#include "adapters/postgres/store.h"
#include "adapters/sqlite/store.h"
#include "base/executor.h"
#include "base/sequence.h"

namespace durward {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr int users = 256;

struct Bench {
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  Sequence sequence{clock, random};
  std::unique_ptr<ports::Store> store;
  domain::TenantId tenant;
  SteadyClock::time_point end;
  std::vector<double> milliseconds;
  int64_t failed = 0;
};

Result<> open(Bench& bench, const std::string& url) {
  if (url.starts_with("sqlite:")) {
    TRY(bench.store, adapters::SqliteStore::open({.path = url.substr(7)}, bench.clock, &bench.registry));
  } else {
    TRY(bench.store, adapters::PostgresStore::open({.url = url, .write_connections = 32}, bench.clock, bench.random,
                                                   &bench.registry));
  }
  TRY(const auto found, run_sync(bench.store->tenants().find_by_name("bench")));
  if (found) {
    bench.tenant = found->id;
    return {};
  }
  TRY(const auto made, run_sync(bench.store->tenants().create("bench", "k", bench.clock.now())));
  bench.tenant = made.id;
  ports::Writes writes;
  for (int i = 0; i < users; ++i) {
    domain::User u;
    u.user_id = "auth0|" + std::to_string(i);
    u.identities.push_back({.connection = "db", .provider = "auth0", .user_id = std::to_string(i)});
    writes.push_back(ports::InsertUser{u, {}, "hash"});
  }
  return run_sync(bench.store->committer().commit(bench.tenant, std::move(writes)));
}

std::string user_of(int64_t n) { return "auth0|" + std::to_string(n % users); }

ports::AppendLog record(Bench& bench, const std::string& type, const std::string& user) {
  return {{.id = bench.sequence.next(), .date = bench.clock.now(), .type = type, .description = "Successful login",
           .connection = "db", .client_id = "client", .ip = "203.0.113.7", .user_id = user, .user_name = user}};
}

// What the password page commits, then what the code exchange commits.
std::pair<ports::Writes, ports::Writes> login(Bench& bench, int64_t n) {
  const auto now = bench.clock.now();
  const auto user = user_of(n);
  domain::Session session{.id = bench.sequence.next(), .public_part = bench.random.bytes(16),
                          .secret_sha256 = bench.random.bytes(32), .user_id = user, .connection = "db"};
  session.created_at = session.updated_at = session.authenticated_at = now;
  session.idle_expires_at = now + Seconds(3 * 86400);
  session.expires_at = now + Seconds(7 * 86400);
  session.device = {"203.0.113.7", "Mozilla/5.0 (X11; Linux x86_64)", "203.0.113.7", "Mozilla/5.0 (X11; Linux x86_64)"};
  domain::AuthorizationCode code{.id = bench.sequence.next(), .secret_sha256 = bench.random.bytes(32)};
  code.authorization = {.client_id = "client", .user_id = user, .audience = "https://api/", .scope = {"openid", "email"}};
  code.redirect_uri = "https://app.example/callback";
  code.created_at = now;
  code.expires_at = now + Seconds(60);
  code.grant_id = bench.sequence.next();
  domain::RefreshToken token{.id = bench.sequence.next(), .secret_sha256 = bench.random.bytes(32)};
  token.family = token.id;
  token.authorization = code.authorization;
  token.rotating = true;
  token.created_at = now;
  token.expires_at = now + Seconds(30 * 86400);
  return {{ports::InsertSession{session}, ports::RecordLogin{user, "203.0.113.7", now}, ports::InsertCode{code},
           record(bench, "s", user)},
          {ports::ConsumeCode{code.id, now}, ports::InsertRefreshToken{token}, record(bench, "seacft", user)}};
}

Task<bool> commit(Bench& bench, ports::Writes writes) {
  const auto start = SteadyClock::now();
  const auto stored = co_await bench.store->committer().commit(bench.tenant, std::move(writes));
  bench.milliseconds.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count());
  if (!stored) ++bench.failed;
  co_return stored.has_value();
}

Detached keep_logging_in(Bench& bench, int64_t n, int& left, std::function<void()>& done) {
  for (int64_t i = n; SteadyClock::now() < bench.end; i += 64) {
    auto [page, exchange] = login(bench, i);
    if (co_await commit(bench, std::move(page))) (void)co_await commit(bench, std::move(exchange));
  }
  if (--left == 0) done();
}

Task<bool> run(Bench& bench, int in_flight) {
  int left = in_flight;
  std::function<void()> done;
  co_await Suspend{[&](std::function<void()> resume) {
    done = std::move(resume);
    for (int n = 0; n < in_flight; ++n) keep_logging_in(bench, n, left, done);
  }};
  co_return true;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int main_of(const std::string& url, int in_flight, double seconds) {
  Bench bench;
  if (const auto opened = open(bench, url); !opened) {
    std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    return 1;
  }
  const auto& trips = bench.registry.counter("durward_store_round_trips_total", "", "kind=\"write\"");
  const auto& flushes = bench.registry.counter("durward_store_flushes_total", "");
  const auto trips_before = trips.value(), flushes_before = flushes.value();
  const double cpu = cpu_seconds();
  const auto start = SteadyClock::now();
  bench.end = start + std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
  (void)run_sync(run(bench, in_flight));
  const double took = std::chrono::duration<double>(SteadyClock::now() - start).count();
  auto& ms = bench.milliseconds;
  std::ranges::sort(ms);
  const double n = double(ms.size());
  std::printf("{\"rate\":%.1f,\"p50\":%.3f,\"p99\":%.3f,\"trips\":%.3f,\"flushes\":%.3f,\"cpuMicros\":%.1f,\"failed\":%lld}\n",
              n / took, ms[ms.size() / 2], ms[ms.size() * 99 / 100], double(trips.value() - trips_before) / n,
              double(flushes.value() - flushes_before) / n, (cpu_seconds() - cpu) * 1e6 / n,
              static_cast<long long>(bench.failed));
  return bench.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace durward

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "bench_store sqlite:PATH|postgres://... IN_FLIGHT SECONDS\n");
    return 2;
  }
  return durward::main_of(argv[1], std::atoi(argv[2]), std::atof(argv[3]));
}
