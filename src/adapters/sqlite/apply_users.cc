#include <algorithm>

#include "adapters/records/records.h"
#include "adapters/sqlite/apply.h"
#include "base/encoding.h"

namespace durward::adapters::sqlite {

using namespace records;

namespace {
std::unexpected<Error> missing() { return fail(ErrorKind::not_found, "not_found"); }
std::unexpected<Error> taken(const char* what) {
  return fail(ErrorKind::conflict, "user_exists", "The user already exists.", what);
}

bool has_identity(const domain::User& user, std::string_view user_id) {
  return std::ranges::any_of(user.identities, [&](const domain::Identity& i) {
    return user_id.size() == i.provider.size() + 1 + i.user_id.size() && user_id.starts_with(i.provider) &&
           user_id[i.provider.size()] == '|' && user_id.ends_with(i.user_id);
  });
}
}  // namespace

std::optional<int64_t> Applier::user_row(const std::string& user_id) {
  auto q = db_.query("SELECT row FROM users WHERE tenant=? AND user_id=?", tenant_, user_id);
  if (!q.step()) return {};
  return q.integer(0);
}
Result<int64_t> Applier::need_user(const std::string& user_id) {
  const auto row = user_row(user_id);
  if (!row) return missing();
  return *row;
}
Result<int64_t> Applier::owner_of(const std::string& user_id) {
  if (user_id.empty()) return 0;
  return need_user(user_id);
}

Result<> Applier::one(const ports::InsertUser& w) {
  const auto& u = w.user;
  const auto& p = u.profile;
  if (!db_.run(
          "INSERT INTO users(tenant,user_id,version,created_at,updated_at,email,username,phone_number,name,"
          "nickname,given_name,family_name,email_verified,blocked,identities,profile) "
          "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
          tenant_, u.user_id, u.version, u.created_at, u.updated_at, searchable(p, "email"),
          searchable(p, "username"), searchable(p, "phone_number"), searchable(p, "name"),
          searchable(p, "nickname"), searchable(p, "given_name"), searchable(p, "family_name"),
          u.email_verified(), u.blocked(), identities_text(u.identities), json::serialize(p)))
    return taken("user_id");
  const int64_t row = db_.last_row();
  db_.run(
      "INSERT INTO user_logins(user,logins_count,last_login,last_password_reset,last_ip) VALUES(?,?,?,?,?)",
      row, u.logins_count, u.last_login, u.last_password_reset, u.last_ip);
  ENSURE(insert_identities(row, u));
  Credential credential{w.password_hash, "[]"};
  if (auto it = released_.find(u.user_id); it != released_.end() && w.password_hash.empty())
    credential = it->second;
  std::optional<int64_t> own;
  if (!credential.hash.empty()) own = insert_credential(row, u.user_id, credential);
  return insert_identifiers(row, w.identifiers, {}, {home_connection(u), own});
}

Result<> Applier::one(const ports::ReplaceUser& w) {
  TRY(const int64_t row, need_user(w.user.user_id));
  return replace_user(row, w.user, w.identifiers, identifier_owners(row));
}

Result<> Applier::replace_user(int64_t row, const domain::User& u,
                               const std::vector<domain::Identifier>& identifiers, Owners owners) {
  const auto& p = u.profile;
  db_.run(
      "UPDATE users SET version=version+1,updated_at=?,email=?,username=?,phone_number=?,name=?,nickname=?,"
      "given_name=?,family_name=?,email_verified=?,blocked=?,identities=?,profile=? WHERE row=? AND "
      "version=?",
      u.updated_at, searchable(p, "email"), searchable(p, "username"), searchable(p, "phone_number"),
      searchable(p, "name"), searchable(p, "nickname"), searchable(p, "given_name"),
      searchable(p, "family_name"), u.email_verified(), u.blocked(), identities_text(u.identities),
      json::serialize(p), row, u.version);
  if (db_.changes() == 0)
    return fail(ErrorKind::conflict, "version_changed", "The user was changed meanwhile.");
  db_.run("DELETE FROM identities WHERE user=?", row);
  db_.run("DELETE FROM identifiers WHERE user=?", row);
  ENSURE(insert_identities(row, u));
  std::optional<int64_t> own;
  {
    auto q = db_.query("SELECT row FROM credentials WHERE user=? AND identity=?", row, u.user_id);
    if (q.step()) own = q.integer(0);
  }
  ENSURE(insert_identifiers(row, identifiers, owners, {home_connection(u), own}));
  release_credentials(row, u);
  return {};
}

// Passwords of identities the user no longer has: they go, unless a later write of this list makes a user of
// the identity again (unlinking).
void Applier::release_credentials(int64_t row, const domain::User& user) {
  std::vector<int64_t> gone;
  {
    auto q = db_.query("SELECT row,identity,password_hash,earlier FROM credentials WHERE user=?", row);
    while (q.step()) {
      const auto identity = q.text(1);
      if (identity == user.user_id || has_identity(user, identity)) continue;
      released_[identity] = {q.text(2), q.text(3)};
      gone.push_back(q.integer(0));
    }
  }
  for (const int64_t credential : gone) db_.run("DELETE FROM credentials WHERE row=?", credential);
}

Result<> Applier::insert_identities(int64_t row, const domain::User& user) {
  for (const auto& i : user.identities)
    if (!db_.run("INSERT INTO identities(tenant,provider,id,connection,user) VALUES(?,?,?,?,?)", tenant_,
                 i.provider, i.user_id, i.connection, row))
      return taken("identity");
  return {};
}

Result<> Applier::insert_identifiers(int64_t row, const std::vector<domain::Identifier>& identifiers,
                                     const Owners& owners, const Home& home) {
  for (const auto& i : identifiers) {
    const auto owner = owners.find({i.connection, i.value});
    const auto own = i.connection == home.connection ? home.credential : std::nullopt;
    const auto credential = owner == owners.end() ? own : std::optional(owner->second);
    if (db_.run("INSERT INTO identifiers(tenant,connection,value,kind,user,credential) VALUES(?,?,?,?,?,?)",
                tenant_, i.connection, i.value, i.kind, row, credential))
      continue;
    // One person may have the same e-mail and username.
    if (!db_.query("SELECT 1 FROM identifiers WHERE tenant=? AND connection=? AND value=? AND user=?",
                   tenant_, i.connection, i.value, row)
             .step())
      return taken(i.kind == "email" ? "email" : i.kind == "username" ? "username" : "phone_number");
  }
  return {};
}

int64_t Applier::insert_credential(int64_t row, const std::string& identity, const Credential& credential) {
  db_.run("INSERT INTO credentials(user,identity,password_hash,earlier) VALUES(?,?,?,?)", row, identity,
          credential.hash, credential.earlier);
  return db_.last_row();
}

Applier::Owners Applier::identifier_owners(int64_t row) {
  Owners out;
  auto q = db_.query(
      "SELECT connection,value,credential FROM identifiers WHERE user=? AND credential IS NOT NULL", row);
  while (q.step()) out[{q.text(0), q.text(1)}] = q.integer(2);
  return out;
}

Result<> Applier::one(const ports::RemoveUser& w) {
  if (const auto row = user_row(w.user_id)) remove_user(*row);
  return {};
}

void Applier::remove_user(int64_t row) {
  // Codes are found only while their user is there, and row numbers are never used again, so they need no
  // index for this: the sweeper takes them when they expire.
  static constexpr const char* owned[] = {
      "DELETE FROM identities WHERE user=?",  "DELETE FROM identifiers WHERE user=?",
      "DELETE FROM credentials WHERE user=?", "DELETE FROM user_logins WHERE user=?",
      "DELETE FROM user_roles WHERE user=?",  "DELETE FROM user_permissions WHERE user=?",
      "DELETE FROM sessions WHERE user=?",    "DELETE FROM refresh_tokens WHERE user=?",
      "DELETE FROM grants WHERE user=?",      "DELETE FROM tickets WHERE user=?",
      "DELETE FROM users WHERE row=?"};
  for (const char* sql : owned) db_.run(sql, row);
}

Result<> Applier::one(const ports::SetPassword& w) {
  TRY(const int64_t row, need_user(w.user_id));
  if (w.rehash) {
    db_.run(
        "UPDATE credentials SET password_hash=?1 WHERE user=?2 AND identity=?3 AND NOT EXISTS("
        "SELECT 1 FROM user_logins WHERE user=?2 AND last_password_reset>?4)",
        w.password_hash, row, w.user_id, w.at);
    return {};
  }
  db_.run("UPDATE user_logins SET last_password_reset=? WHERE user=?", w.at, row);
  json::Array earlier;
  int64_t credential = 0;
  {
    auto q = db_.query("SELECT row,password_hash,earlier FROM credentials WHERE user=? AND identity=?", row,
                       w.user_id);
    if (q.step()) {
      credential = q.integer(0);
      earlier = stored_array(q.view(2));
      if (!q.view(1).empty()) earlier.insert(earlier.begin(), json::Value(q.text(1)));
    }
  }
  if (earlier.size() > size_t(std::max(0, w.history))) earlier.resize(size_t(std::max(0, w.history)));
  if (credential != 0) {
    db_.run("UPDATE credentials SET password_hash=?,earlier=? WHERE row=?", w.password_hash,
            json::serialize(json::Value(earlier)), credential);
    return {};
  }
  credential = insert_credential(row, w.user_id, {w.password_hash, "[]"});
  // Of the user's own connection only: identifiers of linked identities keep their own password or none.
  db_.run(
      "UPDATE identifiers SET credential=? WHERE user=? AND credential IS NULL AND connection="
      "(SELECT connection FROM identities WHERE user=? AND provider||'|'||id=?)",
      credential, row, row, w.user_id);
  return {};
}

Result<> Applier::one(const ports::RecordLogin& w) {
  TRY(const int64_t row, need_user(w.user_id));
  db_.run("UPDATE user_logins SET logins_count=logins_count+1,last_login=?,last_ip=? WHERE user=?", w.at,
          w.ip, row);
  return {};
}

Result<> Applier::one(const ports::LinkUsers& w) {
  TRY(const int64_t primary, need_user(w.primary.user_id));
  TRY(const int64_t secondary, need_user(w.secondary_user_id));
  if (primary == secondary)
    return fail(ErrorKind::invalid, "same_user", "A user cannot be linked to itself.");
  auto owners = identifier_owners(primary);
  owners.merge(identifier_owners(secondary));
  db_.run("UPDATE credentials SET user=? WHERE user=?", primary, secondary);
  remove_user(secondary);
  return replace_user(primary, w.primary, w.identifiers, std::move(owners));
}

}  // namespace durward::adapters::sqlite
