#pragma once
#include "base/clock.h"
#include "base/sequence.h"
#include "ports/storage/commit.h"

namespace durward::adapters {

// Appends to each list of writes the events of the changes in it, so that both become durable in one commit.
// Which write is heard as what is one table (event_committer.cc); a login has none. Thread-safe.
class EventCommitter : public ports::Committer {
 public:
  EventCommitter(ports::Committer& store, Sequence& sequence, const Clock& clock)
      : store_(store), sequence_(sequence), clock_(clock) {}
  Async<> commit(domain::TenantId tenant, ports::Writes writes) override;

 private:
  ports::Committer& store_;
  Sequence& sequence_;
  const Clock& clock_;
};

}  // namespace durward::adapters
