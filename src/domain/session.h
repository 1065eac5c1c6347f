#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

// Short-lived records of a login. Every secret here is a SHA-256: the secrets are random, so nothing slower
// is owed.
namespace durward::domain {

// A bearer value for a stored row: text = base64url(8 bytes of row key || secret). The row is found by its
// growing key and only the SHA-256 of the secret is stored, so no index holds a random value and a stolen
// table opens nothing.
struct Handle {
  int64_t id = 0;
  std::string secret;  // 32 random bytes; 16 for a public session id

  std::string to_string() const;
  static std::optional<Handle> parse(std::string_view text, size_t secret_bytes = 32);
};

struct Device {
  std::string initial_ip, initial_user_agent, last_ip, last_user_agent;
};

// A browser's sign-in at a tenant, shared by its clients. `sid` in tokens is Handle{id,
// public_part}.to_string().
struct Session {
  int64_t id = 0;
  std::string public_part;    // 16 random bytes, makes `sid` unguessable; not a credential
  std::string secret_sha256;  // of the cookie's secret
  std::string user_id;
  std::string connection, strategy;
  TimePoint created_at, updated_at, authenticated_at, idle_expires_at, expires_at;
  bool persistent = true;
  std::vector<std::string> clients;  // client ids that took part
  std::vector<std::string> amr;
  Device device;
  json::Object metadata;

  std::string sid() const { return Handle{id, public_part}.to_string(); }
  bool is_live(TimePoint now) const { return now < idle_expires_at && now < expires_at; }
};

// What a code or a refresh token was granted for.
struct Authorization {
  std::string client_id, user_id;
  std::string audience;            // identifier of the API; empty: userinfo only
  std::vector<std::string> scope;  // granted
  std::string sid;                 // empty without a browser session
  std::string connection;
  std::optional<TimePoint> auth_time;
  std::string nonce;
  json::Object extra;  // what later grants need (acr, organization); small
};

struct AuthorizationCode {
  int64_t id = 0;
  std::string secret_sha256;
  Authorization authorization;
  std::string redirect_uri;
  std::string code_challenge, code_challenge_method;  // RFC 7636; empty without PKCE
  bool max_age_requested = false;
  TimePoint created_at, expires_at;
  std::optional<TimePoint> consumed_at;
  // The grant all tokens of this code belong to: revoked as one when the code comes back (RFC 6749 §4.1.2).
  int64_t grant_id = 0;
};

struct RefreshToken {
  int64_t id = 0;
  std::string secret_sha256;
  int64_t family =
      0;  // all rotations of one grant share it; equals AuthorizationCode::grant_id or the first id
  Authorization authorization;
  bool rotating = false;
  TimePoint created_at;
  std::optional<TimePoint> idle_expires_at, expires_at, last_used_at;
  std::optional<TimePoint> rotated_at;  // set once it was exchanged; using it later than the leeway is reuse
  Device device;

  // How the management API names the token: Handle of the row key and 12 bytes that only this row has. It is
  // no credential and says nothing of the secret.
  std::string public_id() const;
};
inline constexpr size_t public_token_id_bytes = 12;  // for Handle::parse

// Consent of a user to a client: API v2 "grant".
struct Grant {
  int64_t row = 0;
  std::string id;  // 24 hex
  std::string user_id, client_id, audience;
  std::vector<std::string> scope;
  TimePoint created_at;
};

// A single-use link: e-mail verification, password change.
struct Ticket {
  int64_t id = 0;
  std::string secret_sha256;
  std::string kind;  // "verify_email", "change_password"
  std::string user_id, client_id, connection;
  json::Object
      data;  // result_url, new password hash, mark_email_as_verified, includeEmailInRedirect, e-mail at issue
  TimePoint created_at, expires_at;
};

}  // namespace durward::domain
