#pragma once
#include <optional>

#include "extensions/events.h"
#include "extensions/metadata.h"
#include "extensions/trigger.h"

// The trigger custom-token-exchange: the action of a profile judges a subject token and says for whom it
// stands (Auth0, Actions; RFC 8693).
namespace durward::extensions {

struct ExchangeFacts {
  endpoint::RequestContext context;
  RequestFacts request;
  std::shared_ptr<const domain::Client> client;
  domain::TokenExchangeProfile profile;
  std::string audience;
  json::Object transaction;  // the tokens and their types, requested_scopes
};

// api.authentication.setUserByConnection.
struct UserByConnection {
  std::string connection;   // name
  json::Object attributes;  // user_id beside root attributes and verify_email, each of its type
  bool may_create = false, replaces = false;
};

struct ExchangeVerdict {
  // Exactly one of the two, without a denial.
  std::string user_id;
  std::optional<UserByConnection> by_connection;
  json::Object actor;  // the claim `act` (RFC 8693 §4.1); empty: none
  MetadataChanges metadata;
  ports::Writes writes;  // the record of what ran; also of a refusal
  json::Object trace;
  // For the application: what the action refused with, access_denied when it cannot be relied on,
  // unavailable.
  std::optional<Error> denial;
  std::string log_text;                // what the application is not told of a denial
  bool rejects_subject_token = false;  // counts against the address
};

inline constexpr int actor_depth_max = 5;          // Auth0, Actions
inline constexpr size_t actor_size_max = 4 << 10;  // bytes of JSON

// Errors: of the configuration only.
Async<ExchangeVerdict> custom_token_exchange(const ports::Services& services, ExchangeFacts facts);

}  // namespace durward::extensions
