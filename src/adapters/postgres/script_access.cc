#include "adapters/postgres/script.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;

namespace {
const std::string put_grant_sql =
    "INSERT INTO grants(tenant,\"user\",row,id,client_id,audience,scope,created_at) VALUES($1," + owner_row +
    ",coalesce($3,nextval(pg_get_serial_sequence('grants','row'))),$4,$5,$6,$7,$8) "
    "ON CONFLICT(\"user\",client_id,audience) DO UPDATE SET scope=excluded.scope";
const std::string remove_grant_sql = "DELETE FROM grants WHERE tenant=$1 AND id=$2";
const std::string remove_grants_sql = "DELETE FROM grants WHERE \"user\"=" + user_row;

const std::string add_role_sql =
    "INSERT INTO user_roles(tenant,\"user\",role) VALUES($1," + owner_row + ",$3) ON CONFLICT DO NOTHING";
const std::string remove_role_sql = "DELETE FROM user_roles WHERE \"user\"=" + user_row + " AND role=$3";
const std::string add_permission_sql = "INSERT INTO user_permissions(\"user\",audience,name) VALUES(" +
                                       owner_row + ",$3,$4) ON CONFLICT DO NOTHING";
const std::string remove_permission_sql =
    "DELETE FROM user_permissions WHERE \"user\"=" + user_row + " AND audience=$3 AND name=$4";

const std::string add_role_permission_sql =
    "INSERT INTO role_permissions(tenant,role,audience,name) VALUES($1,$2,$3,$4) ON CONFLICT DO NOTHING";
const std::string remove_role_permission_sql =
    "DELETE FROM role_permissions WHERE tenant=$1 AND role=$2 AND audience=$3 AND name=$4";
const std::string remove_role_users_sql = "DELETE FROM user_roles WHERE tenant=$1 AND role=$2";
const std::string remove_role_permissions_sql = "DELETE FROM role_permissions WHERE tenant=$1 AND role=$2";

const std::string append_log_sql =
    "INSERT INTO logs(tenant,id,date,type,user_id,client_id,connection,ip,detail) "
    "VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9)";
const std::string insert_job_sql =
    "INSERT INTO jobs(tenant,id,kind,payload,attempts,due_at) VALUES($1,$2,$3,$4,0,$5)";
const std::string append_event_sql = "INSERT INTO events(tenant,id,type,time,data) VALUES($1,$2,$3,$4,$5)";
}  // namespace

void Script::one(const ports::PutGrant& w) {
  const auto& g = w.grant;
  const auto row = g.row == 0 ? std::nullopt : std::optional(g.row);
  add(put_grant_sql, tenant_, g.user_id, row, g.id, g.client_id, g.audience,
      Json{json::serialize(json::Value(json::array_of(g.scope)))}, g.created_at);
}

void Script::one(const ports::RemoveGrant& w) { add(remove_grant_sql, tenant_, w.id); }
void Script::one(const ports::RemoveGrantsOf& w) { add(remove_grants_sql, tenant_, w.user_id); }
void Script::one(const ports::AddUserRole& w) { add(add_role_sql, tenant_, w.user_id, w.role_id); }
void Script::one(const ports::RemoveUserRole& w) { add(remove_role_sql, tenant_, w.user_id, w.role_id); }

void Script::one(const ports::AddUserPermission& w) {
  add(add_permission_sql, tenant_, w.user_id, w.permission.resource_server_identifier,
      w.permission.permission_name);
}
void Script::one(const ports::RemoveUserPermission& w) {
  add(remove_permission_sql, tenant_, w.user_id, w.permission.resource_server_identifier,
      w.permission.permission_name);
}
void Script::one(const ports::AddRolePermission& w) {
  add(add_role_permission_sql, tenant_, w.role_id, w.permission.resource_server_identifier,
      w.permission.permission_name);
}
void Script::one(const ports::RemoveRolePermission& w) {
  add(remove_role_permission_sql, tenant_, w.role_id, w.permission.resource_server_identifier,
      w.permission.permission_name);
}
void Script::one(const ports::RemoveRoleAssignments& w) {
  add(remove_role_users_sql, tenant_, w.role_id);
  add(remove_role_permissions_sql, tenant_, w.role_id);
}

void Script::one(const ports::AppendLog& w) {
  const auto& r = w.record;
  add(append_log_sql, tenant_, r.id, r.date, r.type, r.user_id, r.client_id, r.connection, r.ip,
      Json{detail_of(r)});
}

void Script::one(const ports::AppendEvent& w) {
  if (!std::exchange(event_, true)) add(lock_events_sql);
  const auto& e = w.event;
  add(append_event_sql, tenant_, e.id, e.type, e.time, Json{json::serialize(e.data)});
}

void Script::one(const ports::InsertJob& w) {
  add(insert_job_sql, tenant_, w.id, w.kind, Json{json::serialize(w.payload)}, w.not_before);
}

}  // namespace durward::adapters::postgres
