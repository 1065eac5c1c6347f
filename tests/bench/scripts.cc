// What customers' code costs through adapters/sandbox, without login, HTTP or TLS: bench_scripts ENGINE CALL WHAT N [TENANTS [WIDTH]].
// CALL is a file with one call, as the extensions role gets it (scripts_wire.h). WHAT:
//   rate   N seconds of calls as fast as they are done, WIDTH under way of each tenant
//   cold   a call each of N tenants that nobody has heard of, while processes wait in the pool
//   full   the same when idle processes of other tenants have all places
//   idle   N times a tenant's first call after its process ended for want of calls
// Prints one JSON object: p50, p99 and longest of a call in milliseconds; of `rate` also calls a second and the processor's microseconds a call,
// in the workers and in this process.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "adapters/sandbox/scripts_wire.h"
#include "adapters/sandbox/supervisor.h"
#include "base/executor.h"

namespace durward {
namespace {

namespace fs = std::filesystem;
namespace sandbox = adapters::sandbox;
using Steady = std::chrono::steady_clock;
constexpr Milliseconds poll{1};
constexpr size_t calls_to_warm = 10'000;
constexpr double warming_max_ms = 5'000;

double since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

std::string read(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Of the threads that live, by the scheduler's nanoseconds. A thread that ends meanwhile counts nothing.
double cpu_micros(const std::string& pid) {
  double sum = 0;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator("/proc/" + pid + "/task", gone))
    sum += std::strtod(read(task.path() / "schedstat").c_str(), nullptr) / 1e3;
  return sum;
}

double family_micros(const std::string& pid) {
  double sum = 0;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator("/proc/" + pid + "/task", gone)) {
    std::istringstream children(read(task.path() / "children"));
    for (std::string child; children >> child;) sum += cpu_micros(child) + family_micros(child);
  }
  return sum;
}

struct Spent {
  double here, workers;
};
Spent spent() {
  const std::string self = std::to_string(getpid());
  return {cpu_micros(self), family_micros(self)};
}

// What the calls of one measurement took.
class Record {
 public:
  void begin() {
    const std::lock_guard lock(mutex_);
    milliseconds_.clear();
  }
  void add(double milliseconds, const Result<ports::ScriptOutcome>& outcome) {
    const std::lock_guard lock(mutex_);
    milliseconds_.push_back(milliseconds);
    if (!outcome)
      die(outcome.error().code + ": " + outcome.error().debug);
    else if (outcome->results.empty() || outcome->results.back().error)
      die(outcome->results.empty() ? "nothing ran" : outcome->results.back().error->message);
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return milliseconds_.size();
  }
  std::string figures() {
    const std::lock_guard lock(mutex_);
    std::ranges::sort(milliseconds_);
    const auto at = [&](size_t of_hundred) { return milliseconds_[milliseconds_.size() * of_hundred / 100]; };
    char text[100];
    std::snprintf(text, sizeof text, "\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f", at(50), at(99),
                  milliseconds_.back());
    return text;
  }

 private:
  // A figure of calls that fail is none.
  [[noreturn]] static void die(const std::string& why) {
    std::fprintf(stderr, "bench_scripts: a call failed: %s\n", why.c_str());
    std::_Exit(1);
  }
  std::mutex mutex_;
  std::vector<double> milliseconds_;
};

class Bench {
 public:
  Bench(sandbox::SupervisorOptions options, ports::ScriptCall call)
      : warm_(options.pool.warm), call_(std::move(call)) {
    auto opened = sandbox::Supervisor::open(std::move(options), clock_, random_, metrics_);
    if (!opened) {
      std::fprintf(stderr, "bench_scripts: %s %s\n", opened.error().message.c_str(), opened.error().debug.c_str());
      std::exit(1);
    }
    supervisor_ = *std::move(opened);
  }

  void rate(double seconds, int64_t tenants, size_t width) {
    for (int64_t tenant = 1; tenant <= tenants; ++tenant)
      for (size_t i = 0; i < width; ++i) keep_calling({tenant});
    // Until V8 has compiled what is hot, which takes calls; on a busy machine not for ever.
    const auto begun = Steady::now();
    while (record_.count() < calls_to_warm * size_t(tenants) && since(begun) < warming_max_ms)
      std::this_thread::sleep_for(poll);
    record_.begin();
    const auto start = Steady::now();
    const Spent before = spent();
    pause(seconds);
    const double took = since(start) / 1e3, n = double(record_.count());
    const Spent after = spent();
    std::printf("{%s,\"rate\":%.0f,\"worker_us\":%.2f,\"supervisor_us\":%.2f}\n", record_.figures().c_str(), n / took,
                (after.workers - before.workers) / n, (after.here - before.here) / n);
    stops_ = true;
    while (under_way_ > 0) std::this_thread::sleep_for(poll);
  }

