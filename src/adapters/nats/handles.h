#pragma once
#include <nats/nats.h>

#include <memory>
#include <string>

#include "base/result.h"

// Owners over libnats. Thread-safe as far as libnats is, which is everything used here.
namespace durward::adapters::nats {

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* handle) const {
    destroy(handle);
  }
};
using Options = std::unique_ptr<natsOptions, Destroy<natsOptions_Destroy>>;
using Connection = std::unique_ptr<natsConnection, Destroy<natsConnection_Destroy>>;
using JetStream = std::unique_ptr<jsCtx, Destroy<jsCtx_Destroy>>;
using Subscription = std::unique_ptr<natsSubscription, Destroy<natsSubscription_Destroy>>;
using Message = std::unique_ptr<natsMsg, Destroy<natsMsg_Destroy>>;
using StreamInfo = std::unique_ptr<jsStreamInfo, Destroy<jsStreamInfo_Destroy>>;
using ConsumerInfo = std::unique_ptr<jsConsumerInfo, Destroy<jsConsumerInfo_Destroy>>;
using MetaData = std::unique_ptr<jsMsgMetaData, Destroy<jsMsgMetaData_Destroy>>;

// Calls f(T** out) and owns what came out.
template <class Owner, class F>
natsStatus make(Owner& owner, F f) {
  typename Owner::pointer raw = nullptr;
  const natsStatus status = f(&raw);
  owner.reset(raw);
  return status;
}

inline std::unexpected<Error> away(const char* what, natsStatus status, int js_code = 0) {
  return fail(ErrorKind::unavailable, "broker_unavailable",
              "The event broker is not available at the moment.",
              std::string(what) + ": " + natsStatus_GetText(status) +
                  (js_code ? ", JetStream error " + std::to_string(js_code) : ""));
}

inline std::string_view body_of(natsMsg* message) {
  return {natsMsg_GetData(message), size_t(natsMsg_GetDataLength(message))};
}

}  // namespace durward::adapters::nats
