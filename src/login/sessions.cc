#include "login/sessions.h"

#include <algorithm>

#include "crypto/hash.h"

namespace durward::login {
namespace {

struct Lifetimes {
  std::chrono::minutes idle, absolute;
};

Lifetimes lifetimes_of(const domain::TenantSettings& settings, bool persistent) {
  if (persistent) return {settings.idle_session_lifetime, settings.session_lifetime};
  return {settings.idle_ephemeral_session_lifetime, settings.ephemeral_session_lifetime};
}

void add_client(domain::Session& session, const std::string& client_id) {
  if (std::ranges::find(session.clients, client_id) == session.clients.end())
    session.clients.push_back(client_id);
}

void set_device(domain::Session& session, const endpoint::RequestContext& context, bool first) {
  if (first) {
    session.device.initial_ip = context.ip;
    session.device.initial_user_agent = context.user_agent;
  }
  session.device.last_ip = context.ip;
  session.device.last_user_agent = context.user_agent;
}

}  // namespace

domain::Session touched(domain::Session session, const domain::TenantSettings& settings,
                        const endpoint::RequestContext& context, const std::string& client_id) {
  const Lifetimes lifetimes = lifetimes_of(settings, session.persistent);
  session.updated_at = context.now;
  session.idle_expires_at = std::min<TimePoint>(context.now + lifetimes.idle, session.expires_at);
  add_client(session, client_id);
  set_device(session, context, false);
  return session;
}

StartedSession start_session(const ports::Services& services, const domain::TenantSettings& settings,
                             const endpoint::RequestContext& context, const Proof& proof,
                             const std::string& client_id, const std::optional<domain::Session>& before) {
  const bool same_user = before && before->user_id == proof.user.user_id;
  StartedSession out;
  if (same_user) out.session = *before;
  domain::Session& session = out.session;
  if (!same_user) {
    session.id = services.sequence.next();
    session.public_part = services.random.bytes(16);
    session.user_id = proof.user.user_id;
  }
  out.cookie = {session.id, services.random.bytes(32)};
  session.secret_sha256 = crypto::sha256(out.cookie.secret);
  session.connection = proof.connection;
  session.strategy = proof.strategy;
  session.amr = proof.amr;
  session.persistent = settings.persistent_session_cookie;
  const Lifetimes lifetimes = lifetimes_of(settings, session.persistent);
  session.created_at = same_user ? session.created_at : context.now;
  session.authenticated_at = session.updated_at = context.now;
  session.expires_at = context.now + lifetimes.absolute;
  session.idle_expires_at = std::min<TimePoint>(context.now + lifetimes.idle, session.expires_at);
  add_client(session, client_id);
  set_device(session, context, !same_user);
  if (before && !same_user) out.writes.push_back(ports::RemoveSession{before->id});
  if (same_user)
    out.writes.push_back(ports::ReplaceSession{session});
  else
    out.writes.push_back(ports::InsertSession{session});
  return out;
}

}  // namespace durward::login
