#include "adapters/records/records.h"
#include "adapters/sqlite/apply.h"

namespace durward::adapters::sqlite {

using namespace records;

namespace {
std::unexpected<Error> missing() { return fail(ErrorKind::not_found, "not_found"); }
std::unexpected<Error> id_taken() {
  return fail(ErrorKind::conflict, "id_taken", "The row exists already.", "the sequence repeated itself");
}
}  // namespace

Result<> Applier::one(const ports::InsertSession& w) {
  const auto& s = w.session;
  TRY(const int64_t user, need_user(s.user_id));
  if (!db_.run("INSERT INTO sessions(id,tenant,user,secret,public_part,updated_at,idle_expires_at,expires_at,"
               "dead_at,detail) VALUES(?,?,?,?,?,?,?,?,?,?)",
               s.id, tenant_, user, Blob{s.secret_sha256}, Blob{s.public_part}, s.updated_at,
               s.idle_expires_at, s.expires_at, std::min(s.idle_expires_at, s.expires_at), detail_of(s)))
    return id_taken();
  return {};
}

Result<> Applier::one(const ports::ReplaceSession& w) {
  const auto& s = w.session;
  TRY(const int64_t user, need_user(s.user_id));
  db_.run(
      "UPDATE sessions SET "
      "user=?,secret=?,public_part=?,updated_at=?,idle_expires_at=?,expires_at=?,dead_at=?,"
      "detail=? WHERE id=? AND tenant=?",
      user, Blob{s.secret_sha256}, Blob{s.public_part}, s.updated_at, s.idle_expires_at, s.expires_at,
      std::min(s.idle_expires_at, s.expires_at), detail_of(s), s.id, tenant_);
  if (db_.changes() == 0) return missing();
  return {};
}

Result<> Applier::one(const ports::RemoveSession& w) {
  db_.run("DELETE FROM sessions WHERE id=? AND tenant=?", w.id, tenant_);
  return {};
}

Result<> Applier::one(const ports::RemoveSessionsOf& w) {
  if (const auto user = user_row(w.user_id)) db_.run("DELETE FROM sessions WHERE user=?", *user);
  return {};
}

Result<> Applier::one(const ports::InsertCode& w) {
  const auto& c = w.code;
  TRY(const int64_t user, owner_of(c.authorization.user_id));
  if (!db_.run("INSERT INTO codes(id,tenant,user,secret,grant_id,expires_at,consumed_at,detail) "
               "VALUES(?,?,?,?,?,?,?,?)",
               c.id, tenant_, user, Blob{c.secret_sha256}, c.grant_id, c.expires_at, c.consumed_at,
               detail_of(c)))
    return id_taken();
  return {};
}

// RFC 6749 §4.1.2: a code is used once. The writer is alone, so between the check and the mark is nobody.
Result<> Applier::one(const ports::ConsumeCode& w) {
  {
    auto q = db_.query(
        "SELECT consumed_at FROM codes WHERE id=? AND tenant=? AND expires_at>? AND "
        "(user=0 OR EXISTS(SELECT 1 FROM users WHERE row=codes.user))",
        w.id, tenant_, w.at);
    if (!q.step()) return missing();
    if (!q.is_null(0)) return fail(ErrorKind::conflict, "code_consumed", "The code was used before.");
  }
  db_.run("UPDATE codes SET consumed_at=? WHERE id=?", w.at, w.id);
  return {};
}

Result<> Applier::one(const ports::InsertRefreshToken& w) {
  const auto& t = w.token;
  const auto& a = t.authorization;
  TRY(const int64_t user, owner_of(a.user_id));
  if (!db_.run("INSERT INTO refresh_tokens(id,tenant,user,client_id,audience,family,secret,created_at,"
               "idle_expires_at,expires_at,last_used_at,rotated_at,dead_at,detail) "
               "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
               t.id, tenant_, user, a.client_id, a.audience, t.family, Blob{t.secret_sha256}, t.created_at,
               t.idle_expires_at, t.expires_at, t.last_used_at, t.rotated_at, dead_at(t), detail_of(t)))
    return id_taken();
  return {};
}

Result<> Applier::one(const ports::RotateRefreshToken& w) {
  {
    auto q = db_.query(
        "SELECT rotated_at FROM refresh_tokens WHERE id=?1 AND tenant=?2 AND "
        "(expires_at IS NULL OR expires_at>?3) AND (idle_expires_at IS NULL OR idle_expires_at>?3)",
        w.id, tenant_, w.at);
    if (!q.step()) return missing();
    if (!q.is_null(0)) return fail(ErrorKind::conflict, "token_rotated", "The token was exchanged before.");
  }
  // A rotated token stays to notice its reuse, but not for ever: steady load must not grow the database.
  const TimePoint forget = w.at + retention_.rotated_tokens;
  db_.run(
      "UPDATE refresh_tokens SET rotated_at=?,last_used_at=?,dead_at=min(coalesce(dead_at,?),?) WHERE id=?",
      w.at, w.at, forget, forget, w.id);
  return {};
}

Result<> Applier::one(const ports::TouchRefreshToken& w) {
  std::optional<std::string> detail;
  if (w.noted) detail = detail_of(*w.noted);
  db_.run(
      "UPDATE refresh_tokens SET last_used_at=?1,idle_expires_at=?2,expires_at=coalesce(?3,expires_at),"
      "dead_at=CASE WHEN ?2 IS NULL THEN coalesce(?3,expires_at) ELSE min(?2,coalesce(?3,expires_at,?2)) END,"
      "detail=coalesce(?4,detail) WHERE id=?5 AND tenant=?6",
      w.at, w.idle_expires_at, w.expires_at, detail, w.id, tenant_);
  if (db_.changes() == 0) return missing();
  return {};
}

Result<> Applier::one(const ports::RevokeFamily& w) {
  db_.run("DELETE FROM refresh_tokens WHERE family=? AND tenant=?", w.family, tenant_);
  return {};
}

Result<> Applier::one(const ports::RevokeRefreshToken& w) {
  db_.run("DELETE FROM refresh_tokens WHERE id=? AND tenant=?", w.id, tenant_);
  return {};
}

Result<> Applier::one(const ports::RevokeRefreshTokensOf& w) {
  if (const auto user = user_row(w.user_id))
    db_.run(
        "DELETE FROM refresh_tokens WHERE user=?1 AND (?2='' OR client_id=?2) AND (?3 IS NULL OR "
        "audience=?3)",
        *user, w.client_id, w.audience);
  return {};
}

Result<> Applier::one(const ports::RevokeGrant& w) {
  db_.run(
      "INSERT INTO revoked_grants(grant_id,tenant,until) VALUES(?,?,?) "
      "ON CONFLICT(grant_id,tenant) DO UPDATE SET until=max(until,excluded.until)",
      w.grant_id, tenant_, w.until);
  return {};
}

Result<> Applier::one(const ports::InsertTicket& w) {
  const auto& t = w.ticket;
  TRY(const int64_t user, owner_of(t.user_id));
  if (!db_.run("INSERT INTO tickets(id,tenant,user,secret,expires_at,detail) VALUES(?,?,?,?,?,?)", t.id,
               tenant_, user, Blob{t.secret_sha256}, t.expires_at, detail_of(t)))
    return id_taken();
  return {};
}

Result<> Applier::one(const ports::ConsumeTicket& w) {
  db_.run("DELETE FROM tickets WHERE id=? AND tenant=? AND expires_at>?", w.id, tenant_, now_);
  if (db_.changes() == 0) return missing();
  return {};
}

}  // namespace durward::adapters::sqlite
