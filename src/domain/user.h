#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace durward::domain {

// One account at one connection. A user has one or more; the first is the primary.
struct Identity {
  std::string connection, provider, user_id;  // user_id without the provider
  bool is_social = false;
  json::Object profile_data;  // of a linked (secondary) identity

  json::Object to_json() const;
  static Identity from_json(const json::Object& object);
};

// What a person may type to say who they are, unique per connection. `value` is normalised: e-mail and
// username in lower case.
struct Identifier {
  std::string connection;
  std::string kind;  // "email", "username", "phone_number"
  std::string value;
};

struct User {
  std::string user_id;  // provider|id
  json::Object
      profile;  // root attributes as API v2 shows them: email, email_verified, username, name, nickname,
                // picture, given_name, family_name, phone_number, blocked, user_metadata, app_metadata ...
  std::vector<Identity> identities;
  int64_t version = 1;
  TimePoint created_at, updated_at;
  // Kept apart from the profile, so that a login rewrites 50 bytes and not the profile:
  int64_t logins_count = 0;
  std::optional<TimePoint> last_login, last_password_reset;
  std::string last_ip;

  bool blocked() const { return json::boolean_or(profile, "blocked", false); }
  std::string email() const { return json::string_or(profile, "email"); }
  bool email_verified() const { return json::boolean_or(profile, "email_verified", false); }
  const Identity* identity_in(std::string_view connection) const;
  // The whole object of API v2, with identities, timestamps and counters.
  json::Object to_json() const;
  // Root attributes as userinfo and ID tokens see them: the profile without metadata and `blocked`, with sub
  // and updated_at.
  json::Object to_claims() const;
};

// The identifiers a user occupies in the connection of `identity`.
std::vector<Identifier> identifiers_of(const User& user, const Identity& identity);
std::string normalise_identifier(std::string_view kind, std::string_view value);

}  // namespace durward::domain
