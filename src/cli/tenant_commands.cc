#include "base/executor.h"
#include "cli/handlers.h"
#include "cli/with_tenant.h"
#include "operator/entitlements.h"
#include "server/entitle.h"
#include "server/seed_files.h"
#include "server/yaml_json.h"

namespace durward::cli {
namespace {

using server::Installation;

json::Object shown(const domain::Tenant& tenant) {
  return {{"name", tenant.name}, {"created_at", to_iso8601(tenant.created_at)}};
}

Result<json::Object> with_client(const TenantScene& scene) {
  json::Object out = shown(*scene.place.tenant);
  out["domain"] = scene.place.host;
  out["issuer"] = "https://" + scene.place.host + "/";
  auto client = run_sync(scene.installation->provisioner.management_client(scene.place));
  if (!client && client.error().kind != ErrorKind::not_found) return std::unexpected(client.error());
  if (client) {
    out["client_id"] = client->client_id;
    out["client_secret"] = client->client_secret;
  }
  return out;
}

Exit print(const Invocation& invocation, Result<json::Object> object) {
  if (!object) return invocation.out.fail(object.error());
  invocation.out.data(*std::move(object));
  return Exit::ok;
}

Result<json::Object> create(const Invocation& invocation) {
  TenantScene scene;
  const std::string name = invocation.arguments[0], host = host_of(invocation, name);
  TRY(scene.installation, Installation::open(invocation.settings, 1));
  TRY(scene.place,
      run_sync(scene.installation->provisioner.create(name, host, invocation.value("friendly-name", name))));
  ENSURE(run_sync(scene.installation->provisioner.complete_keys(scene.place)));
  return with_client(scene);
}

Result<json::Array> list(const Invocation& invocation) {
  TRY(auto installation, Installation::open(invocation.settings));
  auto& tenants = installation->core->services().tenants;
  json::Array out;
  std::string after;
  for (;;) {
    TRY(const auto page, run_sync(tenants.list(after, 1000)));
    for (const auto& tenant : page) out.push_back(shown(tenant));
    if (page.size() < 1000) return out;
    after = page.back().name;
  }
}

Result<server::Seed> load(const Invocation& invocation) {
  const auto& path = invocation.arguments[0];
  TRY(const std::string text, server::read_file(path));
  auto seed = server::parse_seed(text, path);
  const auto mistakes = seed ? server::read_seed_files(*seed, path) : seed.error();
  if (!mistakes.empty()) {
    for (const auto& mistake : mistakes) invocation.out.message(mistake);
    return fail(ErrorKind::invalid, "invalid_seed", path + " is not applied");
  }
  if (invocation.has("tenant")) seed->name = invocation.value("tenant");
  return *std::move(seed);
}

Result<json::Object> import(const Invocation& invocation) {
  TRY(auto seed, load(invocation));
  const std::string host = host_of(invocation, seed.name), name = seed.name;
  TRY(auto installation, Installation::open(invocation.settings));
  auto& provisioner = installation->provisioner;
  auto place = run_sync(provisioner.find(name, host));
  const bool exists = place.has_value();
  if (!exists && place.error().kind != ErrorKind::not_found) return std::unexpected(place.error());
  if (exists) {
    ENSURE(run_sync(provisioner.apply(*std::move(place), std::move(seed))));
  } else {
    TRY(const auto made, run_sync(provisioner.create_from(std::move(seed), host)));
    ENSURE(run_sync(provisioner.complete_keys(made)));
  }
  return json::Object{{"name", name}, {"result", exists ? "changed" : "created"}};
}

Result<> remove(const Invocation& invocation) {
  if (!invocation.has("yes"))
    return fail(ErrorKind::invalid, usage_code, "This removes the tenant with all its users; say --yes.");
  TRY(auto scene, open_tenant(invocation, invocation.arguments[0]));
  return run_sync(scene.services().tenants.remove(scene.place.tenant->id));
}

ports::Write change_record(const TenantScene& scene) {
  domain::LogRecord record;
  record.id = scene.services().sequence.next();
  record.date = scene.services().clock.now();
  record.type = "sapi";
  record.description = "Grant a tenant something else";
  record.hostname = scene.place.host;
  return ports::AppendLog{std::move(record)};
}

Result<json::Object> entitlements(const Invocation& invocation) {
  json::Object patch;
  if (invocation.has("patch")) {
    auto given = json::parse_object(invocation.value("patch"));
    if (!given) return fail(ErrorKind::invalid, "invalid_body", "--patch must be a JSON object");
    patch = *std::move(given);
    ENSURE(operators::check_entitlements(patch));
  }
  TRY(auto scene, open_tenant(invocation, invocation.arguments[0]));
  const auto tenant = scene.place.tenant->id;
  if (patch.empty()) return run_sync(server::entitlements_of(scene.services(), tenant));
  return run_sync(server::entitle(scene.services(), tenant, std::move(patch), {change_record(scene)}));
}

}  // namespace

Exit run_tenant_entitlements(Invocation& invocation) { return print(invocation, entitlements(invocation)); }

Exit run_tenant_create(Invocation& invocation) { return print(invocation, create(invocation)); }

Exit run_tenant_list(Invocation& invocation) {
  auto items = list(invocation);
  if (!items) return invocation.out.fail(items.error());
  invocation.out.rows(*items, {"name", "created_at"});
  return Exit::ok;
}

Exit run_tenant_show(Invocation& invocation) {
  auto scene = open_tenant(invocation, invocation.arguments[0]);
  if (!scene) return invocation.out.fail(scene.error());
  return print(invocation, with_client(*scene));
}

Exit run_tenant_remove(Invocation& invocation) {
  auto removed = remove(invocation);
  return removed ? Exit::ok : invocation.out.fail(removed.error());
}

Exit run_tenant_import(Invocation& invocation) { return print(invocation, import(invocation)); }

Exit run_tenant_export(Invocation& invocation) {
  auto scene = open_tenant(invocation, invocation.arguments[0]);
  if (!scene) return invocation.out.fail(scene.error());
  auto exported = run_sync(scene->installation->provisioner.export_tenant(scene->place));
  if (!exported) return invocation.out.fail(exported.error());
  if (invocation.out.as_json())
    invocation.out.data(*exported);
  else
    invocation.out.text(server::to_yaml(*exported));
  return Exit::ok;
}

}  // namespace durward::cli
