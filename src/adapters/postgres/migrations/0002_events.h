#pragma once

namespace durward::adapters::postgres {

// The outbox: `row` is the offset and must never come back. A job written before this migration has no event
// yet that would bring it to a worker. A server of the version before goes on working, but the mails it still
// writes wait until somebody refills them.
inline constexpr char migration_0002_events[] = R"sql(
CREATE TABLE events(
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id bigint NOT NULL, tenant bigint NOT NULL,
  type text NOT NULL, time bigint NOT NULL, data json NOT NULL);

CREATE TABLE event_positions(reader text PRIMARY KEY, reached bigint NOT NULL);

CREATE TABLE leases(name text PRIMARY KEY, owner text NOT NULL, expires_at bigint NOT NULL);

CREATE TABLE dead_letters(
  queue text NOT NULL, id bigint NOT NULL, row bigint NOT NULL, tenant bigint NOT NULL, type text NOT NULL,
  time bigint NOT NULL, data json NOT NULL, attempts bigint NOT NULL, reason text NOT NULL, at bigint NOT NULL,
  PRIMARY KEY(queue, id));

INSERT INTO events(id, tenant, type, time, data)
  SELECT id, tenant, kind || '.requested', due_at, json_build_object('job', id::text) FROM jobs ORDER BY id;
)sql";

}  // namespace durward::adapters::postgres
