#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/executor.h"
#include "cli/handlers.h"
#include "cli/hash_calibration.h"
#include "crypto/x509.h"
#include "http/server.h"
#include "server/extensions.h"
#include "server/master_key.h"
#include "server/roles.h"
#include "server/serve.h"
#include "server/shared_state.h"
#include "server/store_choice.h"
#include "server/version.h"

namespace durward::cli {
namespace {

using server::Settings;

json::Array steps_as_json(const std::vector<ports::MigrationStep>& steps) {
  json::Array out;
  for (const auto& step : steps)
    out.push_back(json::Object{{"number", step.number}, {"name", step.name}, {"applied", step.applied}});
  return out;
}

Result<std::vector<ports::MigrationStep>> migrate(const Invocation& invocation) {
  const auto store = server::StoreChoice::of(invocation.settings);
  return invocation.has("plan") ? store->plan() : store->migrate(SystemClock().now());
}

// One thing that must hold for the installation to work; `said` is what was found.
struct Check {
  std::string name;
  Result<std::string> said;
  json::Object details = {};  // figures, for --json
};

// A store that is still to be made: the data folder is made with it, any other folder has to be there.
Result<std::string> check_place(const Settings& settings, const std::string& path) {
  const auto folder = std::filesystem::absolute(path).parent_path();
  const bool is_data = folder == std::filesystem::absolute(settings.text("data"));
  if (::access(folder.c_str(), W_OK) != 0 && (!is_data || std::filesystem::exists(folder)))
    return fail(ErrorKind::unavailable, "no_folder", folder.string() + " cannot be written to");
  return path + " is not there yet; the first start makes it";
}

Result<std::string> check_store(const Settings& settings) {
  if (server::needs_no_store(settings)) return "the hashing role has none";
  const auto choice = server::StoreChoice::of(settings);
  if (choice->is_new()) return check_place(settings, choice->shown());
  TRY(const auto steps, choice->plan());
  size_t missing = 0;
  for (const auto& step : steps) missing += !step.applied;
  if (missing)
    return fail(
        ErrorKind::conflict, "migration_needed",
        choice->shown() + " lacks " + std::to_string(missing) + " migrations; durward migrate applies them");
  SystemClock clock;
  SystemRandom random;
  TRY(const auto store, choice->open(clock, random, nullptr, false));
  TRY(const int64_t tenants, run_sync(store->tenants().count()));
  return choice->shown() + ", " + std::to_string(steps.size()) + " migrations, " + std::to_string(tenants) +
         " tenants";
}

// The key must open what the store holds: a wrong one shows at the first sealed thing.
Result<std::string> check_master_key(const Settings& settings) {
  if (server::needs_no_store(settings)) return "the hashing role has none";
  const std::string file = settings.text("data") + "/master.key";
  const bool given = !settings.text("master-key").empty();
  if (!given && ::access(file.c_str(), F_OK) != 0)
    return file + " is not there yet; the first start makes it";
  SystemRandom random;
  ENSURE(server::master_key(settings, random));
  if (server::StoreChoice::of(settings)->is_new()) return given ? "given" : file;
  server::KeyMaker keys;
  TRY(auto core, server::Core::open(settings, keys));
  TRY(const auto tenants, run_sync(core->services().tenants.list("", 1)));
  if (!tenants.empty()) ENSURE(run_sync(core->stored_configuration().keys(tenants[0].id)));
  return (given ? "given" : file) +
         std::string(tenants.empty() ? ", no tenant to try it on" : ", opens the signing keys");
}

Result<std::string> check_certificate(const Settings& settings) {
  if (settings.boolean("plain-http")) return "plain HTTP behind a proxy";
  const auto& path = settings.text("tls-cert");
  if (path.empty()) return "local authority in " + settings.text("data");
  TRY(const std::string pem, server::read_file(path));
  TRY(const auto certificate, crypto::parse_certificate(pem));
  TRY(const auto until, crypto::certificate_not_after(certificate));
  if (until < SystemClock().now())
    return fail(ErrorKind::invalid, "expired", path + " expired at " + to_iso8601(until));
  TRY(const std::string key, server::read_file(settings.text("tls-key")));
  ENSURE(http::TlsContexts::create({pem, key}));
  return path + ", valid until " + to_iso8601(until);
}

Result<std::string> check_ports(const Settings& settings) {
  TRY(auto listen, server::listeners(settings));
  for (const char* own : {"internal-listen", "operator-listen"}) {
    if (settings.text(own).empty()) continue;
    TRY(auto one, server::parse_listen(settings.text(own), true));
    listen.push_back(std::move(one));
  }
  for (auto& one : listen) one.tls = false;
  SystemClock clock;
  SystemRandom random;
  metrics::Registry metrics;
  http::ServerOptions options;
  options.listen = listen;
  options.io_threads = 1;
  options.access_log = false;
  http::Server server(std::move(options), {clock, random, metrics}, nullptr);
  ENSURE(server.start());
  server.drain();
  return std::to_string(listen.size()) + " can be bound";
}

Result<std::string> check_clock(const Settings&) {
  // Tokens compare times between machines; a clock before this program was written cannot be right.
  const TimePoint now = SystemClock().now();
  if (now < TimePoint(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}))
    return fail(ErrorKind::invalid, "wrong_clock", "The clock says " + to_iso8601(now));
  return to_iso8601(now);
}

Check check_hash_cost(const Settings& settings) {
  const auto found = calibrate_hashes(
      int(settings.integer("bcrypt-cost")),
      {uint32_t(settings.integer("argon2-memory")), uint32_t(settings.integer("argon2-passes"))});
  Check check{"password hashing", found.text(), found.as_json()};
  if (found.alone_ms > 1000)
    check.said = fail(ErrorKind::invalid, "slow_hash",
                      "One password takes " + std::to_string(int(found.alone_ms)) +
                          " ms; lower bcrypt-cost to " + std::to_string(found.highest_cost));
  return check;
}

Result<std::string> check_scripts(const Settings& settings) {
  SystemClock clock;
  SystemRandom random;
  metrics::Registry metrics;
  TRY(const auto extensions, server::Extensions::open(settings, clock, random, metrics));
  return extensions->check(settings);
}

Result<std::string> check_roles(const Settings& settings) {
  const std::string roles = server::describe_roles(settings);
  SystemRandom random;
  if (!settings.text("internal-listen").empty()) ENSURE(server::internal_keys(settings, random));
  if (!settings.text("operator-listen").empty()) ENSURE(server::operator_keys(settings, random));
  SystemClock clock;
  metrics::Registry metrics;
  adapters::LocalHasher policy({.threads = 0, .queue_max = 0}, random);
  TRY(auto peers, server::Peers::open(settings, policy, clock, random, metrics));
  if (!peers->hasher()) return roles;
  TRY(const std::string hashing, peers->check_hashing());
  return roles + " (" + hashing + ")";
}

// Waits for the first connection: nobody else in this program does.
Result<std::string> check_redis(const Settings& settings) {
  if (settings.text("redis").empty()) return "none; each process counts by itself";
  SystemRandom random;
  metrics::Registry metrics;
  TRY(auto shared, server::SharedState::open(settings, random, metrics));
  const auto end = std::chrono::steady_clock::now() + Seconds(3);
  while (!shared->is_connected() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(Milliseconds(10));
  std::string uses;
  for (const auto& use : server::shared_uses)
    uses += (uses.empty() ? "" : ", ") + std::string(use.name) +
            (use.on_unavailable == server::OnUnavailable::local ? " locally" : " anyway");
  if (!shared->is_connected())
    return fail(ErrorKind::unavailable, "redis_unavailable",
                settings.text("redis") + " has no master to reach; until then: " + uses);
  return settings.text("redis") + " is reached; without it: " + uses;
}

std::vector<Check> check_all(const Settings& settings) {
  return {{"roles", check_roles(settings)},
          {"redis", check_redis(settings)},
          {"store", check_store(settings)},
          {"master key", check_master_key(settings)},
          {"certificate", check_certificate(settings)},
          {"addresses", check_ports(settings)},
          {"clock", check_clock(settings)},
          {"scripts", check_scripts(settings)},
          check_hash_cost(settings)};
}

}  // namespace

Exit run_migrate(Invocation& invocation) {
  auto steps = migrate(invocation);
  if (!steps) return invocation.out.fail(steps.error());
  invocation.out.rows(steps_as_json(*steps), {"number", "name", "applied"});
  return Exit::ok;
}

Exit run_doctor(Invocation& invocation) {
  json::Array items;
  bool all = true;
  for (const auto& check : check_all(invocation.settings)) {
    all = all && check.said.has_value();
    json::Object item{{"check", check.name},
                      {"ok", check.said.has_value()},
                      {"found", check.said ? *check.said : check.said.error().message}};
    if (!check.details.empty()) item["figures"] = check.details;
    items.push_back(std::move(item));
  }
  invocation.out.rows(items, {"check", "ok", "found"});
  return all ? Exit::ok : Exit::check_failed;
}

// The settings were read before the command began, so being here is the answer.
Exit run_config_check(Invocation& invocation) {
  auto listen = server::listeners(invocation.settings);
  if (!listen) return invocation.out.fail(listen.error());
  invocation.out.message("The settings are good.");
  if (invocation.out.as_json()) invocation.out.data(json::Object{{"ok", true}});
  return Exit::ok;
}

Exit run_config_show(Invocation& invocation) {
  const auto shown = invocation.settings.shown();
  if (invocation.out.as_json()) {
    invocation.out.data(shown);
    return Exit::ok;
  }
  json::Array rows;
  for (const auto& [key, value] : shown) {
    json::Object row = value.as_object();
    row["setting"] = key;
    rows.push_back(std::move(row));
  }
  invocation.out.rows(rows, {"setting", "value", "source"});
  return Exit::ok;
}

Exit run_version(Invocation& invocation) {
  if (invocation.out.as_json())
    invocation.out.data(json::Object{{"version", server::version}});
  else
    invocation.out.text("durward " + std::string(server::version) + "\n");
  return Exit::ok;
}

}  // namespace durward::cli
