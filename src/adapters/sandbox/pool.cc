#include "adapters/sandbox/pool.h"

#include <algorithm>

#include "base/log.h"

namespace durward::adapters::sandbox {
namespace {

constexpr Milliseconds look_every{1'000}, retry_first{100}, refill_after{5};
enum GaugeIndex : size_t { starting, warm, busy, idle };
constexpr std::string_view gauge_labels[] = {"state=\"starting\"", "state=\"warm\"", "state=\"busy\"",
                                             "state=\"idle\""};

}  // namespace

Pool::Pool(Reactor& reactor, const Clock& clock, const WorkerSettings& settings, PoolOptions options,
           metrics::Registry& registry, Listener listener)
    : reactor_(reactor),
      clock_(clock),
      settings_(settings),
      options_(options),
      listener_(std::move(listener)) {
  for (size_t i = 0; i < std::size(gauge_labels); ++i)
    gauges_[i] = &registry.gauge("durward_script_workers", "Processes that run customers' code, by state.",
                                 gauge_labels[i]);
  for (const Ending ending : endings)
    ended_[size_t(ending)] = &registry.counter("durward_script_workers_ended_total",
                                               "Processes that ran customers' code and ended, by reason.",
                                               "reason=\"" + std::string(to_string(ending)) + "\"");
}

Pool::~Pool() {
  reactor_.cancel(look_timer_);
  reactor_.cancel(start_timer_);
  reactor_.cancel(refill_timer_);
}

void Pool::start() {
  if (std::exchange(is_started_, true)) return;
  look_timer_ = reactor_.after(look_every, [this] { look_around(); });
  refill();
}

void Pool::stop() {
  is_stopped_ = true;
  for (Slot& slot : slots_) slot.worker->end(Ending::idle);
}

Worker* Pool::find(domain::TenantId tenant) {
  if (is_stopped_) return nullptr;
  start();
  Slot* best = least_busy(tenant);
  if (wants_another(best, tenant))
    if (Slot* taken = take_warm(tenant)) best = taken;
  if (!best || best->worker->under_way() >= options_.runs_max) return nullptr;
  best->used = Reactor::Clock::now();
  ++best->uses;
  return best->worker.get();
}

size_t Pool::workers_of(domain::TenantId tenant) const {
  return size_t(std::ranges::count_if(slots_, [&](const Slot& slot) { return slot.tenant == tenant; }));
}

Pool::Slot* Pool::least_busy(domain::TenantId tenant) {
  Slot* best = nullptr;
  for (Slot& slot : slots_) {
    if (slot.tenant != tenant || slot.retired || slot.worker->is_ended()) continue;
    if (!best || slot.worker->under_way() < best->worker->under_way()) best = &slot;
  }
  return best;
}

// Growing by how long what is there takes: short runs share one process, which has their code in memory.
bool Pool::wants_another(const Slot* best, domain::TenantId tenant) const {
  // Those that are retired count: a tenant whose code wears out its processes does not get ever more.
  if (!best) return workers_of(tenant) < 2 * options_.tenant_max;
  if (best->worker->under_way() == 0 || workers_of(tenant) >= options_.tenant_max) return false;
  return best->worker->under_way() >= options_.runs_max ||
         best->worker->oldest() + options_.grow_after < Reactor::Clock::now();
}

Pool::Slot* Pool::take_warm(domain::TenantId tenant) {
  for (Slot& slot : slots_) {
    if (slot.tenant || !slot.worker->is_ready()) continue;
    slot.tenant = tenant;
    refill_soon();
    return &slot;
  }
  want_generic();
  if (slots_.size() >= options_.processes_max) make_room(tenant);
  return nullptr;
}

// Without a pre-started one somebody waits for a start.
void Pool::want_generic() {
  const auto starting_now = std::ranges::count_if(
      slots_, [](const Slot& slot) { return !slot.tenant && !slot.worker->is_ended(); });
  if (size_t(starting_now) < std::max<size_t>(options_.warm, 1) && start_timer_ == 0) start_one();
}

void Pool::refill() {
  size_t generic = 0;
  for (const Slot& slot : slots_) generic += !slot.tenant && !slot.worker->is_ended();
  while (generic < options_.warm && start_timer_ == 0 && start_one()) ++generic;
  if (generic < kept_free() && slots_.size() >= options_.processes_max) retire_longest_idle();
  count();
}

// A start takes the processor for longer than the call that took a process from here is to wait.
void Pool::refill_soon() {
  count();
  if (refill_timer_ != 0) return;
  refill_timer_ = reactor_.after(refill_after, [this] {
    refill_timer_ = 0;
    refill();
  });
}

// Where more tenants come and go than there are places, the next one should find a process that is ready. Of
// few places none is held back.
size_t Pool::kept_free() const { return std::min(options_.warm, options_.processes_max / 4); }

void Pool::retire_longest_idle() {
  Slot* oldest = nullptr;
  for (Slot& slot : slots_) {
    if (!slot.tenant || slot.worker->under_way() > 0) continue;
    if (slot.retired || slot.worker->is_ended()) return;  // there is room soon
    if (!oldest || slot.used < oldest->used) oldest = &slot;
  }
  if (!oldest) return;
  oldest->retired = true;
  end_if_retired(*oldest);
}

bool Pool::start_one() {
  if (is_stopped_ || slots_.size() >= options_.processes_max) return false;
  auto worker = Worker::start(reactor_, clock_, settings_, *this);
  if (!worker) {
    failed(worker.error().message + ": " + worker.error().debug);
    return false;
  }
  const auto now = Reactor::Clock::now();
  slots_.push_back({*std::move(worker), {}, now, now});
  return true;
}

// All places are taken: an idle worker of somebody else goes, longest unused first. Without one, of a tenant
// that has several one is retired: it ends with the runs it has.
void Pool::make_room(domain::TenantId tenant) {
  Slot* oldest = nullptr;
  Slot* most = nullptr;
  for (Slot& slot : slots_) {
    if (!slot.tenant || slot.tenant == tenant) continue;
    if (slot.retired || slot.worker->is_ended()) return;  // there is room soon
    if (slot.worker->under_way() == 0 && (!oldest || slot.used < oldest->used)) oldest = &slot;
    if (!most || workers_of(*slot.tenant) > workers_of(*most->tenant)) most = &slot;
  }
  Slot* chosen = oldest ? oldest : workers_of(tenant) == 0 ? most : nullptr;
  if (!chosen) return;
  chosen->retired = true;
  end_if_retired(*chosen);
}

void Pool::end_if_retired(Slot& slot) {
  if (slot.retired && slot.worker->under_way() == 0)
    slot.worker->end(slot.worker->is_worn() ? Ending::old : Ending::idle);
}

void Pool::on_ready(Worker&) {
  failures_ = 0;
  count();
  listener_.room();
}

void Pool::on_done(Worker& worker, Job& job) {
  Slot& slot = slot_of(worker);
  slot.used = Reactor::Clock::now();
  if (is_worn(slot, slot.used)) slot.retired = true;
  listener_.done(job);
  if (!worker.is_ended()) {
    end_if_retired(slot);
    listener_.room();
  }
}

void Pool::on_question(Worker& worker, Message message) {
  const Slot& slot = slot_of(worker);
  // Before it has a tenant there is nobody's code in it.
  if (!slot.tenant) return worker.end(Ending::broken);
  listener_.question(*slot.tenant, worker, std::move(message));
}

void Pool::on_ended(Worker& worker) {
  ended_[size_t(worker.ending())]->add();
  listener_.gone(worker);
  if (worker.ending() == Ending::broken) failed(worker.last_words());
  reactor_.post([this, gone = &worker] {
    std::erase_if(slots_, [gone](const Slot& slot) { return slot.worker.get() == gone; });
    refill();
    listener_.room();
  });
}

// A worker that cannot start is tried again, ever less often; meanwhile callers are refused.
void Pool::failed(const std::string& reason) {
  reason_ = reason;
  if (failures_++ == 0 || failures_ == failures_max)
    log::error("a process for scripts does not start", {{"reason", reason}});
  reactor_.cancel(start_timer_);
  start_timer_ = reactor_.after(retry_first * (1 << std::min(failures_, 7)), [this] {
    start_timer_ = 0;
    if (options_.warm == 0) start_one();
    refill();
  });
  listener_.room();
}

bool Pool::is_worn(const Slot& slot, Reactor::Clock::time_point now) const {
  return slot.worker->is_worn() || slot.uses >= options_.uses_max || now - slot.since > options_.age;
}

void Pool::look_around() {
  const auto now = Reactor::Clock::now();
  for (Slot& slot : slots_) {
    if (!slot.tenant || slot.worker->is_ended()) continue;
    if (is_worn(slot, now) || (slot.worker->under_way() == 0 && now - slot.used > options_.idle))
      slot.retired = true;
    end_if_retired(slot);
  }
  refill();
  look_timer_ = reactor_.after(look_every, [this] { look_around(); });
}

Pool::Slot& Pool::slot_of(const Worker& worker) {
  return *std::ranges::find_if(slots_, [&](const Slot& slot) { return slot.worker.get() == &worker; });
}

void Pool::count() {
  std::array<int64_t, 4> counts{};
  for (const Slot& slot : slots_) {
    if (slot.worker->is_ended()) continue;
    if (slot.tenant)
      ++counts[slot.worker->under_way() > 0 ? busy : idle];
    else
      ++counts[slot.worker->is_ready() ? warm : starting];
  }
  for (size_t i = 0; i < counts.size(); ++i) gauges_[i]->set(counts[i]);
}

}  // namespace durward::adapters::sandbox
