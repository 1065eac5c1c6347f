#include "server/serve.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/sandbox/scripts_wire.h"
#include "base/executor.h"
#include "base/log.h"
#include "login/pages.h"
#include "server/files.h"
#include "server/roles.h"
#include "server/seed_files.h"
#include "server/store_choice.h"
#include "server/version.h"
#include "tokens/verify.h"

namespace durward::server {
namespace {

constexpr std::string_view default_tenant = "main";
// Who has more asks the operator's API.
constexpr int64_t tenants_in_ready_file_max = 100;

std::string authority(const std::string& host, uint16_t port) {
  const std::string bracketed = host.find(':') == host.npos ? host : "[" + host + "]";
  return port == 443 ? bracketed : bracketed + ":" + std::to_string(port);
}

// What a browser on this machine can open of an address that means all of them.
std::string reachable(const std::string& host) {
  return host == "0.0.0.0" || host == "::" ? "localhost" : host;
}

// Where clients are when a proxy stands between them and the port that was bound.
uint16_t public_port(const Settings& settings, uint16_t bound) {
  const auto given = uint16_t(settings.integer("public-port"));
  return given ? given : bound;
}

std::string url_of(const http::Server& server) {
  const auto& address = server.addresses().front();
  return (address.tls ? "https://" : "http://") + authority(reachable(address.host), address.port);
}

RateDefaults rate_defaults(const Settings& settings) {
  const auto given = [&](const char* option) {
    return settings.is_given(option) ? std::optional(settings.integer(option)) : std::nullopt;
  };
  return {domain::rate_profile_named(settings.text("rate-profile")).value(), given("login-rate"),
          given("token-rate"), given("management-rate")};
}

constexpr std::string_view please_wait = "Too many requests. Please wait a moment.";

Task<http::Response> limited_page(const ports::Services& services, endpoint::RequestContext context,
                                  http::Headers headers) {
  const std::string id = context.request_id;
  const auto page = co_await login::page_context(services, std::move(context), "",
                                                 std::string(headers.get("Accept-Language")));
  if (!page) co_return error_at("/", 429, "too_many_requests", please_wait);
  co_return login::render_error(*page, {429, "too_many_requests", std::string(please_wait), {}, {}}, id);
}

Result<http::Networks> metrics_readers(const Settings& settings) {
  auto readers = http::Networks::parse(settings.list("metrics-from"));
  if (readers) return readers;
  return fail(ErrorKind::invalid, "bad_option", "metrics-from must be addresses or CIDR blocks");
}

http::ServerOptions server_options(const Settings& settings, std::vector<http::Listen> listen) {
  http::ServerOptions options;
  options.listen = std::move(listen);
  options.io_threads = size_t(settings.integer("io-threads"));
  options.limits.body_max = size_t(settings.integer("body-max"));
  options.limits.body_max_by_path = {
      {"/api/v2/jobs/users-imports", size_t(settings.integer("import-body-max"))}};
  options.limits.header_max = size_t(settings.integer("header-max"));
  options.limits.url_max = size_t(settings.integer("url-max"));
  options.limits.connections_max = size_t(settings.integer("connections-max"));
  options.timeouts.idle = Seconds(settings.integer("idle-timeout"));
  options.timeouts.drain = Seconds(settings.integer("drain-timeout"));
  options.trusted_proxies = settings.list("trusted-proxies");
  if (settings.text("proxy-headers") == "forwarded") options.proxy_fields = http::ProxyFields::forwarded;
  options.access_log = settings.boolean("access-log");
  return options;
}

// Seconds since the kernel started this process: what somebody who waits for it has waited.
double process_age() {
  std::ifstream stat("/proc/self/stat"), uptime("/proc/uptime");
  std::string line;
  double now = 0, started = 0;
  if (!std::getline(stat, line) || !(uptime >> now)) return 0;
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int i = 3; i < 22; ++i) fields >> skipped;  // proc(5): starttime is field 22
  fields >> started;
  return now - started / double(::sysconf(_SC_CLK_TCK));
}

std::unique_ptr<KeyMaker> key_maker(const Settings& settings) {
  if (!settings.is_given("seed-random")) return std::make_unique<KeyMaker>();
  // One thread and a source of its own: the same keys in the same order, whatever else draws random numbers.
  auto random = std::make_shared<SeededRandom>(uint64_t(settings.integer("seed-random")));
  return std::make_unique<KeyMaker>(
      1, 1024, [random] { return crypto::PrivateKey::generate_rsa_repeatable(*random); });
}

Result<Seed> load_seed(const std::string& path) {
  TRY(const std::string text, read_file(path));
  auto seed = parse_seed(text, path);
  const auto mistakes = seed ? read_seed_files(*seed, path) : seed.error();
  if (mistakes.empty()) return *std::move(seed);
  std::string all;
  for (const auto& mistake : mistakes) all += (all.empty() ? "" : "\n") + mistake;
  return fail(ErrorKind::invalid, "invalid_seed", all);
}

}  // namespace

