#include "adapters/nats/nats_queue.h"

#include "base/log.h"

namespace durward::adapters::nats {

namespace {

constexpr int64_t ns_per_ms = 1'000'000;
constexpr Milliseconds shortest_wait{20};

int64_t attempt_of(natsMsg* message) {
  MetaData data;
  if (nats::make(data, [&](auto** out) { return natsMsg_GetMetaData(out, message); }) != NATS_OK) return 1;
  return int64_t(data->NumDelivered);
}

// A message refers to the subscription it came by.
struct Receipt {
  std::shared_ptr<natsSubscription> source;
  Message message;
};

natsMsg* message_of(const ports::Delivery& delivery) {
  return static_cast<Receipt*>(delivery.receipt.get())->message.get();
}

}  // namespace

// `no_wait` with a time means: wait for the first, then give what is there. Without a time libnats 3.4 does
// not even wait for the answer.
Result<std::vector<ports::Delivery>> Queue::fetch(int64_t max, Milliseconds wait) {
  TRY(const auto source, subscription());
  jsFetchRequest request;
  jsFetchRequest_Init(&request);
  request.Batch = int(max);
  request.Expires = std::max(wait, shortest_wait).count() * ns_per_ms;
  request.NoWait = true;
  natsMsgList list{};
  const auto status = natsSubscription_FetchRequest(&list, source.get(), &request);
  if (status == NATS_TIMEOUT || status == NATS_NOT_FOUND) return std::vector<ports::Delivery>();
  if (status != NATS_OK) {
    leave();  // the consumer may be gone; the next fetch makes it again
    return away("fetch", status);
  }
  return deliveries(list, source);
}

std::vector<ports::Delivery> Queue::deliveries(natsMsgList& list,
                                               const std::shared_ptr<natsSubscription>& source) {
  std::vector<ports::Delivery> out;
  for (int i = 0; i < list.Count; ++i) {
    Message message(std::exchange(list.Msgs[i], nullptr));
    if (auto event = event_of(message.get())) {
      const int64_t attempt = attempt_of(message.get());
      out.push_back(
          {*std::move(event), attempt, std::make_shared<Receipt>(Receipt{source, std::move(message)})});
    } else {
      log::error("a message of the broker is no event and is dropped", {{"queue", options_.name}});
      natsMsg_Term(message.get(), nullptr);
    }
  }
  natsMsgList_Destroy(&list);
  return out;
}

Result<std::shared_ptr<natsSubscription>> Queue::subscription() {
  std::lock_guard lock(mutex_);
  if (subscription_) return subscription_;
  ENSURE(log_.make());
  const std::string subject = log_.subject(ports::EventFilter{options_.pattern, {}});
  ENSURE(make_consumer(subject));
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = log_.name().c_str();
  options.Consumer = options_.name.c_str();  // bound only, so leaving does not delete it
  natsSubscription* raw = nullptr;
  jsErrCode code{};
  const auto status =
      js_PullSubscribe(&raw, js_, subject.c_str(), options_.name.c_str(), nullptr, &options, &code);
  if (status != NATS_OK) return away("queue", status, code);
  subscription_ = std::shared_ptr<natsSubscription>(raw, natsSubscription_Destroy);
  return subscription_;
}

Result<> Queue::make_consumer(const std::string& subject) {
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = options_.name.c_str();
  config.FilterSubject = subject.c_str();
  config.DeliverPolicy = js_DeliverAll;
  config.AckPolicy = js_AckExplicit;
  config.AckWait = Milliseconds(options_.ack_wait).count() * ns_per_ms;
  config.MaxAckPending = options_.pending_max;
  config.MaxDeliver = -1;  // who handles the events decides when one is dead
  jsErrCode code{};
  const auto status = js_AddConsumer(nullptr, js_, log_.name().c_str(), &config, nullptr, &code);
  if (status != NATS_OK) return away("new queue", status, code);
  return {};
}

Result<ConsumerInfo> Queue::info() {
  ConsumerInfo info;
  jsErrCode code{};
  const auto status = nats::make(info, [&](auto** out) {
    return js_GetConsumerInfo(out, js_, log_.name().c_str(), options_.name.c_str(), nullptr, &code);
  });
  if (status == NATS_NOT_FOUND) return ConsumerInfo();
  if (status != NATS_OK) return away("queue", status, code);
  return info;
}

// A request to a consumer that is gone just times out in libnats 3.4, like one to an empty queue.
Result<> Queue::verify() {
  const auto found = info();
  if (!found || !*found) leave();
  if (!found) return std::unexpected(found.error());
  return {};
}

Result<std::optional<TimePoint>> Queue::oldest() {
  ENSURE(subscription());  // a queue that nobody has read from yet has an age too
  TRY(const auto found, info());
  if (!found || (found->NumPending == 0 && found->NumAckPending == 0)) return std::nullopt;
  return log_.time_of_next(ports::EventFilter{options_.pattern, {}}, found->AckFloor.Stream + 1);
}

Result<> Queue::ack(const ports::Delivery& delivery) {
  jsErrCode code{};
  const auto status = natsMsg_AckSync(message_of(delivery), nullptr, &code);
  if (status != NATS_OK) return away("acknowledgement", status, code);
  return {};
}

Result<> Queue::retry(const ports::Delivery& delivery, Milliseconds pause) {
  const auto status = pause.count() > 0 ? natsMsg_NakWithDelay(message_of(delivery), pause.count(), nullptr)
                                        : natsMsg_Nak(message_of(delivery), nullptr);
  if (status != NATS_OK) return away("retry", status);
  return {};
}

void Queue::leave() {
  std::lock_guard lock(mutex_);
  subscription_.reset();
}

}  // namespace durward::adapters::nats
