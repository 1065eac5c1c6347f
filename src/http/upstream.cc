#include "http/upstream.h"

#include <charconv>
#include <deque>
#include <mutex>

#include "base/executor.h"
#include "crypto/hash.h"

namespace durward::http {

namespace {

using Steady = std::chrono::steady_clock;

constexpr int64_t pause_max_ms = 100;
constexpr int64_t backlog_max_ms = 60'000;
constexpr Milliseconds shedding_lasts{1'000};
// A server that was not given so much time is not to blame for being late.
constexpr Milliseconds fair_time{500};

// The server said, before doing anything, that it has no room.
bool is_shed(const Response& response) {
  return response.status == 503 && response.headers.has("Retry-After");
}
bool did_nothing(const Result<Response>& result) {
  return !result && (result.error().code == "connect_failed" || result.error().code == "client_busy");
}

std::optional<Milliseconds> backlog_in(const Response& response, const std::string& field) {
  const std::string_view text = field.empty() ? std::string_view() : response.headers.get(field);
  int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || ms < 0) return {};
  return Milliseconds(std::min(ms, backlog_max_ms));
}

}  // namespace

// Of one server.
struct Endpoint {
  metrics::Counter &answered, &shed, &failed;
  metrics::Gauge &under_way, &backlog, &is_ejected;
  Endpoint(metrics::Registry& registry, const std::string& labels);
};

struct Upstream::Impl {
  Client& client;
  Random& random;
  UpstreamOptions options;
  std::mutex mutex;
  OriginHealth health;
  RetryBudget budget;
  AnswerTimes times;
  Steady::time_point shed_last{};
  metrics::Counter &calls, &failures, &retries, &hedges, &ejections;
  metrics::Histogram& seconds;
  metrics::Gauge& hedge_after_ms;
  std::vector<Endpoint> endpoints;

  Impl(Client& c, Random& r, metrics::Registry& m, UpstreamOptions o);
  struct Race;
  static Detached run(std::shared_ptr<Impl> self, std::shared_ptr<Race> race, size_t origin);
  Async<Response> call(std::shared_ptr<Impl> self, std::shared_ptr<Race> race);
  bool launch(const std::shared_ptr<Impl>& self, const std::shared_ptr<Race>& race);
  bool may_repeat(const Race& race);
  bool may_hedge(const Race& race);
  Milliseconds hedge_after();
  void judge(size_t origin, Steady::time_point begin, Milliseconds given, const Result<Response>& result);
  void heard(size_t origin, Steady::time_point begin, Steady::time_point now, const Response& response);
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
  int attempts = 0, running = 0, sheds = 0;

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

Endpoint::Endpoint(metrics::Registry& m, const std::string& labels)
    : answered(m.counter("durward_upstream_endpoint_attempts_total", "Attempts at one server, by outcome.",
                         labels + ",outcome=\"answered\"")),
      shed(m.counter("durward_upstream_endpoint_attempts_total", "", labels + ",outcome=\"shed\"")),
      failed(m.counter("durward_upstream_endpoint_attempts_total", "", labels + ",outcome=\"failed\"")),
      under_way(m.gauge("durward_upstream_endpoint_under_way", "Attempts that one server has in its hands.",
                        labels)),
      backlog(m.gauge("durward_upstream_endpoint_backlog_milliseconds",
                      "Time that what comes would wait, as one server said last.", labels)),
      is_ejected(m.gauge("durward_upstream_endpoint_ejected",
                         "1 while one server rests because it failed last.", labels)) {}

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
      seconds(
          m.histogram("durward_upstream_seconds", "Time of a call, with its attempts.", label(options.name))),
      hedge_after_ms(m.gauge("durward_upstream_hedge_after_milliseconds",
                             "Silence after which a second server is asked.", label(options.name))) {
  for (const Origin& origin : options.origins)
    endpoints.emplace_back(m, label(options.name) + ",endpoint=\"" + origin.text() + "\"");
}

// A timeout counts against the server, a client that is busy does not.
void Upstream::Impl::judge(size_t origin, Steady::time_point begin, Milliseconds given,
                           const Result<Response>& result) {
  std::lock_guard lock(mutex);
  const auto now = Steady::now();
  Endpoint& endpoint = endpoints[origin];
  endpoint.under_way.add(-1);
  if (result) return heard(origin, begin, now, *result);
  const Error& error = result.error();
  if (error.code == "client_busy" || error.kind == ErrorKind::invalid ||
      (error.code == "timed_out" && given < fair_time))
    return health.gave_up(origin);
  ejections.add();
  endpoint.failed.add();
  endpoint.is_ejected.set(1);
  health.failed(origin, now, random);
}

void Upstream::Impl::heard(size_t origin, Steady::time_point begin, Steady::time_point now,
                           const Response& response) {
  Endpoint& endpoint = endpoints[origin];
  health.succeeded(origin);
  endpoint.is_ejected.set(0);
  if (const auto backlog = backlog_in(response, options.backlog_field)) {
    health.has_backlog(origin, *backlog, now);
    endpoint.backlog.set(backlog->count());
  }
  if (is_shed(response)) {
    shed_last = now;
    endpoint.shed.add();
  } else {
    times.add(std::chrono::duration_cast<Milliseconds>(now - begin));
    endpoint.answered.add();
  }
}

Detached Upstream::Impl::run(std::shared_ptr<Impl> self, std::shared_ptr<Race> race, size_t origin) {
  const auto begin = Steady::now();
  const Milliseconds given = race->left();
  ClientRequest request = race->request;
  request.origin = self->options.origins[origin];
  if (const auto& field = self->options.deadline_field; !field.empty())
    request.headers.set(field, std::to_string(given.count()));
  Result<Response> result = std::unexpected(Error{});
  try {
    if (self->options.prepare) self->options.prepare(request);
    result = co_await self->client.send(std::move(request), given);
  } catch (const std::exception& failure) {
    result =
        fail(ErrorKind::unavailable, "connection_lost", "The server could not be reached.", failure.what());
  }
  self->judge(origin, begin, given, result);
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
  endpoints[*origin].under_way.add(1);
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

// A hedge costs the group the same work again, so a group that has too much gets none.
bool Upstream::Impl::may_hedge(const Race& race) {
  if (race.running == 0 || race.sheds > 0 || only_ejected(race)) return false;
  {
    std::lock_guard lock(mutex);
    if (Steady::now() < shed_last + shedding_lasts) return false;
  }
  return may_repeat(race);
}

Milliseconds Upstream::Impl::hedge_after() {
  std::lock_guard lock(mutex);
  const auto p95 = times.p95();
  const auto after =
      p95 ? std::clamp(2 * *p95, std::min(options.hedge_min, options.hedge_max), options.hedge_max)
          : options.hedge_max;
  hedge_after_ms.set(after.count());
  return after;
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
  if (idempotent && options.hedge_max.count() > 0) timer(hedge_after(), Kind::hedge);
  for (;;) {
    auto event = co_await Race::next(race);
    if (event.kind == Kind::answer) {
      --race->running;
      Result<Response>& result = *event.result;
      const bool shed = result && is_shed(*result);
      if (result && !shed) co_return std::move(result);
      const bool repeat =
          shed ? ++race->sheds == 1 && race->running == 0 && !only_ejected(*race) && may_repeat(*race)
               : (idempotent || did_nothing(result)) && may_repeat(*race);
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
    } else if (may_hedge(*race)) {
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
