#include <algorithm>
#include <set>

#include "adapters/postgres/script.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;

namespace {
constexpr char exists[] = "The user already exists.";

const std::string insert_sql =
    "WITH made AS (INSERT INTO "
    "users(tenant,user_id,version,created_at,updated_at,email,username,phone_number,"
    "name,nickname,given_name,family_name,email_verified,blocked,identities,profile) "
    "VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16) RETURNING row) "
    "INSERT INTO user_logins(\"user\",logins_count,last_login,last_password_reset,last_ip) "
    "SELECT row,$17,$18,$19,$20 FROM made";
const std::string replace_sql = guarded(
    "UPDATE users SET version=version+1,updated_at=$4,email=$5,username=$6,phone_number=$7,name=$8,"
    "nickname=$9,given_name=$10,family_name=$11,email_verified=$12,blocked=$13,identities=$14,"
    "profile=$15 WHERE tenant=$1 AND user_id=$2 AND version=$3",
    "CASE WHEN EXISTS(SELECT 1 FROM users WHERE tenant=$1 AND user_id=$2) THEN 'user_changed' "
    "ELSE 'not_found' END");

const std::string insert_credential_sql =
    "INSERT INTO credentials(\"user\",identity,password_hash,earlier) VALUES(" + user_row + ",$2,$3,'[]')";
// What an earlier write of the list released belongs to the identity's new user.
const std::string adopt_credential_sql =
    "WITH released AS (DELETE FROM credentials WHERE \"user\"<0 AND identity=$2 RETURNING "
    "password_hash,earlier) "
    "INSERT INTO credentials(\"user\",identity,password_hash,earlier) SELECT " +
    user_row + ",$2,password_hash,earlier FROM released";
// Passwords of identities the user no longer has: they go, unless a later write of this list makes a user of
// the identity again (unlinking).
const std::string release_credentials_sql =
    "UPDATE credentials SET \"user\"=-\"user\" WHERE \"user\"=" + user_row +
    " AND identity<>$2 AND identity NOT IN(SELECT provider||'|'||id FROM identities WHERE \"user\"=" +
    user_row + ")";

const std::string insert_identity_sql =
    "INSERT INTO identities(tenant,provider,id,connection,\"user\") VALUES($1,$3,$4,$5," + user_row + ")";
const std::string remove_identities_sql = "DELETE FROM identities WHERE \"user\"=" + user_row;

// Identifiers that stay keep the password they lead to.
const std::string remove_identifiers_sql =
    "DELETE FROM identifiers WHERE \"user\"=" + user_row +
    " AND (connection,value) NOT IN(SELECT k->>0,k->>1 FROM json_array_elements($3) k)";
// $6: it is of the user's own connection, so the user's own password counts.
const std::string insert_identifier_sql =
    "INSERT INTO identifiers(tenant,connection,value,kind,\"user\",credential) SELECT $1,$3,$4,$5," +
    user_row + ",CASE WHEN $6 THEN (SELECT row FROM credentials WHERE \"user\"=" + user_row +
    " AND identity=$2) END WHERE NOT EXISTS(SELECT 1 FROM identifiers WHERE tenant=$1 AND connection=$3 AND "
    "value=$4 AND \"user\"=" +
    user_row + ")";
const std::string give_password_sql =
    "UPDATE identifiers SET credential=(SELECT row FROM credentials WHERE \"user\"=" + user_row +
    " AND identity=$2) WHERE \"user\"=" + user_row + " AND credential IS NULL AND connection=$3";

const std::string lock_sql = "SELECT 1 FROM users WHERE tenant=$1 AND user_id=$2 FOR UPDATE";
const std::string owned = "\"user\" IN(SELECT row FROM users WHERE tenant=$1 AND user_id=$2)";
// Codes are found only while their user is there, and row numbers are never used again, so they need no index
// for this: the sweep takes them when they expire.
const std::string remove_sql =
    "WITH a AS (DELETE FROM identities WHERE " + owned + "),b AS (DELETE FROM identifiers WHERE " + owned +
    "),c AS (DELETE FROM credentials WHERE " + owned + "),d AS (DELETE FROM user_logins WHERE " + owned +
    "),e AS (DELETE FROM user_roles WHERE " + owned + "),f AS (DELETE FROM user_permissions WHERE " + owned +
    "),g AS (DELETE FROM sessions WHERE " + owned + "),h AS (DELETE FROM refresh_tokens WHERE " + owned +
    "),i AS (DELETE FROM grants WHERE " + owned + "),j AS (DELETE FROM tickets WHERE " + owned +
    ") DELETE FROM users WHERE tenant=$1 AND user_id=$2";

const std::string rehash_sql =
    "UPDATE credentials SET password_hash=$3 WHERE \"user\"=" + user_row +
    " AND identity=$2 AND NOT EXISTS(SELECT 1 FROM user_logins WHERE \"user\"=" + user_row +
    " AND last_password_reset>$4)";
const std::string need_sql =
    "SELECT durward_refuse('not_found') WHERE NOT EXISTS(SELECT 1 FROM users WHERE tenant=$1 AND user_id=$2)";
const std::string reset_sql =
    guarded("UPDATE user_logins SET last_password_reset=$3 WHERE \"user\"=" + user_row, "'not_found'");
// The newest of the earlier hashes stay, $4 of them.
const std::string set_password_sql =
    "INSERT INTO credentials(\"user\",identity,password_hash,earlier) VALUES(" + user_row +
    ",$2,$3,'[]') ON CONFLICT(\"user\",identity) DO UPDATE SET password_hash=excluded.password_hash,earlier="
    "(SELECT coalesce(jsonb_agg(e.hash ORDER BY e.n),'[]') FROM (SELECT hash,n FROM jsonb_array_elements("
    "CASE WHEN credentials.password_hash='' THEN credentials.earlier "
    "ELSE jsonb_build_array(credentials.password_hash)||credentials.earlier END) "
    "WITH ORDINALITY h(hash,n) ORDER BY n LIMIT $4) e)";
// Of the user's own connection only: identifiers of linked identities keep their own password or none.
const std::string give_new_password_sql =
    "UPDATE identifiers SET credential=(SELECT row FROM credentials WHERE \"user\"=" + user_row +
    " AND identity=$2) WHERE \"user\"=" + user_row +
    " AND credential IS NULL AND connection=(SELECT connection FROM identities WHERE \"user\"=" + user_row +
    " AND provider||'|'||id=$2)";

const std::string login_sql = guarded(
    "UPDATE user_logins SET logins_count=logins_count+1,last_login=$3,last_ip=$4 WHERE \"user\"=" + user_row,
    "'not_found'");

// Both, in one order for everybody.
const std::string lock_both_sql =
    "SELECT durward_refuse(CASE WHEN n=1 AND $2=$3 THEN 'same_user' ELSE 'not_found' END) FROM "
    "(SELECT count(*) n FROM (SELECT 1 FROM users WHERE tenant=$1 AND user_id IN($2,$3) ORDER BY row "
    "FOR UPDATE) l) c WHERE n<>2";
const std::string other_row = "(SELECT row FROM users WHERE tenant=$1 AND user_id=$3)";
const std::string move_credentials_sql =
    "UPDATE credentials SET \"user\"=" + user_row + " WHERE \"user\"=" + other_row;
const std::string move_identifiers_sql =
    "UPDATE identifiers SET \"user\"=" + user_row + " WHERE \"user\"=" + other_row;

const char* word_for(const std::string& kind) {
  return kind == "email" ? "email" : kind == "username" ? "username" : "phone_number";
}

Json pairs_of(const std::vector<domain::Identifier>& identifiers) {
  json::Array out;
  for (const auto& i : identifiers)
    out.push_back(json::Array{json::Value(i.connection), json::Value(i.value)});
  return {json::serialize(json::Value(std::move(out)))};
}
}  // namespace

