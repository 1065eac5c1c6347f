#include "extensions/login_event.h"

namespace durward::extensions {
namespace {

json::Object transaction_event(const LoginFacts& facts, const Progress& progress) {
  json::Object out = facts.transaction;
  out["metadata"] = progress.transaction_metadata;
  return out;
}

json::Object authentication_of(const LoginFacts& facts, const Progress& progress) {
  json::Object out = facts.session ? authentication_event(*facts.session)
                                   : authentication_event(facts.method, facts.context.now);
  for (const auto& method : progress.methods) out["methods"].get_array().push_back(method);
  return out;
}

}  // namespace

json::Object login_event(const LoginFacts& facts, const Progress& progress, const json::Array& roles) {
  json::Object event{{"tenant", tenant_event(*facts.context.tenant)},
                     {"client", client_event(*facts.client)},
                     {"request", request_event(facts.context, facts.request)},
                     {"user", user_event(facts.user)},
                     {"authorization", json::Object{{"roles", names_of(roles)}}},
                     {"authentication", authentication_of(facts, progress)},
                     {"transaction", transaction_event(facts, progress)},
                     {"stats", json::Object{{"logins_count", facts.user.logins_count}}}};
  if (facts.connection) event["connection"] = connection_event(*facts.connection);
  if (facts.session) event["session"] = session_event(*facts.session);
  if (facts.refresh_token) event["refresh_token"] = refresh_token_event(*facts.refresh_token);
  if (!facts.resource_server.empty())
    event["resource_server"] = json::Object{{"identifier", facts.resource_server}};
  return event;
}

}  // namespace durward::extensions
