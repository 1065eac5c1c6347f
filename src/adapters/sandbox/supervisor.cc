#include "adapters/sandbox/supervisor.h"

#include <algorithm>
#include <array>
#include <future>

#include "adapters/sandbox/syscall_filter.h"
#include "base/executor.h"
#include "base/log.h"
#include "crypto/hash.h"

namespace durward::adapters::sandbox {
namespace {

constexpr double weight_of_a_call = 0.05;
constexpr int retry_max = 60;
// What a frame carries around a text.
constexpr size_t frame_spare = 4096;

double seconds_since(Reactor::Clock::time_point start) {
  return std::chrono::duration<double>(Reactor::Clock::now() - start).count();
}

Error unavailable(std::string why, int retry_after) {
  return {ErrorKind::unavailable, "extensions_unavailable", "Scripts cannot be run at the moment.",
          std::move(why), retry_after};
}

// Faults that say nothing about what the code wanted, only that it cannot be let run.
bool is_fault(const ports::ScriptError& error) {
  return error.kind == "timeout" || error.kind == "memory" || error.kind == "crashed" ||
         error.kind == "output";
}

// JSON writes a control character as six: only what may be too long by that is written down to be measured.
bool fits_a_frame(ports::Contract contract, const domain::Script& script) {
  const size_t size = script.code.size() + (script.modules ? script.modules->size() : 0) + frame_spare;
  return size * 6 <= frame_max || load_message(contract, script).size() <= frame_max;
}

bool is_too_large(const ports::ScriptCall& call, const std::string& body) {
  return body.size() + frame_spare > frame_max || !std::ranges::all_of(call.scripts, [&](const auto& script) {
           return fits_a_frame(call.contract, *script);
         });
}

constexpr std::string_view outcomes[] = {"ok",     "thrown",  "invalid", "timeout",
                                         "memory", "crashed", "output",  "refused"};

}  // namespace

class Supervisor::Meter {
 public:
  explicit Meter(metrics::Registry& registry)
      : seconds_(registry.histogram("durward_script_seconds", "Time of one call of scripts, with waiting.")),
        waited_(registry.histogram("durward_script_queue_seconds", "Time that a call of scripts waited.")),
        waiting_(registry.gauge("durward_script_waiting", "Calls of scripts that wait for a process.")) {
    for (size_t i = 0; i < std::size(outcomes); ++i)
      calls_[i] = &registry.counter("durward_script_calls_total", "Calls of scripts, by what came of them.",
                                    "outcome=\"" + std::string(outcomes[i]) + "\"");
  }
  void sent(const Job& job) { waited_.observe(seconds_since(job.since)); }
  void ended(const Job& job) {
    seconds_.observe(seconds_since(job.since));
    const auto& results = job.outcome.results;
    const std::string_view outcome = job.refused ? "refused"
                                     : results.empty() || !results.back().error
                                         ? "ok"
                                         : std::string_view(results.back().error->kind);
    calls_[size_t(std::ranges::find(outcomes, outcome) - outcomes) % std::size(outcomes)]->add();
  }
  void waiting(size_t calls) { waiting_.set(int64_t(calls)); }

