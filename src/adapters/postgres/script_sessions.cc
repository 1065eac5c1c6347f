#include <algorithm>

#include "adapters/postgres/script.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;

namespace {
const std::string insert_session_sql =
    "INSERT INTO "
    "sessions(tenant,\"user\",id,secret,public_part,updated_at,idle_expires_at,expires_at,dead_at,"
    "detail) VALUES($1," +
    owner_row + ",$3,$4,$5,$6,$7,$8,$9,$10)";
const std::string replace_session_sql = guarded(
    "UPDATE sessions SET \"user\"=" + owner_row +
        ",secret=$4,public_part=$5,updated_at=$6,idle_expires_at=$7,expires_at=$8,dead_at=$9,detail=$10 "
        "WHERE id=$3 AND tenant=$1",
    "'not_found'");
const std::string remove_session_sql = "DELETE FROM sessions WHERE id=$2 AND tenant=$1";
const std::string remove_sessions_sql = "DELETE FROM sessions WHERE \"user\"=" + user_row;

const std::string insert_code_sql =
    "INSERT INTO codes(tenant,\"user\",id,secret,grant_id,expires_at,consumed_at,detail) VALUES($1," +
    owner_or_none + ",$3,$4,$5,$6,$7,$8)";
const std::string live_code =
    "id=$2 AND tenant=$1 AND expires_at>$3 AND (\"user\"=0 OR EXISTS(SELECT 1 FROM users u WHERE "
    "u.row=codes.\"user\"))";
// RFC 6749 §4.1.2: a code is used once. Of two at a time one waits for the other and finds it used.
const std::string consume_code_sql =
    guarded("UPDATE codes SET consumed_at=$3 WHERE " + live_code + " AND consumed_at IS NULL",
            "CASE WHEN EXISTS(SELECT 1 FROM codes WHERE " + live_code +
                ") THEN 'code_consumed' ELSE 'not_found' END");

const std::string insert_token_sql =
    "INSERT INTO "
    "refresh_tokens(tenant,\"user\",id,client_id,audience,family,secret,created_at,idle_expires_at,"
    "expires_at,last_used_at,rotated_at,dead_at,detail) VALUES($1," +
    owner_or_none + ",$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)";
const std::string live_token =
    "id=$2 AND tenant=$1 AND (expires_at IS NULL OR expires_at>$3) AND (idle_expires_at IS NULL OR "
    "idle_expires_at>$3)";
// A rotated token stays to notice its reuse, but not for ever ($4): steady load must not grow the database.
const std::string rotate_token_sql = guarded(
    "UPDATE refresh_tokens SET rotated_at=$3,last_used_at=$3,dead_at=least(coalesce(dead_at,$4),$4) "
    "WHERE " +
        live_token + " AND rotated_at IS NULL",
    "CASE WHEN EXISTS(SELECT 1 FROM refresh_tokens WHERE " + live_token +
        ") THEN 'token_rotated' ELSE 'not_found' END");
// least() passes over absent values.
const std::string touch_token_sql = guarded(
    "UPDATE refresh_tokens SET last_used_at=$3,idle_expires_at=$4,expires_at=coalesce($5,expires_at),"
    "dead_at=least($4,coalesce($5,expires_at)),detail=coalesce($6,detail) "
    "WHERE id=$2 AND tenant=$1",
    "'not_found'");
const std::string revoke_family_sql = "DELETE FROM refresh_tokens WHERE family=$2 AND tenant=$1";
const std::string revoke_token_sql = "DELETE FROM refresh_tokens WHERE id=$2 AND tenant=$1";
const std::string revoke_tokens_sql = "DELETE FROM refresh_tokens WHERE \"user\"=" + user_row +
                                      " AND ($3='' OR client_id=$3) AND ($4 IS NULL OR audience=$4)";
const std::string revoke_grant_sql =
    "INSERT INTO revoked_grants(tenant,grant_id,until) VALUES($1,$2,$3) "
    "ON CONFLICT(grant_id,tenant) DO UPDATE SET until=greatest(revoked_grants.until,excluded.until)";

const std::string insert_ticket_sql =
    "INSERT INTO tickets(tenant,\"user\",id,secret,expires_at,detail) VALUES($1," + owner_or_none +
    ",$3,$4,$5,$6)";
const std::string consume_ticket_sql =
    guarded("DELETE FROM tickets WHERE id=$2 AND tenant=$1 AND expires_at>$3", "'not_found'");
}  // namespace

void Script::one(const ports::InsertSession& w) {
  const auto& s = w.session;
  add(insert_session_sql, tenant_, s.user_id, s.id, Blob{s.secret_sha256}, Blob{s.public_part}, s.updated_at,
      s.idle_expires_at, s.expires_at, std::min(s.idle_expires_at, s.expires_at), Json{detail_of(s)});
}

void Script::one(const ports::ReplaceSession& w) {
  const auto& s = w.session;
  add(replace_session_sql, tenant_, s.user_id, s.id, Blob{s.secret_sha256}, Blob{s.public_part}, s.updated_at,
      s.idle_expires_at, s.expires_at, std::min(s.idle_expires_at, s.expires_at), Json{detail_of(s)});
}

void Script::one(const ports::RemoveSession& w) { add(remove_session_sql, tenant_, w.id); }
void Script::one(const ports::RemoveSessionsOf& w) { add(remove_sessions_sql, tenant_, w.user_id); }

void Script::one(const ports::InsertCode& w) {
  const auto& c = w.code;
  add(insert_code_sql, tenant_, c.authorization.user_id, c.id, Blob{c.secret_sha256}, c.grant_id,
      c.expires_at, c.consumed_at, Json{detail_of(c)});
}

void Script::one(const ports::ConsumeCode& w) { add(consume_code_sql, tenant_, w.id, w.at); }

void Script::one(const ports::InsertRefreshToken& w) {
  const auto& t = w.token;
  const auto& a = t.authorization;
  add(insert_token_sql, tenant_, a.user_id, t.id, a.client_id, a.audience, t.family, Blob{t.secret_sha256},
      t.created_at, t.idle_expires_at, t.expires_at, t.last_used_at, t.rotated_at, dead_at(t),
      Json{detail_of(t)});
}

void Script::one(const ports::RotateRefreshToken& w) {
  add(rotate_token_sql, tenant_, w.id, w.at, w.at + retention_.rotated_tokens);
}

void Script::one(const ports::TouchRefreshToken& w) {
  std::optional<Json> detail;
  if (w.noted) detail = Json{detail_of(*w.noted)};
  add(touch_token_sql, tenant_, w.id, w.at, w.idle_expires_at, w.expires_at, detail);
}

void Script::one(const ports::RevokeFamily& w) { add(revoke_family_sql, tenant_, w.family); }
void Script::one(const ports::RevokeRefreshToken& w) { add(revoke_token_sql, tenant_, w.id); }
void Script::one(const ports::RevokeRefreshTokensOf& w) {
  add(revoke_tokens_sql, tenant_, w.user_id, w.client_id, w.audience);
}
void Script::one(const ports::RevokeGrant& w) { add(revoke_grant_sql, tenant_, w.grant_id, w.until); }

void Script::one(const ports::InsertTicket& w) {
  const auto& t = w.ticket;
  add(insert_ticket_sql, tenant_, t.user_id, t.id, Blob{t.secret_sha256}, t.expires_at, Json{detail_of(t)});
}

void Script::one(const ports::ConsumeTicket& w) { add(consume_ticket_sql, tenant_, w.id, now_); }

}  // namespace durward::adapters::postgres
