#include "management/management.h"

#include <algorithm>
#include <iterator>

#include "management/actions/actions.h"
#include "management/anomaly/anomaly.h"
#include "management/attack_protection/attack_protection.h"
#include "management/branding/branding.h"
#include "management/branding/phone_providers.h"
#include "management/client_grants/client_grants.h"
#include "management/clients/clients.h"
#include "management/connections/connections.h"
#include "management/emails/emails.h"
#include "management/event_streams/event_streams.h"
#include "management/grants/grants.h"
#include "management/hooks/hooks.h"
#include "management/keys/keys.h"
#include "management/logs/logs.h"
#include "management/prompts/prompts.h"
#include "management/refresh_tokens/refresh_tokens.h"
#include "management/resource_servers/resource_servers.h"
#include "management/roles/roles.h"
#include "management/rules/rules.h"
#include "management/sessions/sessions.h"
#include "management/tenants/tenants.h"
#include "management/tickets/tickets.h"
#include "management/token_exchange_profiles/token_exchange_profiles.h"
#include "management/users/users.h"

namespace durward::management {

std::vector<endpoint::Endpoint> rows(const ports::Services& services,
                                     connections::database::Options options) {
  using Rows = std::vector<endpoint::Endpoint> (*)(const ports::Services&);
  constexpr Rows resources[] = {
      actions::rows,           rules::rows,    hooks::rows,         anomaly::rows,
      attack_protection::rows, branding::rows, client_grants::rows, clients::rows,
      connection::rows,        grants::rows,   keys::rows,          logs::rows,
      prompts::rows,           roles::rows,    sessions::rows,      refresh_tokens::rows,
      resource_servers::rows,  tenants::rows,  emails::rows,        phone_providers::rows,
      event_streams::rows,
  };
  std::vector<endpoint::Endpoint> out;
  const auto add = [&](std::vector<endpoint::Endpoint> more) {
    std::ranges::move(more, std::back_inserter(out));
  };
  for (const auto& resource : resources) add(resource(services));
  add(token_exchange_profiles::rows(services));
  add(tickets::rows(services, options));
  add(users::rows(services, options));
  // Single-page applications read and change the profile of their user; the token names the application whose
  // origins may (Auth0 Management API, CORS).
  for (auto& row : out) row.cors = endpoint::Cors::client_origins;
  return out;
}

}  // namespace durward::management
