#pragma once
#include <memory>
#include <string>
#include <vector>

#include "management/support/new_tenant.h"
#include "server/internal_api.h"
#include "server/key_maker.h"
#include "server/seed.h"

namespace durward::server {

struct ManagementClient {
  std::string client_id, client_secret;
};

// Tenants as operators handle them: made whole, filled from files, exported. Everything that the management
// API can do is done through it.
class Provisioner {
 public:
  Provisioner(ports::Services& services, const InternalApi& api, KeyMaker& keys)
      : services_(services), api_(api), keys_(keys) {}

  using Place = InternalApi::Place;
  // `host` is the authority the tenant is reached at. conflict/"tenant_exists";
  // invalid/"invalid_tenant_name".
  Async<Place> create(std::string name, std::string host, std::string friendly_name = {});
  // The same, with the secret of its management client, which nobody else is told.
  Async<management::CreatedTenant> make(management::NewTenant wanted);
  // RSA keys take long: a new tenant makes its first one when it is needed. This makes it and the next one.
  Async<> complete_keys(Place place);
  // Applies a file to a tenant: what is there by name is changed, the rest is created. Errors name file and
  // line.
  Async<> apply(Place place, Seed seed);
  // A seed that brings no connection gets the default one enabled for all its clients.
  Async<Place> create_from(Seed seed, std::string host);
  // What the tenant consists of, in the format of a seed, without users, secrets and what every tenant has.
  Async<json::Object> export_tenant(Place place) const;

  Async<ManagementClient> management_client(Place place) const;  // not_found when it was deleted
  Async<Place> find(std::string name, std::string host) const;   // not_found/"inexistent_tenant"

 private:
  Async<json::Object> export_triggers(Place place) const;
  ports::Services& services_;
  const InternalApi& api_;
  KeyMaker& keys_;
};

}  // namespace durward::server
