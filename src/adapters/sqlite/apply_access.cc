#include "adapters/records/records.h"
#include "adapters/sqlite/apply.h"

namespace durward::adapters::sqlite {

using namespace records;

Result<> Applier::one(const ports::PutGrant& w) {
  const auto& g = w.grant;
  TRY(const int64_t user, need_user(g.user_id));
  const auto row = g.row == 0 ? std::nullopt : std::optional(g.row);
  const auto scope = json::serialize(json::Value(json::array_of(g.scope)));
  db_.run("UPDATE grants SET scope=? WHERE user=? AND client_id=? AND audience=?", scope, user, g.client_id,
          g.audience);
  if (db_.changes() != 0) return {};
  if (!db_.run("INSERT INTO grants(row,tenant,id,user,client_id,audience,scope,created_at) "
               "VALUES(?,?,?,?,?,?,?,?)",
               row, tenant_, g.id, user, g.client_id, g.audience, scope, g.created_at))
    return fail(ErrorKind::conflict, "id_taken", "The row exists already.", "grant");
  return {};
}

Result<> Applier::one(const ports::RemoveGrant& w) {
  db_.run("DELETE FROM grants WHERE tenant=? AND id=?", tenant_, w.id);
  return {};
}

Result<> Applier::one(const ports::RemoveGrantsOf& w) {
  if (const auto user = user_row(w.user_id)) db_.run("DELETE FROM grants WHERE user=?", *user);
  return {};
}

Result<> Applier::one(const ports::AddUserRole& w) {
  TRY(const int64_t user, need_user(w.user_id));
  db_.run("INSERT OR IGNORE INTO user_roles(user,role,tenant) VALUES(?,?,?)", user, w.role_id, tenant_);
  return {};
}

Result<> Applier::one(const ports::RemoveUserRole& w) {
  if (const auto user = user_row(w.user_id))
    db_.run("DELETE FROM user_roles WHERE user=? AND role=?", *user, w.role_id);
  return {};
}

Result<> Applier::one(const ports::AddUserPermission& w) {
  TRY(const int64_t user, need_user(w.user_id));
  db_.run("INSERT OR IGNORE INTO user_permissions(user,audience,name) VALUES(?,?,?)", user,
          w.permission.resource_server_identifier, w.permission.permission_name);
  return {};
}

Result<> Applier::one(const ports::RemoveUserPermission& w) {
  if (const auto user = user_row(w.user_id))
    db_.run("DELETE FROM user_permissions WHERE user=? AND audience=? AND name=?", *user,
            w.permission.resource_server_identifier, w.permission.permission_name);
  return {};
}

Result<> Applier::one(const ports::AddRolePermission& w) {
  db_.run("INSERT OR IGNORE INTO role_permissions(tenant,role,audience,name) VALUES(?,?,?,?)", tenant_,
          w.role_id, w.permission.resource_server_identifier, w.permission.permission_name);
  return {};
}

Result<> Applier::one(const ports::RemoveRolePermission& w) {
  db_.run("DELETE FROM role_permissions WHERE tenant=? AND role=? AND audience=? AND name=?", tenant_,
          w.role_id, w.permission.resource_server_identifier, w.permission.permission_name);
  return {};
}

Result<> Applier::one(const ports::RemoveRoleAssignments& w) {
  db_.run("DELETE FROM user_roles WHERE tenant=? AND role=?", tenant_, w.role_id);
  db_.run("DELETE FROM role_permissions WHERE tenant=? AND role=?", tenant_, w.role_id);
  return {};
}

Result<> Applier::one(const ports::AppendLog& w) {
  const auto& r = w.record;
  // The row number instead of the id keeps the index narrow; a user unknown or gone has none.
  if (!db_.run("INSERT INTO logs(id,tenant,date,type,user,client_id,connection,ip,detail) VALUES(?1,?2,?3,?4,"
               "(SELECT row FROM users WHERE tenant=?2 AND user_id=?5),?6,?7,?8,?9)",
               r.id, tenant_, r.date, r.type, r.user_id, r.client_id, r.connection, r.ip, detail_of(r)))
    return fail(ErrorKind::conflict, "id_taken", "The row exists already.", "log");
  return {};
}

Result<> Applier::one(const ports::AppendEvent& w) {
  // The one writer makes row numbers in the order of commits, so they are offsets.
  db_.run("INSERT INTO events(id,tenant,type,time,data) VALUES(?,?,?,?,?)", w.event.id, tenant_, w.event.type,
          w.event.time, json::serialize(w.event.data));
  effects_.event = true;
  return {};
}

Result<> Applier::one(const ports::InsertJob& w) {
  if (!db_.run("INSERT INTO jobs(id,tenant,kind,payload,attempts,due_at) VALUES(?,?,?,?,0,?)", w.id, tenant_,
               w.kind, json::serialize(w.payload), w.not_before))
    return fail(ErrorKind::conflict, "id_taken", "The row exists already.", "job");
  return {};
}

}  // namespace durward::adapters::sqlite
