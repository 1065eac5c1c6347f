#pragma once
#include "domain/event_stream.h"
#include "management/support/documents.h"

// The document of an event stream: what the API shows; what authorizes at a webhook is sealed beside it.
namespace durward::management::event_streams {

extern const Resource resource;
inline constexpr int64_t streams_max = 25;  // of one tenant: each is served on its own

const endpoint::Schema& stream_schema();
const endpoint::Schema& test_schema();
const endpoint::Schema& redelivery_schema();

// Whether a destination is one that Durward has, with what its type needs. A secret may be missing where
// `keeps_secret`: the one that is there stays. Error: invalid/"invalid_body".
Result<> check_destination(const json::Object& destination, bool keeps_secret);
// Error: invalid/"invalid_body" when a stream would get a destination of another type.
Result<> check_same_type(const json::Object& before, const json::Object& destination);
// Whether a new destination authorizes as the old one, so that its secret can stay.
bool is_same_method(const json::Object& before, const json::Object& destination);
// What the destination has no use for, taken out of "_sealed" by nulls of a merge; `patch` is sealed.
void drop_other_secrets(json::Object& patch);
// The action that a destination names; empty for a webhook.
std::string action_of(const json::Object& body);

json::Object shown(json::Object body);

}  // namespace durward::management::event_streams
