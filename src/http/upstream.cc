#include "http/upstream.h"

#include <deque>

#include "base/executor.h"
#include "crypto/hash.h"

namespace durward::http {

namespace {

using Steady = std::chrono::steady_clock;

constexpr int64_t pause_max_ms = 100;

uint64_t draw(Random& random, uint64_t below) {
  uint64_t n = 0;
  random.fill({reinterpret_cast<uint8_t*>(&n), sizeof n});
  return below ? n % below : 0;
}

// The server said, before doing anything, that it has no room.
bool is_shed(const Response& response) {
  return response.status == 503 && response.headers.has("Retry-After");
}
bool did_nothing(const Result<Response>& result) {
  if (result) return is_shed(*result);
  return result.error().code == "connect_failed" || result.error().code == "client_busy";
}

}  // namespace

std::optional<size_t> OriginHealth::choose(const std::vector<bool>& tried, Time now, Random& random) {
  std::vector<size_t> healthy;
  std::optional<size_t> soonest;
  for (size_t i = 0; i < states_.size(); ++i) {
    if (tried[i]) continue;
    if (states_[i].until <= now) healthy.push_back(i);
    if (!soonest || states_[i].until < states_[*soonest].until) soonest = i;
  }
  std::optional<size_t> chosen = soonest;
  if (!healthy.empty()) {
    const size_t a = healthy[draw(random, healthy.size())], b = healthy[draw(random, healthy.size())];
    chosen = states_[a].under_way <= states_[b].under_way ? a : b;
  }
  if (!chosen) return {};
  State& state = states_[*chosen];
  ++state.under_way;
  // One probe at a time after an ejection: others see the server as ejected until the probe is back.
  if (state.failures > 0 && state.until <= now) state.until = now + min_;
  return chosen;
}

void OriginHealth::succeeded(size_t i) {
  --states_[i].under_way;
  states_[i].failures = 0;
  states_[i].until = {};
}

void OriginHealth::failed(size_t i, Time now, Random& random) {
  State& state = states_[i];
  --state.under_way;
  const int doublings = std::min(state.failures++, 16);
  const Milliseconds time = std::min(max_, min_ * (int64_t(1) << doublings));
  // From half to all of it, so that the callers of a server that comes back do not arrive together.
  state.until = now + time / 2 + Milliseconds(draw(random, uint64_t(time.count()) / 2 + 1));
}

struct Upstream::Impl {
  Client& client;
  Random& random;
  UpstreamOptions options;
  std::mutex mutex;
  OriginHealth health;
  RetryBudget budget;
  metrics::Counter &calls, &failures, &retries, &hedges, &ejections;
  metrics::Histogram& seconds;

  Impl(Client& c, Random& r, metrics::Registry& m, UpstreamOptions o);
  struct Race;
  static Detached run(std::shared_ptr<Impl> self, std::shared_ptr<Race> race, size_t origin);
  Async<Response> call(std::shared_ptr<Impl> self, std::shared_ptr<Race> race);
  bool launch(const std::shared_ptr<Impl>& self, const std::shared_ptr<Race>& race);
  bool may_repeat(const Race& race);
  void judge(size_t origin, const Result<Response>& result);
  bool only_ejected(const Race& race);
};

// One call: the attempts under way and what they and the timers report.
struct Upstream::Impl::Race {
  struct Event {
    enum class Kind { answer, hedge, pause } kind;
    std::optional<Result<Response>> result = {};
  };
  ClientRequest request;
  Steady::time_point end;
  std::vector<bool> tried;
  int attempts = 0, running = 0;

  std::mutex mutex;
  std::deque<Event> events;
  std::function<void()> wake;

