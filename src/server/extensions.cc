#include "server/extensions.h"

#include <unistd.h>

#include <filesystem>

#include "adapters/sandbox/module_builder.h"
#include "adapters/sandbox/remote_scripts.h"
#include "adapters/sandbox/scripts_wire.h"
#include "base/executor.h"
#include "base/log.h"
#include "server/peers.h"
#include "server/roles.h"

namespace durward::server {
namespace {

namespace sandbox = adapters::sandbox;

// Most processes never run a script, commands above all: threads, a socket and workers come with the first.
class LocalScripts : public ports::Scripts {
 public:
  LocalScripts(sandbox::SupervisorOptions options, bool may_be_weaker, const Clock& clock, Random& random,
               metrics::Registry& metrics)
      : options_(std::move(options)),
        may_be_weaker_(may_be_weaker),
        clock_(clock),
        random_(random),
        metrics_(metrics) {}

  Async<ports::ScriptOutcome> run(domain::TenantId tenant, ports::ScriptCall call) override {
    CO_TRY(auto* const supervisor, opened());
    co_return co_await supervisor->run(tenant, std::move(call));
  }

  Result<sandbox::Supervisor*> opened() {
    if (auto* there = there_.load(std::memory_order_acquire)) return there;
    std::lock_guard lock(opening_);
    if (supervisor_) return supervisor_.get();
    if (may_be_weaker_) ENSURE(weaken());
    TRY(supervisor_, sandbox::Supervisor::open(options_, clock_, random_, metrics_));
    there_.store(supervisor_.get(), std::memory_order_release);
    return supervisor_.get();
  }

 private:
  // Only as far as this kernel makes necessary.
  Result<> weaken() {
    TRY(options_.confinement.strength, sandbox::probe(options_.confinement));
    if (options_.confinement.strength != sandbox::Strength::full)
      log::warning("scripts run in a weaker sandbox",
                   {{"strength", to_string(options_.confinement.strength)}});
    return {};
  }

  sandbox::SupervisorOptions options_;
  const bool may_be_weaker_;
  const Clock& clock_;
  Random& random_;
  metrics::Registry& metrics_;
  std::mutex opening_;
  std::unique_ptr<sandbox::Supervisor> supervisor_;
  std::atomic<sandbox::Supervisor*> there_{nullptr};
};

bool is_local(const Settings& settings) {
  return settings.list("extensions") == std::vector<std::string>{"local"};
}
bool may_be_weaker(const Settings& settings) {
  return settings.text("extensions-sandbox") == "accept-weaker";
}

sandbox::ConfinementOptions confinement_options(const Settings& settings) {
  sandbox::ConfinementOptions options;
  options.engine.folder = engine_folder(settings);
  options.memory_mb = int(settings.integer("extensions-memory"));
  options.nice = int(settings.integer("extensions-nice"));
  return options;
}

Result<std::string> check_here(const Settings& settings) {
  const auto options = confinement_options(settings);
  // Whoever runs no code needs none: what is missing is told, and is no fault.
  if (const auto engine = options.engine.check(); !engine) return "no scripts: " + engine.error().debug;
  const auto strength = sandbox::probe(options);
  if (!strength)
    return fail(ErrorKind::unavailable, "no_sandbox",
                "scripts are refused: " + strength.error().message + " " + strength.error().debug);
  const std::string found = "sandbox " + std::string(to_string(*strength));
  if (*strength != sandbox::Strength::full && !may_be_weaker(settings))
    return fail(ErrorKind::unavailable, "weak_sandbox",
                "scripts are refused: " + found + "; extensions-sandbox=accept-weaker would run them");
  return found + ", engine " + options.engine.folder;
}

}  // namespace

std::string engine_folder(const Settings& settings) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (const auto& given = settings.text("engine"); !given.empty())
    return fs::absolute(given, ignored).lexically_normal().string();
  const auto program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const char* place : {"../share/durward/engine", "../../engine"}) {
    const auto folder = (program / place).lexically_normal();
    if (fs::exists(folder / "runtime" / "worker.js", ignored)) return folder.string();
  }
  return "";
}

sandbox::SupervisorOptions supervisor_options(const Settings& settings) {
  sandbox::SupervisorOptions options;
  options.confinement = confinement_options(settings);
  options.pool.warm = size_t(settings.integer("extensions-warm"));
  options.pool.processes_max = size_t(settings.integer("extensions-processes"));
  options.pool.tenant_max = size_t(settings.integer("extensions-tenant-processes"));
  options.pool.idle = Seconds(settings.integer("extensions-idle"));
  options.egress_allow = settings.list("egress-allow");
  options.egress.tenant_max = size_t(settings.integer("egress-connections"));
  options.starts_warm = needs_no_store(settings);
  return options;
}

Extensions::Extensions() = default;
Extensions::~Extensions() = default;

Result<std::unique_ptr<Extensions>> Extensions::open(const Settings& settings, const Clock& clock,
                                                     Random& random, metrics::Registry& metrics) {
  std::unique_ptr<Extensions> out(new Extensions);
  if (!is_local(settings)) {
    ENSURE(out->open_remote(settings, clock, random, metrics));
    return out;
  }
  auto options = supervisor_options(settings);
  if (!options.confinement.engine.check()) {
    out->scripts_ = std::make_unique<adapters::NoScripts>();
    out->modules_ = std::make_unique<adapters::NoModules>();
    return out;
  }
  out->modules_ = std::make_unique<sandbox::LocalModuleBuilder>(sandbox::BuilderOptions{
      .confinement = options.confinement, .registry = settings.text("extensions-npm-registry")});
  const bool is_eager = options.starts_warm && has_role(settings.list("role"), "extensions");
  auto local =
      std::make_unique<LocalScripts>(std::move(options), may_be_weaker(settings), clock, random, metrics);
  if (is_eager) ENSURE(local->opened());
  out->scripts_ = std::move(local);
  return out;
}

Result<> Extensions::open_remote(const Settings& settings, const Clock& clock, Random& random,
                                 metrics::Registry& metrics) {
  http::UpstreamOptions options;
  for (const auto& url : settings.list("extensions")) {
    TRY(auto origin, http::Origin::parse(url));
    options.origins.push_back(std::move(origin));
  }
  // Its own: calls that wait for slow scripts take no connection from hashing.
  http::ClientOptions client;
  client.connections_max = size_t(settings.integer("extensions-connections"));
  client.body_max = sandbox::wire_body_max;
  TRY(client.tls.authorities_pem, internal_authorities(settings));
  TRY(client_, http::Client::create(std::move(client), metrics));
  TRY(auto keys, internal_keys(settings, random));
  options.name = "extensions";
  options.deadline_field = sandbox::deadline_field;
  options.prepare = [keys = std::move(keys), &clock, &random](http::ClientRequest& request) {
    keys.sign(request, clock.now(), random);
  };
  upstream_ = std::make_unique<http::Upstream>(*client_, random, metrics, std::move(options));
  scripts_ = std::make_unique<sandbox::RemoteScripts>(*upstream_);
  modules_ = std::make_unique<sandbox::RemoteModuleBuilder>(*upstream_);
  return {};
}

Result<std::string> Extensions::check(const Settings& settings) {
  if (!is_remote()) return check_here(settings);
  ports::ScriptCall call{.contract = ports::Contract::build};
  call.input = {{"code", "exports.onExecutePostLogin = async () => {};"}};
  TRY(const auto outcome, run_sync(scripts_->run({}, std::move(call))));
  return "scripts are run at " + std::to_string(settings.list("extensions").size()) + " servers";
}

}  // namespace durward::server
