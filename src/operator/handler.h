#pragma once
#include "endpoint/endpoint.h"

namespace durward::operators {

// A row's handler: `Function(door, call)`, of a door that outlives the row.
template <auto Function, class Door>
endpoint::ManagementHandler handler(Door& door) {
  return [&door](endpoint::Call call) { return Function(door, std::move(call)); };
}

}  // namespace durward::operators