  void push(Event event) {
    std::function<void()> resume;
    {
      std::lock_guard lock(mutex);
      events.push_back(std::move(event));
      resume = std::exchange(wake, nullptr);
    }
    if (resume) resume();
  }
  static Task<Event> next(std::shared_ptr<Race> race) {
    co_await Suspend{[race](std::function<void()> resume) {
      {
        std::lock_guard lock(race->mutex);
        if (race->events.empty()) {
          race->wake = std::move(resume);
          return;
        }
      }
      resume();
    }};
    std::lock_guard lock(race->mutex);
    Event event = std::move(race->events.front());
    race->events.pop_front();
    co_return event;
  }
  Milliseconds left() const { return std::chrono::duration_cast<Milliseconds>(end - Steady::now()); }
  ~Race() {
    if (request.secret) crypto::wipe(request.body);
  }
};

namespace {
std::string label(const std::string& name) { return "upstream=\"" + name + "\""; }
}  // namespace

Upstream::Impl::Impl(Client& c, Random& r, metrics::Registry& m, UpstreamOptions o)
    : client(c),
      random(r),
      options(std::move(o)),
      health(options.origins.size(), options.eject_min, options.eject_max),
      budget(options.retry_share, options.retry_reserve),
      calls(m.counter("durward_upstream_calls_total", "Calls to another role.", label(options.name))),
      failures(m.counter("durward_upstream_failures_total", "Calls that no server answered.",
                         label(options.name))),
      retries(
          m.counter("durward_upstream_retries_total", "Attempts after a failed one.", label(options.name))),
      hedges(m.counter("durward_upstream_hedges_total", "Attempts beside a slow one.", label(options.name))),
      ejections(m.counter("durward_upstream_ejections_total", "Failures that made a server rest.",
                          label(options.name))),
      seconds(m.histogram("durward_upstream_seconds", "Time of a call, with its attempts.",
                          label(options.name))) {}

// A timeout counts against the server, a client that is busy does not.
void Upstream::Impl::judge(size_t origin, const Result<Response>& result) {
  std::lock_guard lock(mutex);
  if (result || result.error().code == "client_busy" || result.error().kind == ErrorKind::invalid)
    return health.succeeded(origin);
  ejections.add();
  health.failed(origin, Steady::now(), random);
}

Detached Upstream::Impl::run(std::shared_ptr<Impl> self, std::shared_ptr<Race> race, size_t origin) {
  ClientRequest request = race->request;
  request.origin = self->options.origins[origin];
  Result<Response> result = std::unexpected(Error{});
  try {
    if (self->options.prepare) self->options.prepare(request);
    result = co_await self->client.send(std::move(request), race->left());
  } catch (const std::exception& failure) {
    result =
        fail(ErrorKind::unavailable, "connection_lost", "The server could not be reached.", failure.what());
  }
  self->judge(origin, result);
  race->push({Race::Event::Kind::answer, std::move(result)});
}

// False when there is nobody left to ask.
bool Upstream::Impl::launch(const std::shared_ptr<Impl>& self, const std::shared_ptr<Race>& race) {
  std::optional<size_t> origin;
  {
    std::lock_guard lock(mutex);
    origin = health.choose(race->tried, Steady::now(), random);
  }
  if (!origin) return false;
  race->tried[*origin] = true;
  ++race->attempts;
  ++race->running;
  Executor::Scope nowhere(
      nullptr);  // it continues on the client's thread and may outlive the caller's executor
  run(self, race, *origin);
  return true;
}

bool Upstream::Impl::may_repeat(const Race& race) {
  if (race.attempts >= options.attempts_max || race.left() <= Milliseconds(0)) return false;
  std::lock_guard lock(mutex);
  return budget.second_try();
}

bool Upstream::Impl::only_ejected(const Race& race) {
  std::lock_guard lock(mutex);
  for (size_t i = 0; i < race.tried.size(); ++i)
    if (!race.tried[i] && !health.is_ejected(i, Steady::now())) return false;
  return true;
}

Async<Response> Upstream::Impl::call(std::shared_ptr<Impl> self, std::shared_ptr<Race> race) {
  using Kind = Race::Event::Kind;
  const bool idempotent = race->request.idempotent;
  const auto timer = [&](Milliseconds time, Kind kind) {
    client.after(time, [race, kind] { race->push({kind}); });
  };
  launch(self, race);
  if (idempotent && options.hedge_after.count() > 0) timer(options.hedge_after, Kind::hedge);
  for (;;) {
    auto event = co_await Race::next(race);
    if (event.kind == Kind::answer) {
      --race->running;
      Result<Response>& result = *event.result;
      if (result && !is_shed(*result)) co_return std::move(result);
      const bool repeat = (idempotent || did_nothing(result)) && may_repeat(*race);
      if (!repeat && race->running > 0) continue;  // a hedge may still answer
      if (!repeat) co_return std::move(result);
      retries.add();
      if (only_ejected(*race)) {
        race->tried.assign(race->tried.size(), false);
        timer(Milliseconds(1 + int64_t(draw(random, pause_max_ms))), Kind::pause);
      } else {
        launch(self, race);
      }
    } else if (event.kind == Kind::pause) {
      launch(self, race);
    } else if (race->running > 0 && !only_ejected(*race) && may_repeat(*race)) {
      hedges.add();
      launch(self, race);
    }
  }
}

Upstream::Upstream(Client& client, Random& random, metrics::Registry& metrics, UpstreamOptions options)
    : impl_(std::make_shared<Impl>(client, random, metrics, std::move(options))) {}
Upstream::~Upstream() = default;

bool Upstream::is_reachable() const {
  std::lock_guard lock(impl_->mutex);
  for (size_t i = 0; i < impl_->options.origins.size(); ++i)
    if (!impl_->health.is_ejected(i, Steady::now())) return true;
  return false;
}

Async<Response> Upstream::send(ClientRequest request, Milliseconds deadline) {
  auto impl = impl_;
  auto race = std::make_shared<Impl::Race>();
  race->request = std::move(request);
  race->end = Steady::now() + deadline;
  race->tried.assign(impl->options.origins.size(), false);
  impl->calls.add();
  {
    std::lock_guard lock(impl->mutex);
    impl->budget.first_try();
  }
  const auto begin = Steady::now();
  auto result = co_await impl->call(impl, race);
  impl->seconds.observe(std::chrono::duration<double>(Steady::now() - begin).count());
  if (!result) impl->failures.add();
  co_return result;
}

}  // namespace durward::http
