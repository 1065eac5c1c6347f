#pragma once
#include "extensions/events.h"
#include "extensions/trigger.h"

// The trigger credentials-exchange: before a program gets its token (Auth0, Actions), and the hook of that
// name.
namespace durward::extensions {

struct ProgramFacts {
  endpoint::RequestContext context;
  RequestFacts request;
  std::shared_ptr<const domain::Client> client;
  std::string audience;
  std::vector<std::string> scope;  // granted
};

struct ProgramVerdict {
  std::vector<std::string> scope;
  json::Object claims;   // of the access token
  ports::Writes writes;  // the record of what ran; also of a refusal
  json::Object trace;    // empty: nothing is bound
  std::optional<Error> denial;
};

Async<ProgramVerdict> credentials_exchange(const ports::Services& services, ProgramFacts facts);

}  // namespace durward::extensions
