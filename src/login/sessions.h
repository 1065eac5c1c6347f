#pragma once
#include <optional>
#include <string>

#include "domain/session.h"
#include "domain/tenant.h"
#include "endpoint/endpoint.h"
#include "login/machine.h"
#include "ports/services.h"

// How browser sessions begin and live on.
namespace durward::login {

struct StartedSession {
  domain::Session session;
  domain::Handle cookie;
  ports::Writes writes;
};
// The secret is always new, so that a cookie planted before the login is worth nothing after it (session
// fixation). The same user keeps the `sid` that applications know; another user's session ends.
StartedSession start_session(const ports::Services& services, const domain::TenantSettings& settings,
                             const endpoint::RequestContext& context, const Proof& proof,
                             const std::string& client_id, const std::optional<domain::Session>& before);

// Used once more by a client: the idle end moves, never beyond the absolute end.
domain::Session touched(domain::Session session, const domain::TenantSettings& settings,
                        const endpoint::RequestContext& context, const std::string& client_id);

}  // namespace durward::login
