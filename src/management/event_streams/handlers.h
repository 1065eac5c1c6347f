#pragma once
#include "management/event_streams/document.h"

namespace durward::management::event_streams {

using Handled = Async<Reply>;

// deliveries.cc
Handled list_deliveries(const ports::Services& services, Call call);
Handled read_delivery(const ports::Services& services, Call call);
Handled test(const ports::Services& services, Call call);
Handled redeliver(const ports::Services& services, Call call);
Handled redeliver_one(const ports::Services& services, Call call);

}  // namespace durward::management::event_streams