void Script::one(const ports::InsertUser& w) {
  const auto& u = w.user;
  const auto& p = u.profile;
  add(insert_sql, tenant_, u.user_id, u.version, u.created_at, u.updated_at, searchable(p, "email"),
      searchable(p, "username"), searchable(p, "phone_number"), searchable(p, "name"),
      searchable(p, "nickname"), searchable(p, "given_name"), searchable(p, "family_name"),
      u.email_verified(), u.blocked(), Json{identities_text(u.identities)}, Json{json::serialize(p)},
      u.logins_count, u.last_login, u.last_password_reset, u.last_ip)
      .taken("user_exists", exists, "user_id");
  insert_identities(u);
  if (!w.password_hash.empty())
    add(insert_credential_sql, tenant_, u.user_id, w.password_hash);
  else if (releases_credentials_)
    add(adopt_credential_sql, tenant_, u.user_id);
  insert_identifiers(u, w.identifiers);
}

void Script::one(const ports::ReplaceUser& w) { replace_user(w.user, w.identifiers); }

void Script::replace_user(const domain::User& u, const std::vector<domain::Identifier>& identifiers) {
  const auto& p = u.profile;
  add(replace_sql, tenant_, u.user_id, u.version, u.updated_at, searchable(p, "email"),
      searchable(p, "username"), searchable(p, "phone_number"), searchable(p, "name"),
      searchable(p, "nickname"), searchable(p, "given_name"), searchable(p, "family_name"),
      u.email_verified(), u.blocked(), Json{identities_text(u.identities)}, Json{json::serialize(p)});
  add(remove_identities_sql, tenant_, u.user_id);
  insert_identities(u);
  add(remove_identifiers_sql, tenant_, u.user_id, pairs_of(identifiers));
  insert_identifiers(u, identifiers);
  add(give_password_sql, tenant_, u.user_id, home_connection(u));
  add(release_credentials_sql, tenant_, u.user_id);
  releases_credentials_ = true;
}

