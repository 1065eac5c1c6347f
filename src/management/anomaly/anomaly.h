#pragma once
#include "management/support/replies.h"

// Addresses that are refused after too many failed sign-ins, sign-ups or password mails. Their counts are in
// ports::Services::limiter: in a fleet without shared counters each process knows its own.
namespace durward::management::anomaly {

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::anomaly