Result<http::Listen> parse_listen(const std::string& text, bool tls) {
  const size_t colon = text.rfind(':');
  http::Listen out;
  out.tls = tls;
  const std::string_view port = colon == text.npos ? "" : std::string_view(text).substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size())
    return fail(ErrorKind::invalid, "bad_option", "--listen " + text + " must be HOST:PORT");
  out.host = text.substr(0, colon);
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

std::string tenant_host(const Settings& settings, std::string_view name, uint16_t port) {
  return authority(std::string(name) + "." + settings.text("base-domain"), public_port(settings, port));
}

Result<std::vector<http::Listen>> listeners(const Settings& settings) {
  std::vector<http::Listen> out;
  for (const auto& text : settings.list("listen")) {
    TRY(auto listen, parse_listen(text, !settings.boolean("plain-http")));
    out.push_back(std::move(listen));
  }
  if (out.empty()) return fail(ErrorKind::invalid, "bad_option", "--listen names no address");
  return out;
}

Installation::Installation(std::unique_ptr<KeyMaker> maker, std::unique_ptr<Core> opened,
                           const Settings& settings)
    : keys(std::move(maker)),
      core(std::move(opened)),
      faces(*core, settings),
      api(faces.management_rows(), core->services()),
      provisioner(core->services(), api, *keys) {}

Result<std::unique_ptr<Installation>> Installation::open(const Settings& settings, size_t new_tenants) {
  auto keys = key_maker(settings);
  // Whether one is ready in time is chance, which repeatable runs do without.
  if (!settings.is_given("seed-random")) keys->want(2 * new_tenants);
  TRY(auto core, Core::open(settings, *keys));
  return std::make_unique<Installation>(std::move(keys), std::move(core), settings);
}

json::Object Ready::to_json() const {
  json::Array list;
  for (const auto& tenant : tenants)
    list.push_back(json::Object{{"name", tenant.name},
                                {"domain", tenant.domain},
                                {"issuer", tenant.issuer},
                                {"client_id", tenant.client.client_id},
                                {"client_secret", tenant.client.client_secret}});
  json::Object out{{"base_url", base_url},
                   {"ca_file", ca_file},
                   {"pid", int64_t(::getpid())},
                   {"tenants", std::move(list)}};
  if (!internal_url.empty()) out["internal_url"] = internal_url;
  if (!operator_url.empty()) out["operator_url"] = operator_url;
  return out;
}

Running::~Running() { stop(); }

Result<Ready> Running::start() {
  TRY(installation_, Installation::open(settings_, new_tenants()));
  ENSURE(bind());
  ENSURE(bind_internal());
  ENSURE(bind_operator());
  ENSURE(seed_all());
  Ready ready;
  ready.base_url = url_of(*server_);
  if (internal_server_) ready.internal_url = url_of(*internal_server_);
  if (operator_server_) ready.operator_url = url_of(*operator_server_);
  TRY(ready.ca_file, authority_file());
  TRY(ready.tenants, ready_tenants());
  if (has_role(settings_.list("role"), "worker")) {
    TRY(worker_, Worker::open(*installation_->core, settings_));
    worker_->start();
  }
  // Repeatable runs draw random numbers in one order, so nothing happens beside them.
  if (settings_.is_given("seed-random"))
    complete_keys();
  else if (!made_.empty())
    key_thread_ = std::thread([this] { complete_keys(); });
  readiness_.ready = true;
  ready.seconds = process_age();
  if (const auto& path = settings_.text("ready-file"); !path.empty())
    ENSURE(write_file(path, json::serialize(ready.to_json()) + "\n", 0600));
  return ready;
}

void Running::set_core_only(bool core_only) {
  if (readiness_.core_only.exchange(core_only) != core_only)
    log::warning(core_only ? "core-only mode begins" : "core-only mode ends");
}

