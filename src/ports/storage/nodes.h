#pragma once
#include <string>

#include "base/clock.h"
#include "base/task.h"

namespace durward::ports {

// A number from 0 to 1023 that its holder alone puts into keys of rows (base/sequence.h) whose times lie from
// `from` to before `until`.
struct NodeLease {
  int64_t number = 0;
  std::string holder;
  TimePoint from, until;
};

// Who holds which number. Two leases of one number never overlap in time, so no two processes make the same
// key, whatever their clocks say.
class Nodes {
 public:
  // Clocks of processes that share a store differ by less.
  static constexpr Seconds clock_difference{600};

  virtual ~Nodes() = default;
  // The number that was free for longest: released, or its lease over for longer than clock_difference.
  // `holder` is drawn for this call. unavailable/"no_node" when none is free.
  virtual Async<NodeLease> take(std::string holder, TimePoint now, TimePoint until) = 0;
  // conflict/"lease_lost" when the number is somebody else's by now.
  virtual Async<> renew(NodeLease lease, TimePoint until) = 0;
  // No key carries `unused_from` or a later time. Nothing happens when the lease was lost.
  virtual Async<> release(NodeLease lease, TimePoint unused_from) = 0;
};

}  // namespace durward::ports
