#pragma once
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "domain/tenant.h"

namespace durward::domain {

// One change that others hear about. `type` is its subject, words with dots between them: Auth0's
// event-stream types where they exist (user.created, user.updated, user.deleted), else ours in the same style
// (session.revoked, refresh_token.revoked, configuration.changed, mail.requested). Never holds a secret.
struct Event {
  int64_t offset = 0;  // its place in the outbox, given by the store; 0 before. Has gaps.
  int64_t id = 0;      // from Sequence; the same in every delivery, so that consumers notice duplicates
  TenantId tenant;
  std::string type;
  TimePoint time;
  json::Object data;

  json::Object to_json() const;                                // id as text: it does not fit into a double
  static Result<Event> from_json(const json::Object& object);  // invalid/"invalid_event"
};

// Which events somebody hears: words of a type, "*" for any one word, ">" at the end for one or more.
bool is_event_pattern(std::string_view pattern);
bool matches(std::string_view pattern, std::string_view type);

}  // namespace durward::domain
