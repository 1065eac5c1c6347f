#pragma once
#include <optional>
#include <string>

#include "extensions/events.h"

// The trigger password-reset-post-challenge: after the link of a password reset was accepted, before the new
// password (Auth0, Actions).
namespace durward::extensions {

inline constexpr std::string_view post_challenge_trigger = "password-reset-post-challenge";

// What has to survive while the person is elsewhere or chooses a password; sealed by the caller.
struct ChallengeProgress {
  std::string binding, before;  // of a person who was sent away: TriggerCall::resume_at and resume_before
  std::string result_url;       // where the person goes in the end; empty: nobody said

  json::Object to_json() const;
  static ChallengeProgress from_json(const json::Object& object);
};

struct ChallengeFacts {
  endpoint::RequestContext context;
  RequestFacts request;
  std::shared_ptr<const domain::Client> client;  // null: the link names none
  domain::Connection connection;
  domain::User user;
  std::string locale;                          // "en": of the pages
  ChallengeProgress progress;                  // of a person who came back
  std::optional<json::Object> came_back = {};  // {state, query, body} of /continue
};

struct ChallengeVerdict {
  ports::Writes writes;  // the record of what ran, whatever the verdict is
  json::Object trace;    // for the log record
  // For the person: forbidden/"access_denied" with the script's words or, when a script failed, our own;
  // unavailable.
  std::optional<Error> denial;
  std::string log_text;                 // of a denial
  std::optional<std::string> redirect;  // where the person goes; comes back with `progress`
  ChallengeProgress progress;
};

// Errors: of the store and the configuration only.
Async<ChallengeVerdict> post_challenge(const ports::Services& services, ChallengeFacts facts);

}  // namespace durward::extensions