  void cold(int64_t tenants) {
    for (int64_t tenant = 1; tenant <= tenants; ++tenant) {
      wait_until_warm();
      once({tenant});
    }
    print();
  }

  // The pool is small enough that `first` tenants fill it.
  void full(int64_t tenants, int64_t first) {
    for (int64_t tenant = 1; tenant <= first; ++tenant) once({tenant});
    record_.begin();
    for (int64_t tenant = first + 1; tenant <= first + tenants; ++tenant) {
      pause(0.5);  // of quiet, in which a pool may prepare itself
      once({tenant});
    }
    print();
  }

  void idle(int rounds) {
    const auto& ended =
        metrics_.counter("durward_script_workers_ended_total", "", "reason=\"idle\"");
    for (int round = 0; round <= rounds; ++round) {
      if (round == 1) record_.begin();
      const auto before = ended.value();
      once({1});
      while (ended.value() == before) std::this_thread::sleep_for(poll);
      wait_until_warm();
    }
    print();
  }

 private:
  static void pause(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

  Detached keep_calling(domain::TenantId tenant) {
    ++under_way_;
    while (!stops_) {
      const auto start = Steady::now();
      const auto outcome = co_await supervisor_->run(tenant, call_);
      if (!stops_) record_.add(since(start), outcome);
    }
    --under_way_;
  }
  void once(domain::TenantId tenant) {
    const auto start = Steady::now();
    const auto outcome = run_sync(supervisor_->run(tenant, call_));
    record_.add(since(start), outcome);
  }
  void wait_until_warm() {
    const auto& warm = metrics_.gauge("durward_script_workers", "", "state=\"warm\"");
    while (warm.value() < int64_t(warm_)) std::this_thread::sleep_for(poll);
  }
  void print() { std::printf("{%s}\n", record_.figures().c_str()); }

  SystemClock clock_;
  SystemRandom random_;
  metrics::Registry metrics_;
  const size_t warm_;
  const ports::ScriptCall call_;
  Record record_;
  std::atomic<bool> stops_{false};
  std::atomic<size_t> under_way_{0};
  std::unique_ptr<sandbox::Supervisor> supervisor_;
};

constexpr int64_t places_of_full = 8;

sandbox::SupervisorOptions options_of(std::string engine, std::string_view what, int64_t n) {
  sandbox::SupervisorOptions options;
  options.confinement.engine.folder = fs::absolute(engine).lexically_normal();
  options.confinement.nice = 0;  // what they cost is the question here, not who goes first
  options.starts_warm = true;
  if (what == "cold") options.pool.processes_max = size_t(n) + options.pool.warm;
  if (what == "full") options.pool.processes_max = size_t(places_of_full);
  if (what == "idle") options.pool.idle = Milliseconds(1);
  if (what == "rate") options.pool.grow_after = Seconds(60);  // one process of each tenant
  return options;
}

int main_of(const char* engine, const char* file, std::string_view what, int64_t n, int64_t tenants, size_t width) {
  auto call = sandbox::call_of(read(file));
  if (!call) {
    std::fprintf(stderr, "bench_scripts: %s: %s\n", file, call.error().debug.c_str());
    return 1;
  }
  Bench bench(options_of(engine, what, n), *std::move(call));
  if (what == "rate")
    bench.rate(double(n), tenants, width);
  else if (what == "cold")
    bench.cold(n);
  else if (what == "full")
    bench.full(n, places_of_full);
  else if (what == "idle")
    bench.idle(int(n));
  return 0;
}

}  // namespace
}  // namespace durward

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "bench_scripts ENGINE CALL rate|cold|full|idle N [TENANTS [WIDTH]]\n");
    return 2;
  }
  const auto count = [&](int i) { return argc > i ? std::max(std::atoi(argv[i]), 1) : 1; };
  return durward::main_of(argv[1], argv[2], argv[3], count(4), count(5), size_t(count(6)));
}
