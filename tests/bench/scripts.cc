// Customers' code through the supervisor and the sandbox, without HTTP and login around it: scripts ENGINE [CALLS]. Round trips of a trivial
// Action one at a time; executions a second with sixteen under way, and the processor time that one costs inside and outside of the sandbox;
// the first call of tenants that have no process yet; memory of a tenant's warm process. Prints one JSON object.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/sandbox/supervisor.h"
#include "base/executor.h"

namespace durward {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr const char* code = R"(exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim('https://example.com/roles', event.authorization.roles);
  api.accessToken.setCustomClaim('https://example.com/email', event.user.email);
};)";

ports::ScriptCall trivial() {
  static const auto script = [] {
    auto out = std::make_shared<domain::Script>();
    out->id = out->name = out->digest = "trivial";
    out->code = code;
    return out;
  }();
  ports::ScriptCall call{.trigger = "post-login", .handler = "onExecutePostLogin"};
  call.scripts = {script};
  call.input = {{"event", json::parse_object(R"({"authorization":{"roles":["admin"]},"client":{"client_id":"c","name":"App","metadata":{}},
    "connection":{"id":"con_1","name":"Users","strategy":"auth0"},"request":{"ip":"203.0.113.9","method":"POST","query":{},"body":{}},
    "transaction":{"protocol":"oidc-basic-profile","requested_scopes":["openid"],"metadata":{}},
    "user":{"user_id":"auth0|1","email":"ann@example.com","user_metadata":{},"app_metadata":{}}})")
                                .value()}};
  return call;
}

double since(Steady::time_point start) { return std::chrono::duration<double>(Steady::now() - start).count(); }
double at(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, size_t(double(values.size()) * share))];
}

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::vector<int> children_of(int pid) {
  std::vector<int> out;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    std::istringstream list(text_of(task.path().string() + "/children"));
    for (int child; list >> child;) out.push_back(child);
  }
  return out;
}
// The processes inside: bubblewrap's children.
std::vector<int> workers() {
  std::vector<int> out;
  for (const int outer : children_of(int(::getpid())))
    for (const int inner : children_of(outer)) out.push_back(inner);
  return out;
}
double worker_seconds() {
  double out = 0;
  for (const int pid : workers())
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task"))
      out += std::stod(text_of(task.path().string() + "/schedstat")) / 1e9;
  return out;
}
double proportional_mib(int pid) {
  const std::string text = text_of("/proc/" + std::to_string(pid) + "/smaps_rollup");
  const size_t found = text.find("\nPss:");
  return found == text.npos ? 0 : std::stod(text.substr(found + 5)) / 1024;
}
double own_seconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct Crowd {
  std::mutex mutex;
  std::condition_variable changed;
  int left, under_way = 0, failed = 0;
};
Detached visit(ports::Scripts& scripts, Crowd& crowd) {
  const auto outcome = co_await scripts.run({1}, trivial());
  const std::lock_guard lock(crowd.mutex);
  crowd.failed += !outcome || outcome->results.empty() || outcome->results[0].error;
  --crowd.under_way;
  crowd.changed.notify_all();
}
void many(ports::Scripts& scripts, Crowd& crowd) {
  std::unique_lock lock(crowd.mutex);
  while (crowd.left > 0 || crowd.under_way > 0) {
    crowd.changed.wait(lock, [&] { return crowd.left > 0 ? crowd.under_way < 16 : crowd.under_way == 0; });
    if (crowd.left == 0) break;
    --crowd.left;
    ++crowd.under_way;
    lock.unlock();
    visit(scripts, crowd);
    lock.lock();
  }
}

double one(ports::Scripts& scripts, int64_t tenant) {
  const auto start = Steady::now();
  const auto outcome = run_sync(scripts.run({tenant}, trivial()));
  const double seconds = since(start);
  if (!outcome || outcome->results.at(0).error) throw std::runtime_error("a call failed");
  return seconds;
}

int measure(const std::string& engine, int calls) {
  SystemClock clock;
  SystemRandom random;
  metrics::Registry metrics;
  adapters::sandbox::SupervisorOptions options;
  options.confinement.engine.folder = fs::absolute(engine).lexically_normal().string();
  options.confinement.nice = 0;
  options.pool.tenant_max = 1;
  options.pool.processes_max = 64;
  auto supervisor = adapters::sandbox::Supervisor::open(options, clock, random, metrics).value();
  for (int i = 0; i < 2000; ++i) one(*supervisor, 1);
  std::vector<double> warm, cold, memory;
  for (int i = 0; i < calls; ++i) warm.push_back(one(*supervisor, 1));

  Crowd crowd{.left = 10 * calls};
  const double inside = worker_seconds(), outside = own_seconds();
  const auto start = Steady::now();
  many(*supervisor, crowd);
  const double seconds = since(start), n = 10.0 * calls;
  const double inside_us = (worker_seconds() - inside) / n * 1e6, outside_us = (own_seconds() - outside) / n * 1e6;

  auto& ready = metrics.gauge("durward_script_workers", "", "state=\"warm\"");
  for (int64_t tenant = 2; tenant < 32; ++tenant) {
    while (ready.value() < int64_t(options.pool.warm)) std::this_thread::sleep_for(Milliseconds(5));
    cold.push_back(one(*supervisor, tenant));
  }
  for (const int pid : workers()) memory.push_back(proportional_mib(pid));
  std::printf("{\"warm_p50_us\":%.1f,\"warm_p99_us\":%.1f,\"rate\":%.0f,\"inside_us\":%.1f,\"outside_us\":%.1f,\"cold_p50_ms\":%.2f,"
              "\"cold_p99_ms\":%.2f,\"memory_mib\":%.1f,\"failed\":%d}\n",
              at(warm, 0.5) * 1e6, at(warm, 0.99) * 1e6, n / seconds, inside_us, outside_us, at(cold, 0.5) * 1e3, at(cold, 0.99) * 1e3,
              at(memory, 0.5), crowd.failed);
  return crowd.failed > 0;
}

}  // namespace
}  // namespace durward

int main(int count, char** arguments) {
  if (count < 2) return std::fprintf(stderr, "scripts ENGINE [CALLS]\n"), 2;
  return durward::measure(arguments[1], count > 2 ? std::atoi(arguments[2]) : 5000);
}
