#pragma once

namespace durward::adapters::postgres {

// Last of three steps: each table becomes the first partition of a new one of its name and columns, so that
// the previous version of the program goes on with the same statements. Nothing is copied or looked at. A row
// for which no partition was made goes to `..._rest`. Rows whose expiry moves stay in tables that are swept:
// they leave room in their pages and are vacuumed after fewer changes.
inline constexpr char migration_0006_partitions[] = R"sql(
SELECT set_config('lock_timeout','5000',true);

ALTER TABLE codes RENAME TO codes_before;
ALTER INDEX codes_pkey RENAME TO codes_before_pkey;
CREATE TABLE codes(
  id bigint PRIMARY KEY, tenant bigint NOT NULL, "user" bigint NOT NULL, secret bytea NOT NULL,
  grant_id bigint NOT NULL, expires_at bigint NOT NULL, consumed_at bigint, detail json NOT NULL)
  PARTITION BY RANGE(id);

ALTER TABLE tickets RENAME TO tickets_before;
ALTER INDEX tickets_pkey RENAME TO tickets_before_pkey;
ALTER INDEX tickets_user RENAME TO tickets_before_user;
ALTER INDEX tickets_expires RENAME TO tickets_before_expires;
CREATE TABLE tickets(
  id bigint PRIMARY KEY, tenant bigint NOT NULL, "user" bigint NOT NULL, secret bytea NOT NULL,
  expires_at bigint NOT NULL, detail json NOT NULL) PARTITION BY RANGE(id);
CREATE INDEX tickets_user ON tickets("user");
CREATE INDEX tickets_expires ON tickets(expires_at);

ALTER TABLE logs RENAME TO logs_before;
ALTER INDEX logs_pkey RENAME TO logs_before_pkey;
ALTER INDEX logs_tenant RENAME TO logs_before_tenant;
ALTER INDEX logs_user RENAME TO logs_before_user;
CREATE TABLE logs(
  id bigint PRIMARY KEY, tenant bigint NOT NULL, date bigint NOT NULL, type text NOT NULL,
  user_id text COLLATE "C" NOT NULL, client_id text NOT NULL, connection text NOT NULL, ip text NOT NULL,
  detail json NOT NULL) PARTITION BY RANGE(id);
CREATE INDEX logs_tenant ON logs(tenant, id);
CREATE INDEX logs_user ON logs(tenant, user_id, id) WHERE user_id<>'';

DO $$
DECLARE
  p partitions%ROWTYPE;
BEGIN
  FOR p IN SELECT * FROM partitions LOOP
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)', p.parent, p.name,
      p.until_key);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', p.name, p.name);
    EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', p.parent||'_rest', p.parent);
  END LOOP;
END $$;

ALTER TABLE sessions SET (fillfactor=80, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_cost_delay=0);
ALTER TABLE refresh_tokens SET (fillfactor=80, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_cost_delay=0);
ALTER TABLE user_logins SET (autovacuum_vacuum_scale_factor=0.05);
)sql";

}  // namespace durward::adapters::postgres