Result<> Running::bind() {
  auto& core = *installation_->core;
  readiness_.probes = core.probes();
  readiness_.core_only = settings_.boolean("core-only");
  TRY(auto listen, listeners(settings_));
  auto options = server_options(settings_, listen);
  if (!settings_.boolean("plain-http")) {
    std::vector<std::string> hosts;
    for (const auto& one : listen) hosts.push_back(one.host);
    for (const char* own : {"internal-listen", "operator-listen"}) {
      if (settings_.text(own).empty()) continue;
      TRY(const auto one, parse_listen(settings_.text(own), true));
      hosts.push_back(one.host);
    }
    TRY(certificates_, open_certificates(settings_, hosts, core.clock(), core.random()));
    options.tls = certificates_.tls;
  }
  auto rows = installation_->faces.rows(settings_.list("role"));
  // What the installation serves, whichever process is asked.
  auto described = installation_->faces.rows({"authentication", "management", "worker"});
  rows.push_back(openapi_row(described, version));
  TRY(auto readers, metrics_readers(settings_));
  limiter_ =
      std::make_unique<Limiter>(rate_defaults(settings_), core.shared().shared_limiter(), core.metrics());
  limit_log_ = std::make_unique<LimitLog>(core.services());
  pipeline_ = std::make_unique<Pipeline>(
      std::move(rows), health_rows(readiness_, core.metrics(), std::move(readers)),
      core.services().configuration, tokens::management_authenticator(core.services()), core.clock(),
      PipelineOptions{
          .base_domain = settings_.text("base-domain"),
          .limiter = limiter_.get(),
          .management_in_flight = settings_.integer("management-in-flight"),
          .on_limit = [this](const auto& context, const auto& verdict) { (*limit_log_)(context, verdict); },
          .limited_page =
              [&services = core.services()](auto context, auto headers) {
                return limited_page(services, std::move(context), std::move(headers));
              },
          .core_only = &readiness_.core_only,
          .flags = &core.services().flags});
  server_ = std::make_unique<http::Server>(
      std::move(options), http::ServerServices{core.clock(), core.random(), core.metrics()},
      [pipeline = pipeline_.get()](http::Request request) { return pipeline->handle(std::move(request)); });
  return server_->start();
}

Result<http::ServerOptions> Running::own_listener(const std::string& address) {
  auto& core = *installation_->core;
  TRY(auto listen, parse_listen(address, true));
  auto options = server_options(settings_, {listen});
  options.limits.body_max_by_path.clear();
  options.tls = certificates_.tls;
  if (!options.tls) {  // plain-http is for the proxy in front; passwords and keys stay hidden
    TRY(auto certificates, open_certificates(settings_, {listen.host}, core.clock(), core.random()));
    options.tls = std::move(certificates.tls);
  }
  return options;
}

// A server of its own: no row of it can be reached through the public listener, whatever that is told.
Result<> Running::bind_internal() {
  const auto& text = settings_.text("internal-listen");
  if (text.empty()) return {};
  auto& core = *installation_->core;
  TRY(auto options, own_listener(text));
  options.trusted_proxies.clear();
  TRY(auto keys, internal_keys(settings_, core.random()));
  TRY(auto readers, metrics_readers(settings_));
  auto rows = health_rows(readiness_, core.metrics(), std::move(readers));
  if (has_role(settings_.list("role"), "hashing"))
    for (auto& row : hashing_rows(core.local_hasher())) rows.push_back(std::move(row));
  auto& extensions = core.extensions();
  if (has_role(settings_.list("role"), "extensions") && !extensions.is_remote()) {
    for (auto& row : extension_rows(extensions.scripts(), extensions.modules()))
      rows.push_back(std::move(row));
    options.limits.body_max_by_path = {
        {std::string(adapters::sandbox::scripts_path), adapters::sandbox::wire_body_max}};
  }
  internal_ =
      std::make_unique<InternalFace>(std::move(rows), std::move(keys), core.clock(), core.shared().cache());
  internal_server_ = std::make_unique<http::Server>(
      std::move(options), http::ServerServices{core.clock(), core.random(), core.metrics()},
      [face = internal_.get()](http::Request request) { return face->handle(std::move(request)); });
  return internal_server_->start();
}

Result<> Running::bind_operator() {
  const auto& text = settings_.text("operator-listen");
  if (text.empty()) return {};
  auto& core = *installation_->core;
  TRY(auto options, own_listener(text));
  TRY(auto keys, operator_keys(settings_, core.random()));
  TRY(auto readers, metrics_readers(settings_));
  const uint16_t port = server_->addresses().front().port;
  office_ = std::make_unique<TenantOffice>(
      core.services(), installation_->api, installation_->provisioner,
      [this, port](std::string_view name) { return tenant_host(settings_, name, port); });
  auto rows = operators::tenant_rows(*office_);
  flag_office_ = std::make_unique<FlagOffice>(core.services());
  for (auto& row : operators::flag_rows(*flag_office_)) rows.push_back(std::move(row));
  for (auto& row : operators::entitlement_rows(*office_)) rows.push_back(std::move(row));
  rows.push_back(openapi_row(rows, version));
  for (auto& row : health_rows(readiness_, core.metrics(), std::move(readers)))
    rows.push_back(std::move(row));
  operator_ = std::make_unique<OperatorFace>(std::move(rows), std::move(keys), core.clock(),
                                             settings_.integer("management-in-flight"));
  operator_server_ = std::make_unique<http::Server>(
      std::move(options), http::ServerServices{core.clock(), core.random(), core.metrics()},
      [face = operator_.get()](http::Request request) { return face->handle(std::move(request)); });
  return operator_server_->start();
}

