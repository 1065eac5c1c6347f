#pragma once

namespace durward::adapters::sqlite {

// Times are milliseconds since 1970. Keys of hot tables grow; users are referred to by their row number, so
// an index entry of a session is a few bytes. AUTOINCREMENT where a number must never name something else
// later.
inline constexpr char migration_0001_initial[] = R"sql(
CREATE TABLE schema_migrations(
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL);

CREATE TABLE tenants(
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, sealed_key TEXT NOT NULL,
  configuration_version INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL);

CREATE TABLE documents(
  row INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL,
  version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE UNIQUE INDEX documents_id ON documents(tenant, collection, id);
CREATE INDEX documents_order ON documents(tenant, collection);

CREATE TABLE document_keys(
  tenant INTEGER NOT NULL, collection TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  document INTEGER NOT NULL, is_unique INTEGER NOT NULL,
  PRIMARY KEY(tenant, collection, name, value, document)) WITHOUT ROWID;
CREATE UNIQUE INDEX document_keys_unique ON document_keys(tenant, collection, name, value) WHERE is_unique = 1;
CREATE INDEX document_keys_document ON document_keys(document);

CREATE TABLE users(
  row INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL, user_id TEXT NOT NULL,
  version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  email TEXT, username TEXT, phone_number TEXT, name TEXT, nickname TEXT, given_name TEXT, family_name TEXT,
  email_verified INTEGER NOT NULL, blocked INTEGER NOT NULL,
  identities TEXT NOT NULL, profile TEXT NOT NULL);
CREATE UNIQUE INDEX users_id ON users(tenant, user_id);
CREATE INDEX users_created ON users(tenant, created_at);
CREATE INDEX users_updated ON users(tenant, updated_at);
CREATE INDEX users_email ON users(tenant, email) WHERE email IS NOT NULL;
CREATE INDEX users_username ON users(tenant, username) WHERE username IS NOT NULL;
CREATE INDEX users_phone ON users(tenant, phone_number) WHERE phone_number IS NOT NULL;
CREATE INDEX users_name ON users(tenant, name) WHERE name IS NOT NULL;
CREATE INDEX users_nickname ON users(tenant, nickname) WHERE nickname IS NOT NULL;
CREATE INDEX users_given_name ON users(tenant, given_name) WHERE given_name IS NOT NULL;
CREATE INDEX users_family_name ON users(tenant, family_name) WHERE family_name IS NOT NULL;
CREATE INDEX users_blocked ON users(tenant) WHERE blocked = 1;

CREATE TABLE user_logins(
  user INTEGER PRIMARY KEY, logins_count INTEGER NOT NULL, last_login INTEGER, last_password_reset INTEGER,
  last_ip TEXT NOT NULL);

CREATE TABLE identities(
  tenant INTEGER NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, connection TEXT NOT NULL,
  user INTEGER NOT NULL, PRIMARY KEY(tenant, provider, id)) WITHOUT ROWID;
CREATE INDEX identities_user ON identities(user);
CREATE INDEX identities_connection ON identities(tenant, connection, user);

CREATE TABLE credentials(
  row INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL, identity TEXT NOT NULL, password_hash TEXT NOT NULL,
  earlier TEXT NOT NULL);
CREATE INDEX credentials_user ON credentials(user);

CREATE TABLE identifiers(
  tenant INTEGER NOT NULL, connection TEXT NOT NULL, value TEXT NOT NULL, kind TEXT NOT NULL,
  user INTEGER NOT NULL, credential INTEGER, PRIMARY KEY(tenant, connection, value)) WITHOUT ROWID;
CREATE INDEX identifiers_user ON identifiers(user);

CREATE TABLE user_roles(
  user INTEGER NOT NULL, role TEXT NOT NULL, tenant INTEGER NOT NULL, PRIMARY KEY(user, role)) WITHOUT ROWID;
CREATE INDEX user_roles_role ON user_roles(tenant, role, user);

CREATE TABLE user_permissions(
  user INTEGER NOT NULL, audience TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY(user, audience, name)) WITHOUT ROWID;

CREATE TABLE role_permissions(
  tenant INTEGER NOT NULL, role TEXT NOT NULL, audience TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY(tenant, role, audience, name)) WITHOUT ROWID;

CREATE TABLE sessions(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, user INTEGER NOT NULL, secret BLOB NOT NULL,
  public_part BLOB NOT NULL, updated_at INTEGER NOT NULL, idle_expires_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, dead_at INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE INDEX sessions_user ON sessions(user);
CREATE INDEX sessions_dead ON sessions(dead_at);

CREATE TABLE codes(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, user INTEGER NOT NULL, secret BLOB NOT NULL,
  grant_id INTEGER NOT NULL, expires_at INTEGER NOT NULL, consumed_at INTEGER, detail TEXT NOT NULL);

CREATE TABLE refresh_tokens(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, user INTEGER NOT NULL, client_id TEXT NOT NULL,
  audience TEXT NOT NULL, family INTEGER NOT NULL, secret BLOB NOT NULL, created_at INTEGER NOT NULL,
  idle_expires_at INTEGER, expires_at INTEGER, last_used_at INTEGER, rotated_at INTEGER, dead_at INTEGER,
  detail TEXT NOT NULL);
CREATE INDEX refresh_tokens_user ON refresh_tokens(user);
CREATE INDEX refresh_tokens_family ON refresh_tokens(family);
CREATE INDEX refresh_tokens_dead ON refresh_tokens(dead_at) WHERE dead_at IS NOT NULL;

CREATE TABLE revoked_grants(
  grant_id INTEGER NOT NULL, tenant INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY(grant_id, tenant)) WITHOUT ROWID;

CREATE TABLE grants(
  row INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, id TEXT NOT NULL, user INTEGER NOT NULL,
  client_id TEXT NOT NULL, audience TEXT NOT NULL, scope TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE UNIQUE INDEX grants_user ON grants(user, client_id, audience);
CREATE UNIQUE INDEX grants_id ON grants(tenant, id);

CREATE TABLE tickets(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, user INTEGER NOT NULL, secret BLOB NOT NULL,
  expires_at INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE INDEX tickets_user ON tickets(user);
CREATE INDEX tickets_expires ON tickets(expires_at);

CREATE TABLE logs(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, date INTEGER NOT NULL, type TEXT NOT NULL,
  user INTEGER, client_id TEXT NOT NULL, connection TEXT NOT NULL, ip TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX logs_tenant ON logs(tenant);
CREATE INDEX logs_user ON logs(user) WHERE user IS NOT NULL;

CREATE TABLE jobs(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL,
  attempts INTEGER NOT NULL, due_at INTEGER NOT NULL);
CREATE INDEX jobs_due ON jobs(due_at);
)sql";

}  // namespace durward::adapters::sqlite
