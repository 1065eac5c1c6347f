#pragma once

namespace durward::adapters::sqlite {

// The outbox: `row` is the offset and must never come back. A job written before this migration has no event
// yet that would bring it to a worker. Those that a server of the version before still writes are announced
// by the sweep (Jobs::forgotten_after).
inline constexpr char migration_0002_events[] = R"sql(
CREATE TABLE events(
  row INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER NOT NULL, tenant INTEGER NOT NULL, type TEXT NOT NULL,
  time INTEGER NOT NULL, data TEXT NOT NULL);

CREATE TABLE event_positions(reader TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE leases(name TEXT PRIMARY KEY, owner TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE dead_letters(
  queue TEXT NOT NULL, id INTEGER NOT NULL, row INTEGER NOT NULL, tenant INTEGER NOT NULL, type TEXT NOT NULL,
  time INTEGER NOT NULL, data TEXT NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(queue, id)) WITHOUT ROWID;

INSERT INTO events(id, tenant, type, time, data)
  SELECT id, tenant, kind || '.requested', due_at, '{"job":"' || id || '"}' FROM jobs ORDER BY id;
)sql";

}  // namespace durward::adapters::sqlite
