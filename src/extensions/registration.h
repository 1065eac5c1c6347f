#pragma once
#include "extensions/events.h"
#include "extensions/metadata.h"
#include "extensions/trigger.h"

// The trigger pre-user-registration: before a person who signs up, or whom an administrator creates, is
// written (Auth0, Actions), and the hook of that name.
namespace durward::extensions {

struct RegistrationFacts {
  endpoint::RequestContext context;
  RequestFacts request;
  std::shared_ptr<const domain::Client> client;  // null: by the management API
  domain::Connection connection;
  json::Object user;         // as it was asked for, without the password
  json::Object transaction;  // of a page; empty otherwise
};

struct RegistrationVerdict {
  MetadataChanges metadata;
  ports::Writes writes;  // the record of what ran; also of a refusal
  json::Object trace;    // empty: nothing is bound
  // For the person: invalid/"extensibility_error" or "validation_error" with the script's words,
  // unavailable. `debug` is for the log.
  std::optional<Error> denial;
};

Async<RegistrationVerdict> pre_user_registration(const ports::Services& services, RegistrationFacts facts);

}  // namespace durward::extensions