void Script::insert_identities(const domain::User& user) {
  for (const auto& i : user.identities)
    add(insert_identity_sql, tenant_, user.user_id, i.provider, i.user_id, i.connection)
        .taken("user_exists", exists, "identity");
}

// One person may have the same e-mail and username.
void Script::insert_identifiers(const domain::User& user,
                                const std::vector<domain::Identifier>& identifiers) {
  const auto home = home_connection(user);
  for (const auto& i : identifiers)
    add(insert_identifier_sql, tenant_, user.user_id, i.connection, i.value, i.kind, i.connection == home)
        .taken("user_exists", exists, word_for(i.kind));
}

void Script::one(const ports::RemoveUser& w) {
  add(lock_sql, tenant_, w.user_id);
  remove_user(w.user_id);
}
void Script::remove_user(const std::string& user_id) { add(remove_sql, tenant_, user_id); }

void Script::one(const ports::SetPassword& w) {
  if (w.rehash) {
    add(need_sql, tenant_, w.user_id);
    add(rehash_sql, tenant_, w.user_id, w.password_hash, w.at);
    return;
  }
  add(reset_sql, tenant_, w.user_id, w.at);
  add(set_password_sql, tenant_, w.user_id, w.password_hash, std::max(0, w.history));
  add(give_new_password_sql, tenant_, w.user_id);
}

void Script::one(const ports::RecordLogin& w) { add(login_sql, tenant_, w.user_id, w.at, w.ip); }

void Script::one(const ports::LinkUsers& w) {
  add(lock_both_sql, tenant_, w.primary.user_id, w.secondary_user_id);
  add(move_credentials_sql, tenant_, w.primary.user_id, w.secondary_user_id);
  add(move_identifiers_sql, tenant_, w.primary.user_id, w.secondary_user_id);
  remove_user(w.secondary_user_id);
  replace_user(w.primary, w.identifiers);
}

}  // namespace durward::adapters::postgres
