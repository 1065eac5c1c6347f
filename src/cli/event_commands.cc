#include <charconv>
#include <thread>

#include "adapters/events/dispatcher.h"
#include "base/executor.h"
#include "cli/handlers.h"
#include "server/wiring.h"

namespace durward::cli {
namespace {

using server::Core;

constexpr int64_t page_size = 500;
constexpr Milliseconds follow_pause{500};
constexpr Seconds refill_lease{10};

Result<int64_t> number(const Invocation& invocation, std::string_view flag, int64_t fallback) {
  if (!invocation.has(flag)) return fallback;
  const std::string text = invocation.value(flag);
  int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || n < 0)
    return fail(ErrorKind::invalid, usage_code,
                "--" + std::string(flag) + " must be a whole number, not " + text);
  return n;
}

// The store with the names of its tenants, and which events are wanted.
struct Scene {
  std::unique_ptr<server::KeyMaker> keys;
  std::unique_ptr<Core> core;
  std::map<int64_t, std::string> names;
  ports::EventFilter filter;

  ports::Outbox& outbox() const { return core->outbox(); }
  json::Object shown(const domain::Event& event) const {
    auto out = event.to_json();
    const auto name = names.find(event.tenant.value);
    if (name != names.end()) out["tenant"] = name->second;
    return out;
  }
};

Result<std::map<int64_t, std::string>> tenant_names(ports::Tenants& tenants) {
  std::map<int64_t, std::string> out;
  for (std::string after;;) {
    TRY(const auto page, run_sync(tenants.list(after, page_size)));
    for (const auto& tenant : page) out[tenant.id.value] = tenant.name;
    if (int64_t(page.size()) < page_size) return out;
    after = page.back().name;
  }
}

Result<ports::EventFilter> filter_of(const Invocation& invocation, ports::Tenants& tenants) {
  ports::EventFilter filter;
  if (invocation.has("type")) filter.pattern = invocation.value("type");
  if (!domain::is_event_pattern(filter.pattern))
    return fail(ErrorKind::invalid, usage_code, "--type " + filter.pattern + " is no pattern such as user.*");
  if (!invocation.has("tenant")) return filter;
  TRY(const auto tenant, run_sync(tenants.find_by_name(invocation.value("tenant"))));
  if (!tenant) return fail(ErrorKind::not_found, "inexistent_tenant", "There is no such tenant.");
  filter.tenant = tenant->id;
  return filter;
}

Result<Scene> open_scene(const Invocation& invocation) {
  Scene scene;
  scene.keys = std::make_unique<server::KeyMaker>();
  TRY(scene.core, Core::open(invocation.settings, *scene.keys));
  auto& tenants = scene.core->services().tenants;
  TRY(scene.filter, filter_of(invocation, tenants));
  TRY(scene.names, tenant_names(tenants));
  return scene;
}

// One event a line, so that it can be piped.
void print(const Invocation& invocation, const Scene& scene, const domain::Event& event) {
  const auto shown = scene.shown(event);
  if (invocation.out.as_json()) return invocation.out.text(json::serialize(shown) + "\n");
  invocation.out.text(std::to_string(event.offset) + "  " + to_iso8601(event.time) + "  " +
                      json::string_or(shown, "tenant", std::to_string(event.tenant.value)) + "  " +
                      event.type + "  " + json::serialize(event.data) + "\n");
}

// Prints from there on; returns where it ended.
Result<int64_t> print_after(const Invocation& invocation, const Scene& scene, int64_t after, int64_t limit) {
  while (limit > 0) {
    TRY(const auto page,
        run_sync(scene.outbox().read({after, std::min(limit, page_size), scene.filter, std::nullopt})));
    for (const auto& event : page.events) print(invocation, scene, event);
    limit -= int64_t(page.events.size());
    if (page.scanned_to == after) break;
    after = page.scanned_to;
  }
  return after;
}

Result<std::vector<domain::Event>> all_after(const Scene& scene, int64_t after) {
  std::vector<domain::Event> out;
  for (;;) {
    TRY(auto page, run_sync(scene.outbox().read({after, page_size, scene.filter, std::nullopt})));
    std::move(page.events.begin(), page.events.end(), std::back_inserter(out));
    if (page.scanned_to == after) return out;
    after = page.scanned_to;
  }
}

// Looks back further and further until there are enough.
Result<std::vector<domain::Event>> newest(const Scene& scene, int64_t count) {
  TRY(const auto span, run_sync(scene.outbox().span()));
  for (int64_t back = std::max<int64_t>(count, 1);; back *= 4) {
    const int64_t after = std::max<int64_t>(span.oldest - 1, span.newest - back);
    TRY(auto events, all_after(scene, after));
    if (int64_t(events.size()) < count && after >= span.oldest) continue;
    if (int64_t(events.size()) > count) events.erase(events.begin(), events.end() - count);
    return events;
  }
}

Result<> tail(const Invocation& invocation) {
  TRY(const int64_t count, number(invocation, "limit", 20));
  TRY(const auto scene, open_scene(invocation));
  TRY(const auto span, run_sync(scene.outbox().span()));
  TRY(const auto events, newest(scene, count));
  for (const auto& event : events) print(invocation, scene, event);
  int64_t after = std::max(span.newest, events.empty() ? 0 : events.back().offset);
  while (invocation.has("follow")) {
    TRY(after, print_after(invocation, scene, after, INT64_MAX));
    std::fflush(stdout);
    std::this_thread::sleep_for(follow_pause);
  }
  return {};
}

Result<> replay(const Invocation& invocation) {
  TRY(const int64_t from, number(invocation, "from", 1));
  TRY(const int64_t limit, number(invocation, "limit", INT64_MAX));
  TRY(const auto scene, open_scene(invocation));
  ENSURE(print_after(invocation, scene, std::max<int64_t>(from, 1) - 1, limit));
  return {};
}

Result<int64_t> refill(const Invocation& invocation) {
  TRY(const int64_t from, number(invocation, "from", 1));
  server::KeyMaker keys;
  TRY(const auto core, Core::open(invocation.settings, keys));
  const std::string reader = adapters::Dispatcher::reader;
  const ports::Lease lease{reader, core->process_id()};
  const TimePoint now = core->clock().now();
  TRY(const bool held, run_sync(core->leases().acquire(lease, now, refill_lease)));
  if (!held)
    return fail(ErrorKind::conflict, "dispatcher_busy",
                "A worker is publishing right now; try again in a moment.");
  const int64_t position = std::max<int64_t>(from, 1) - 1;
  ENSURE(run_sync(core->outbox().set_position(reader, position, lease, now)));
  ENSURE(run_sync(core->leases().release(lease)));
  return position;
}

Result<json::Array> dead(const Invocation& invocation) {
  TRY(const int64_t limit, number(invocation, "limit", 100));
  TRY(const auto scene, open_scene(invocation));
  TRY(const auto letters, run_sync(scene.outbox().dead_letters(invocation.value("queue"), limit)));
  json::Array out;
  for (const auto& letter : letters) {
    auto row = scene.shown(letter.event);
    row["queue"] = letter.queue;
    row["attempts"] = letter.attempts;
    row["reason"] = letter.reason;
    row["at"] = to_iso8601(letter.at);
    out.push_back(std::move(row));
  }
  return out;
}

Exit exit_with(const Invocation& invocation, const Result<>& result) {
  return result ? Exit::ok : invocation.out.fail(result.error());
}

}  // namespace

Exit run_events_tail(Invocation& invocation) { return exit_with(invocation, tail(invocation)); }

Exit run_events_replay(Invocation& invocation) { return exit_with(invocation, replay(invocation)); }

Exit run_events_refill(Invocation& invocation) {
  const auto position = refill(invocation);
  if (!position) return invocation.out.fail(position.error());
  invocation.out.message("The worker publishes again from the next event on.");
  if (invocation.out.as_json()) invocation.out.data(json::Object{{"after", *position}});
  return Exit::ok;
}

Exit run_events_dead(Invocation& invocation) {
  const auto letters = dead(invocation);
  if (!letters) return invocation.out.fail(letters.error());
  invocation.out.rows(*letters, {"at", "queue", "tenant", "type", "id", "attempts", "reason"});
  return Exit::ok;
}

}  // namespace durward::cli
