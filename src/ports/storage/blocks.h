#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/block.h"
#include "domain/tenant.h"

namespace durward::ports {

// Blocks after too many wrong passwords; writing is PutBlock and RemoveBlocks (storage/commit.h). Expired
// ones are not found.
class Blocks {
 public:
  static constexpr int64_t list_max = 1000;  // one identifier attacked from more addresses shows no more

  virtual ~Blocks() = default;
  // What stands in the way of an attempt: a block of this address, or one of every address. One read by key.
  virtual Async<std::optional<domain::Block>> find(domain::TenantId, std::string connection,
                                                   std::string identifier, std::string ip) = 0;
  // In all connections and of all addresses, newest first.
  virtual Async<std::vector<domain::Block>> list(domain::TenantId, std::string identifier) = 0;
};

}  // namespace durward::ports
