#include "base/log.h"
#include "cli/handlers.h"
#include "server/demo.h"
#include "server/sample.h"
#include "server/serve.h"

namespace durward::cli {
namespace {

using server::Running;
using server::Settings;

void apply_log_level(const Settings& settings) {
  const auto& level = settings.text("log-level");
  log::set_level(level == "debug"     ? log::Level::debug
                 : level == "warning" ? log::Level::warning
                 : level == "error"   ? log::Level::error
                                      : log::Level::info);
}

Exit finish(Running& running, const Output& out) {
  if (running.stop()) return Exit::ok;
  out.message("durward: the drain deadline passed; requests under way were cut");
  return Exit::ok;
}

std::string whole_ms(double seconds) { return std::to_string(int(seconds * 1000 + 0.5)); }

void say_ready(const server::Ready& ready, const Output& out) {
  log::info("ready", {{"base_url", ready.base_url}, {"ms", int64_t(ready.seconds * 1000 + 0.5)}});
  if (out.as_json()) out.data(ready.to_json());
}

// The address that people type: certificates, cookies and secure contexts all know localhost.
std::string for_people(std::string url) {
  for (const std::string_view address : {"127.0.0.1", "[::1]", "0.0.0.0"})
    if (const size_t at = url.find(address); at != url.npos) url.replace(at, address.size(), "localhost");
  return url;
}

Result<std::unique_ptr<server::SampleSite>> start_sample(const Settings& settings, Running& running,
                                                         const Output& out) {
  const auto folder = server::SampleSite::find_folder(settings.text("sample-dir"));
  if (!folder) {
    out.message(
        "The sample application is not served: neither --sample-dir, nor share/durward/sample beside the "
        "program, "
        "nor web/sample here has it with its npm package (run npm ci there).");
    return nullptr;
  }
  TRY(auto listen, server::parse_listen(settings.text("sample-listen"), false));
  auto& core = *running.installation().core;
  return server::SampleSite::start(*folder, std::move(listen), running.tls(), core.clock(), core.random());
}

std::string host_of_url(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  return std::string(url.substr(0, url.find('/')));
}

struct DevScreen {
  std::string base, sample_origin, client_id, ca_file, catcher;
  double seconds = 0;
};

void say_dev(const DevScreen& screen, const Output& out) {
  const auto& base = screen.base;
  if (!screen.sample_origin.empty()) out.message("Sign in         " + screen.sample_origin + "/?login");
  out.message("User            " + std::string(server::demo_email) + " / " +
              std::string(server::demo_password));
  out.message("Tenant          " + base + "/  (also https://" + std::string(server::demo_tenant) + "." +
              host_of_url(base) + "/)");
  if (!screen.client_id.empty()) out.message("Client id       " + screen.client_id);
  if (!screen.sample_origin.empty()) out.message("Sample          " + screen.sample_origin + "/");
  out.message("Caught mail     " + base + "/dev/mail");
  out.message("Discovery       " + base + "/.well-known/openid-configuration");
  out.message("Interface       " + base + "/.well-known/openapi.json");
  out.message("Health          " + base + "/healthz  /readyz  /metrics");
  if (!screen.ca_file.empty())
    out.message("Trust           " + screen.ca_file +
                "  (curl --cacert, NODE_EXTRA_CA_CERTS, or a browser's authorities)");
  out.message("Ready after " + whole_ms(screen.seconds) + " ms. Stop with Ctrl-C.");
}

Result<DevScreen> prepare_dev(Running& running, const server::Ready& ready, server::SampleSite* sample) {
  DevScreen screen;
  screen.base = for_people(ready.base_url);
  screen.ca_file = ready.ca_file;
  screen.seconds = ready.seconds;
  if (!sample) return screen;
  screen.sample_origin = sample->origin();
  TRY(const auto client,
      server::open_demo_client(running.installation(), host_of_url(screen.base), sample->origin()));
  if (client) {
    screen.client_id = client->client_id;
    sample->configure({{"domain", client->domain}, {"clientId", client->client_id}});
  }
  return screen;
}

}  // namespace

Exit run_serve(Invocation& invocation) {
  server::StopSignal stop;
  apply_log_level(invocation.settings);
  Running running(invocation.settings);
  auto ready = running.start();
  if (!ready) return invocation.out.fail(ready.error());
  say_ready(*ready, invocation.out);
  stop.wait([&](bool core_only) { running.set_core_only(core_only); });
  return finish(running, invocation.out);
}

Exit run_dev(Invocation& invocation) {
  server::StopSignal stop;
  apply_log_level(invocation.settings);
  Running running(invocation.settings, [](server::Installation& installation, const std::string& host) {
    return server::make_demo_tenant(installation, for_people(host));
  });
  auto ready = running.start();
  if (!ready) return invocation.out.fail(ready.error());
  auto sample = start_sample(invocation.settings, running, invocation.out);
  if (!sample) return invocation.out.fail(sample.error());
  auto screen = prepare_dev(running, *ready, sample->get());
  if (!screen) return invocation.out.fail(screen.error());
  if (invocation.out.as_json()) invocation.out.data(ready->to_json());
  say_dev(*screen, invocation.out);
  stop.wait([&](bool core_only) { running.set_core_only(core_only); });
  return finish(running, invocation.out);
}

}  // namespace durward::cli