 private:
  metrics::Histogram &seconds_, &waited_;
  metrics::Gauge& waiting_;
  std::array<metrics::Counter*, std::size(outcomes)> calls_{};
};

Supervisor::Supervisor(SupervisorOptions options, const Clock& clock, metrics::Registry& registry)
    : options_(std::move(options)), clock_(clock), meter_(std::make_shared<Meter>(registry)) {
  settings_.confinement = options_.confinement;
}

Result<std::unique_ptr<Supervisor>> Supervisor::open(SupervisorOptions options, const Clock& clock,
                                                     Random& random, metrics::Registry& registry) {
  ENSURE(options.confinement.engine.check());
  std::unique_ptr<Supervisor> made(new Supervisor(std::move(options), clock, registry));
  ENSURE(made->start(random, registry));
  return made;
}

Result<> Supervisor::start(Random& random, metrics::Registry& registry) {
  TRY(settings_.filter, syscall_filter());
  TRY(auto policy, EgressPolicy::parse(options_.egress_allow));
  std::promise<Result<>> opened;
  reactor_.post([&] {
    auto egress = Egress::open(reactor_, random, std::move(policy), options_.egress, registry);
    if (!egress) return opened.set_value(std::unexpected(egress.error()));
    egress_ = *std::move(egress);
    settings_.confinement.egress_socket = egress_->socket_path();
    pool_ = std::make_unique<Pool>(
        reactor_, clock_, settings_, options_.pool, registry,
        Pool::Listener{[this](Job& job) { done(job); },
                       [this](auto tenant, Worker& worker, Message message) {
                         egress_->question(tenant, worker, message);
                       },
                       [this](Worker& worker) { egress_->gone(worker); }, [this] { dispatch(); }});
    if (options_.starts_warm) pool_->start();
    opened.set_value({});
  });
  return opened.get_future().get();
}

Supervisor::~Supervisor() {
  reactor_.stop([this] {
    is_stopping_ = true;
    fail_waiting("stopping");
    if (pool_) pool_->stop();
    pool_.reset();
    egress_.reset();
  });
}

Async<ports::ScriptOutcome> Supervisor::run(domain::TenantId tenant, ports::ScriptCall call) {
  // It may be gone when a call that it refused at its end goes on.
  const auto meter = meter_;
  const auto now = Reactor::Clock::now();
  Job job{tenant, call, run_body(call), now, now + call.within, {}};
  if (is_too_large(call, job.body))
    co_return fail(ErrorKind::too_large, "script_input_too_large", "The event is too large for scripts.");
  co_await Suspend{[&](std::function<void()> resume) {
    job.resume = std::move(resume);
    reactor_.post([this, &job] { admit(job); });
  }};
  crypto::wipe(job.body);
  meter->ended(job);
  if (job.refused) co_return std::unexpected(*std::move(job.refused));
  co_return std::move(job.outcome);
}

void Supervisor::admit(Job& job) {
  if (auto error = refusal(job)) return refuse(job, *std::move(error));
  Lane& lane = lanes_[job.tenant];
  if (lane.waiting.empty()) turn_.push_back(job.tenant);
  lane.waiting.push_back(&job);
  ++waiting_;
  job.timer = reactor_.at(job.end, [this, &job] { expire(job); });
  dispatch();
}

std::optional<Error> Supervisor::refusal(const Job& job) {
  if (is_stopping_) return unavailable("stopping", 1);
  const auto found = lanes_.find(job.tenant);
  if (found != lanes_.end() && found->second.waiting.size() + found->second.under_way >= options_.tenant_max)
    return unavailable("too many calls of the tenant", seconds_until_room(found->second));
  if (waiting_ >= options_.waiting_max) return unavailable("too many calls wait", 5);
  if (const auto* broken = pool_->broken()) return unavailable("no worker starts: " + *broken, 5);
  const auto now = Reactor::Clock::now();
  for (const auto& key : keys_of(job))
    if (const auto seconds = breaker_.refusal(key, now))
      return unavailable("breaker of " + key.script, *seconds);
  return {};
}

std::vector<Breaker::Key> Supervisor::keys_of(const Job& job) {
  std::vector<Breaker::Key> out;
  for (const auto& script : job.call.scripts) out.push_back({job.tenant, script->id + " " + script->digest});
  return out;
}

void Supervisor::refuse(Job& job, Error error) {
  job.refused = std::move(error);
  leave(job);
}

// What waits before the next one, by what calls took lately and how many run at once.
int Supervisor::seconds_until_room(const Lane& lane) const {
  const double seconds = seconds_of_a_call_ * double(lane.waiting.size() + lane.under_way) /
                         double(std::max<size_t>(pool_->runs_at_once_max(), 1));
  return std::clamp(int(seconds + 0.999), 1, retry_max);
}

// The pool tells of room also while it is asked for some.
void Supervisor::dispatch() {
  wants_dispatch_ = true;
  if (is_dispatching_ || is_stopping_) return;
  is_dispatching_ = true;
  while (std::exchange(wants_dispatch_, false)) {
    if (const auto* broken = pool_->broken()) fail_waiting(*broken);
    dispatch_round();
  }
  is_dispatching_ = false;
  meter_->waiting(waiting_);
}

// One call of each tenant, round after round, until a round finds no place for anybody.
void Supervisor::dispatch_round() {
  for (size_t refused = 0; !turn_.empty() && refused < turn_.size();) {
    const auto tenant = turn_.front();
    turn_.pop_front();
    Lane& lane = lanes_.at(tenant);
    refused = send_next(tenant, lane) ? 0 : refused + 1;
    if (!lane.waiting.empty()) turn_.push_back(tenant);
  }
}

bool Supervisor::send_next(domain::TenantId tenant, Lane& lane) {
  Worker* worker = pool_->find(tenant);
  if (!worker) return false;
  Job& job = *lane.waiting.front();
  lane.waiting.pop_front();
  --waiting_;
  ++lane.under_way;
  placed_[&job] = worker;
  meter_->sent(job);
  worker->run(job);
  return true;
}

void Supervisor::expire(Job& job) {
  job.timer = 0;
  if (const auto placed = placed_.find(&job); placed != placed_.end()) return placed->second->expire(job);
  Lane& lane = lanes_[job.tenant];
  const int seconds = seconds_until_room(lane);
  std::erase(lane.waiting, &job);
  --waiting_;
  if (lane.waiting.empty()) std::erase(turn_, job.tenant);
  forget_if_quiet(job.tenant);
  refuse(job, unavailable("waited too long for a process", seconds));
}

void Supervisor::done(Job& job) {
  placed_.erase(&job);
  --lanes_.at(job.tenant).under_way;
  forget_if_quiet(job.tenant);
  seconds_of_a_call_ += weight_of_a_call * (seconds_since(job.sent) - seconds_of_a_call_);
  judge(job);
  leave(job);
}

void Supervisor::forget_if_quiet(domain::TenantId tenant) {
  const auto lane = lanes_.find(tenant);
  if (lane->second.under_way == 0 && lane->second.waiting.empty()) lanes_.erase(lane);
}

// Each script by what it did itself; those that did not begin are not judged.
void Supervisor::judge(const Job& job) {
  const auto keys = keys_of(job);
  const auto now = Reactor::Clock::now();
  for (size_t i = 0; i < std::min(keys.size(), job.outcome.results.size()); ++i) {
    const auto& error = job.outcome.results[i].error;
    if (error && is_fault(*error))
      breaker_.failed(keys[i], now);
    else
      breaker_.worked(keys[i]);
  }
}

// The job is gone once its owner goes on.
void Supervisor::leave(Job& job) {
  reactor_.cancel(job.timer);
  const auto resume = std::move(job.resume);
  resume();
}

void Supervisor::fail_waiting(const std::string& reason) {
  for (auto& [tenant, lane] : lanes_)
    for (Job* job : std::exchange(lane.waiting, {})) {
      --waiting_;
      refuse(*job, unavailable(reason, 5));
    }
  turn_.clear();
  std::erase_if(lanes_, [](const auto& entry) { return entry.second.under_way == 0; });
}

}  // namespace durward::adapters::sandbox
