#pragma once

namespace durward::adapters::sqlite {

// Events on their way to event streams (ports/storage/event_deliveries.h). due_at is null once one is given
// up. A queue is the work of one stream: due_at is that of its first delivery, or null; served until
// claimed_until.
inline constexpr char migration_0006_event_deliveries[] = R"sql(
CREATE TABLE event_deliveries(
  tenant INTEGER NOT NULL, stream TEXT NOT NULL, id INTEGER NOT NULL, type TEXT NOT NULL,
  created_at INTEGER NOT NULL, queued_at INTEGER NOT NULL, due_at INTEGER, tries INTEGER NOT NULL,
  attempts TEXT NOT NULL, event TEXT NOT NULL, PRIMARY KEY(tenant,stream,id)) WITHOUT ROWID;
CREATE INDEX event_deliveries_due ON event_deliveries(tenant,stream,due_at) WHERE due_at IS NOT NULL;
CREATE INDEX event_deliveries_created ON event_deliveries(created_at);
CREATE INDEX event_deliveries_queued ON event_deliveries(queued_at) WHERE due_at IS NOT NULL;
CREATE TABLE event_queues(
  tenant INTEGER NOT NULL, stream TEXT NOT NULL, due_at INTEGER, claimed_until INTEGER NOT NULL DEFAULT 0,
  paused_until INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(tenant,stream)) WITHOUT ROWID;
CREATE INDEX event_queues_due ON event_queues(due_at) WHERE due_at IS NOT NULL;
)sql";

}  // namespace durward::adapters::sqlite
