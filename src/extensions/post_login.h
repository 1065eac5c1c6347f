#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "extensions/events.h"

// The trigger post-login: after every proof of who somebody is and at every refresh (Auth0, Actions).
namespace durward::extensions {

// What scripts changed in the tokens of a login.
struct TokenChanges {
  json::Object id_claims, access_claims;
  std::vector<std::string> added_scopes, removed_scopes;
  // Of the refresh token, the one that is used or the one to come.
  std::optional<TimePoint> refresh_expires_at, refresh_idle_expires_at;  // never later than they are anyway
  std::optional<json::Object> refresh_metadata;

  bool empty() const;
  json::Object to_json() const;
  static TokenChanges from_json(const json::Object& object);
  // The scopes of a grant after these changes. openid cannot be added by a script: it changes what the answer
  // is.
  std::vector<std::string> apply_to(std::vector<std::string> scope) const;
  void apply_to(domain::RefreshToken& token) const;
};
// Where a code keeps them until its tokens are made: a member of Authorization::extra.
inline constexpr std::string_view token_changes_member = "scripts";
// Where a refresh token keeps what scripts noted on it: a member of Authorization::extra.
inline constexpr std::string_view refresh_metadata_member = "metadata";

// What has to survive while the person is elsewhere; sealed into the transaction.
struct Progress {
  std::string binding;      // the one whose onContinue… comes
  std::string before;       // names those before it, which are done
  bool rules_done = false;  // otherwise it is the rules that sent the person away
  TokenChanges tokens;
  json::Object transaction_metadata;
  json::Array methods;       // recorded by scripts
  std::string primary_user;  // whom the login goes on as

  json::Object to_json() const;
  static Progress from_json(const json::Object& object);
};

// Makes the token of `auth0` in rules; of whoever signs tokens.
using UsersToken = std::function<Async<std::string>(endpoint::RequestContext)>;

struct LoginFacts {
  endpoint::RequestContext context;
  RequestFacts request;
  std::shared_ptr<const domain::Client> client;
  std::shared_ptr<const domain::Connection> connection;  // null: gone
  domain::User user;
  std::optional<domain::Session> session;
  std::optional<domain::RefreshToken> refresh_token;
  std::string method = "pwd";  // of event.authentication without a session; empty: none
  json::Object transaction;    // event.transaction without metadata
  std::string resource_server;
  // Whether there is a browser that may be sent elsewhere; otherwise a redirect is interaction_required.
  bool may_redirect = false;
  std::optional<Progress> progress;       // of a person who came back
  std::optional<json::Object> came_back;  // {state, query, body} of /continue
  UsersToken users_token;                 // asked for when a rule mentions `auth0`
};

struct Denial {
  Error error;  // for the application
  std::string log_type, log_text;
  bool on_page = false;  // api.validation.error: the person reads it and nothing goes to the application
  bool revokes_session = false, revokes_refresh_tokens = false;
};

struct LoginVerdict {
  bool ran = false;  // something is bound; otherwise the rest is as it was
  TokenChanges tokens;
  domain::User user;                       // with changed metadata, or the primary user
  bool user_changed = false;               // by metadata; `writes` hold it then
  std::optional<domain::Session> session;  // changed by a script
  ports::Writes writes;  // of metadata and of the record of what ran: to be committed whatever the verdict is
  json::Object trace;    // for the log record
  std::optional<Denial> denial;
  std::optional<std::string> redirect;  // where the person goes; comes back with `progress`
  Progress progress;
};

// Whether a login of this tenant runs anything: rules or actions.
Async<bool> has_login_scripts(const ports::Services& services, domain::TenantId tenant);
// Errors: of the store and the configuration only.
Async<LoginVerdict> post_login(const ports::Services& services, LoginFacts facts);

}  // namespace durward::extensions