// One tenant is reached at every host, so the address that certainly answers is the one that was bound.
std::string Running::host_of(std::string_view tenant, size_t tenants) const {
  const auto& address = server_->addresses().front();
  if (tenants > 1) return tenant_host(settings_, tenant, address.port);
  return authority(reachable(address.host), public_port(settings_, address.port));
}

Result<> Running::seed_all() {
  auto& services = installation_->core->services();
  std::vector<Seed> seeds;
  for (const auto& path : settings_.list("seed")) {
    TRY(auto seed, load_seed(path));
    seeds.push_back(std::move(seed));
  }
  TRY(const int64_t existing, run_sync(services.tenants.count()));
  tenant_count_ = size_t(existing) + seeds.size();
  if (tenant_count_ == 0) return create_first_tenant();
  for (auto& seed : seeds) {
    TRY(const auto known, run_sync(services.tenants.find_by_name(seed.name)));
    if (known) {
      log::info("tenant exists, its seed is not applied again", {{"tenant", seed.name}});
      --tenant_count_;
      continue;
    }
    const std::string host = host_of(seed.name, tenant_count_);
    TRY(auto place, run_sync(installation_->provisioner.create_from(std::move(seed), host)));
    made_.push_back(std::move(place));
  }
  return {};
}

// An ephemeral server without any tenant would be good for nothing; one on a disk waits for `durward tenant
// create`.
Result<> Running::create_first_tenant() {
  const std::string host = host_of(default_tenant, 1);
  if (!first_tenant_ && !settings_.boolean("ephemeral")) return {};
  TRY(auto place, first_tenant_
                      ? first_tenant_(*installation_, host)
                      : run_sync(installation_->provisioner.create(std::string(default_tenant), host)));
  made_.push_back(std::move(place));
  return {};
}

void Running::complete_keys() {
  for (const auto& place : made_)
    if (auto added = run_sync(installation_->provisioner.complete_keys(place)); !added)
      log::error("the signing keys could not be stored",
                 {{"tenant", place.tenant->name}, {"reason", added.error().message}});
}

// How many tenants a start will probably make; a guess that is too low costs time, not truth.
size_t Running::new_tenants() const {
  const size_t seeds = settings_.list("seed").size();
  const bool is_new =
      settings_.boolean("ephemeral") || (first_tenant_ && StoreChoice::of(settings_)->is_new());
  return seeds == 0 && is_new ? 1 : seeds;
}

Result<std::vector<ReadyTenant>> Running::ready_tenants() {
  std::vector<ReadyTenant> out;
  if (settings_.text("ready-file").empty()) return out;
  auto& services = installation_->core->services();
  TRY(const auto tenants, run_sync(services.tenants.list("", tenants_in_ready_file_max)));
  for (const auto& tenant : tenants) {
    const std::string host = host_of(tenant.name, tenants.size());
    auto client = run_sync(
        installation_->provisioner.management_client({std::make_shared<domain::Tenant>(tenant), host}));
    if (!client && client.error().kind != ErrorKind::not_found) return std::unexpected(client.error());
    out.push_back(
        {tenant.name, host, "https://" + host + "/", client ? *std::move(client) : ManagementClient{}});
  }
  return out;
}

// An ephemeral authority lives in memory; clients still need a file, which goes where they look for the rest.
Result<std::string> Running::authority_file() {
  const auto& ready_file = settings_.text("ready-file");
  if (certificates_.authority_pem.empty() || !certificates_.authority_file.empty() || ready_file.empty())
    return certificates_.authority_file.empty()
               ? ""
               : std::filesystem::absolute(certificates_.authority_file).string();
  const std::string path = std::filesystem::absolute(ready_file).string() + ".ca.pem";
  ENSURE(write_file(path, certificates_.authority_pem, 0644));
  return path;
}

bool Running::stop() {
  if (key_thread_.joinable()) key_thread_.join();
  if (!server_) return true;
  readiness_.draining = true;
  if (readiness_.ready) std::this_thread::sleep_for(Seconds(settings_.integer("drain-wait")));
  bool clean = server_->drain();
  for (auto* own : {internal_server_.get(), operator_server_.get()})
    if (own) clean = own->drain() && clean;
  if (worker_) worker_->stop();
  server_.reset();
  internal_server_.reset();
  operator_server_.reset();
  return clean;
}

namespace {

sigset_t awaited_signals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGUSR1);
  sigaddset(&stop, SIGUSR2);
  return stop;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t awaited = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void StopSignal::wait(const std::function<void(bool)>& core_only) {
  const sigset_t awaited = awaited_signals();
  int received = 0;
  while (sigwait(&awaited, &received) == 0 && received != SIGINT && received != SIGTERM)
    if (core_only) core_only(received == SIGUSR1);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &awaited, nullptr);
}

}  // namespace durward::server
