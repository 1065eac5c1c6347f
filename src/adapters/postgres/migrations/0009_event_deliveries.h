#pragma once

namespace durward::adapters::postgres {

// Events on their way to event streams (ports/storage/event_deliveries.h). due_at is null once one is given
// up. A queue is the work of one stream: due_at is that of its first delivery, or null; served until
// claimed_until.
inline constexpr char migration_0009_event_deliveries[] = R"sql(
CREATE TABLE event_deliveries(
  tenant bigint NOT NULL, stream text COLLATE "C" NOT NULL, id bigint NOT NULL,
  type text COLLATE "C" NOT NULL, created_at bigint NOT NULL, queued_at bigint NOT NULL, due_at bigint,
  tries bigint NOT NULL, attempts json NOT NULL, event json NOT NULL, PRIMARY KEY(tenant,stream,id));
CREATE INDEX event_deliveries_due ON event_deliveries(tenant,stream,due_at) WHERE due_at IS NOT NULL;
CREATE INDEX event_deliveries_created ON event_deliveries(created_at);
CREATE INDEX event_deliveries_queued ON event_deliveries(queued_at) WHERE due_at IS NOT NULL;
CREATE TABLE event_queues(
  tenant bigint NOT NULL, stream text COLLATE "C" NOT NULL, due_at bigint,
  claimed_until bigint NOT NULL DEFAULT 0, paused_until bigint NOT NULL DEFAULT 0,
  failures bigint NOT NULL DEFAULT 0, PRIMARY KEY(tenant,stream));
CREATE INDEX event_queues_due ON event_queues(due_at) WHERE due_at IS NOT NULL;
)sql";

}  // namespace durward::adapters::postgres
