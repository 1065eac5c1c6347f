#pragma once
#include "management/support/documents.h"

// Event streams and their deliveries (Auth0 Management API, event-streams).
namespace durward::management::event_streams {

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::event_streams
