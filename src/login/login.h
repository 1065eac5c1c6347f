#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "domain/client.h"
#include "domain/session.h"
#include "domain/user.h"
#include "endpoint/endpoint.h"
#include "extensions/post_login.h"
#include "http/message.h"
#include "ports/services.h"

namespace durward::login {

// One person's way through the pages, sealed (AEAD) into `state` and bound to the browser by a cookie:
// nothing is written before the password is right. Everything a step needs is in here; a step never looks at
// another step.
struct Transaction {
  std::string id;       // random
  std::string binding;  // SHA-256 of the browser's binding cookie; set by the machine
  std::string client_id;
  std::string protocol;  // key of the Completion that gets the person back: "oauth2"
  json::Object request;  // the protocol's own validated request; opaque here
  std::string connection, login_hint, screen_hint, ui_locales, prompt, audience;
  std::vector<std::string> scope;  // shown on the consent page
  std::optional<Seconds> max_age;
  std::string hint_subject;     // of id_token_hint: the session must be this user's
  std::string callback_origin;  // added to form-action of the page's CSP
  bool needs_consent = false;
  // progress
  std::string identifier;  // identifier-first: what was typed
  std::string sid;         // once signed in within this transaction
  bool consented = false;
  json::Object progress;  // extensions::Progress, while a script has the person elsewhere
  TimePoint created_at;

  bool prompts(std::string_view word) const;  // one of the words of `prompt`
  json::Object to_json() const;
  static Result<Transaction> from_json(const json::Object& object);
};

// How a transaction ends well: who signed in.
struct Authenticated {
  domain::Session session;
  domain::User user;
  bool fresh = false;                // signed in within this transaction, not by an earlier session
  extensions::TokenChanges changes;  // what scripts want in the tokens
};

// A protocol face takes the person back. It appends its own writes (code, log record) to `writes` and returns
// the answer to the browser; the login machine commits everything at once and only then sends the answer. An
// error goes to the Refusal.
using Completion = std::function<Async<http::Response>(endpoint::RequestContext, Transaction, Authenticated,
                                                       ports::Writes& writes)>;
// ... or tells the application that the person refused (access_denied) or that something else ended it.
using Refusal = std::function<Task<http::Response>(endpoint::RequestContext, Transaction, Error)>;

// What scripts are told of the request that a transaction came from.
struct Told {
  json::Object transaction;  // event.transaction
  json::Object query;        // event.request.query
  std::string resource_server;
};
using Description = std::function<Told(const Transaction&)>;

struct Protocol {
  Completion complete;
  Refusal refuse;
  Description describe;
  extensions::UsersToken users_token;
};
using Protocols = std::map<std::string, Protocol>;

// What a browser brings: the live session of its cookie, if any.
struct Browser {
  std::optional<domain::Session> session;
};

}  // namespace durward::login
