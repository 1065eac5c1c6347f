#pragma once
#include "adapters/postgres/readers.h"
#include "ports/storage/nodes.h"

namespace durward::adapters::postgres {

class PostgresNodes : public ports::Nodes {
 public:
  explicit PostgresNodes(Context context) : c_(std::move(context)) {}
  Async<ports::NodeLease> take(std::string holder, TimePoint now, TimePoint until) override;
  Async<> renew(ports::NodeLease lease, TimePoint until) override;
  Async<> release(ports::NodeLease lease, TimePoint unused_from) override;

 private:
  Context c_;
};

}  // namespace durward::adapters::postgres
