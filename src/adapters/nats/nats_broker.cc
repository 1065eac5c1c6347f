#include "adapters/nats/nats_broker.h"

#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>

#include "adapters/nats/nats_queue.h"
#include "base/log.h"

namespace durward::adapters {

using namespace nats;

namespace {

constexpr Milliseconds slice{250};  // how soon a waiting fetch notices an interruption
constexpr int64_t reconnect_ms = 250, jitter_ms = 250;
constexpr int64_t publish_flush_ms = 2000;

Result<> check(natsStatus status, const char* option) {
  if (status == NATS_OK) return {};
  return fail(ErrorKind::invalid, "bad_option", std::string(option) + ": " + natsStatus_GetText(status));
}

Result<> add_servers(natsOptions* out, const std::vector<std::string>& servers) {
  std::vector<const char*> list;
  for (const auto& server : servers) {
    if (!server.starts_with("nats://") && !server.starts_with("tls://"))
      return fail(ErrorKind::invalid, "bad_option", server + " must begin with nats:// or tls://");
    list.push_back(server.c_str());
  }
  if (list.empty()) return fail(ErrorKind::invalid, "bad_option", "events names no server");
  return check(natsOptions_SetServers(out, list.data(), int(list.size())), "events");
}

void connected(natsConnection*, void*) { log::info("connected to the event broker", {}); }
void disconnected(natsConnection*, void*) { log::warning("the event broker is away", {}); }
// libnats prints errors of subscriptions on stderr unless told otherwise; ours come back as values.
void ignore_error(natsConnection*, natsSubscription*, natsStatus, void*) {}

Result<nats::Options> options_of(const NatsOptions& options) {
  nats::Options out;
  if (nats::make(out, [](auto** raw) { return natsOptions_Create(raw); }) != NATS_OK)
    throw std::runtime_error("libnats has no memory");
  natsOptions* o = out.get();
  ENSURE(add_servers(o, options.servers));
  natsOptions_SetName(o, "durward");
  natsOptions_SetAllowReconnect(o, true);
  natsOptions_SetMaxReconnect(o, -1);
  natsOptions_SetReconnectWait(o, reconnect_ms);
  natsOptions_SetReconnectJitter(o, jitter_ms, jitter_ms);
  natsOptions_SetRetryOnFailedConnect(o, true, connected, nullptr);
  natsOptions_SetReconnectedCB(o, connected, nullptr);
  natsOptions_SetDisconnectedCB(o, disconnected, nullptr);
  natsOptions_SetErrorHandler(o, ignore_error, nullptr);
  natsOptions_SetFailRequestsOnDisconnect(o, true);
  natsOptions_SetPingInterval(o, 10'000);
  if (!options.user.empty())
    ENSURE(check(natsOptions_SetUserInfo(o, options.user.c_str(), options.password.c_str()), "events-user"));
  if (!options.ca_file.empty())
    ENSURE(check(natsOptions_LoadCATrustedCertificates(o, options.ca_file.c_str()), "events-ca"));
  return out;
}

// Who hears a subject. libnats may call once more while the subscription is being closed, so this lives until
// it says that it is done.
struct Hearer {
  void tell(natsMsg* message) {
    auto event = event_of(message);
    std::lock_guard lock(mutex);
    if (event && hear) hear(*event);
  }
  void end() {
    std::lock_guard lock(mutex);
    hear = nullptr;
  }
  std::mutex mutex;
  std::function<void(const domain::Event&)> hear;
};
using HearerPtr = std::shared_ptr<Hearer>;

void on_message(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
  const Message message(raw);
  (*static_cast<HearerPtr*>(closure))->tell(message.get());
}
void on_complete(void* closure) { delete static_cast<HearerPtr*>(closure); }

struct Hearing {
  ~Hearing() {
    hearer->end();
    natsSubscription_Unsubscribe(subscription.get());
  }
  HearerPtr hearer;
  Subscription subscription;
};

}  // namespace

struct NatsBroker::Impl {
  Impl(nats::Connection connection_, nats::JetStream js_, StreamOptions stream)
      : connection(std::move(connection_)), js(std::move(js_)), log(js.get(), std::move(stream)) {}

  Queue& find(const std::string& name) {
    std::lock_guard lock(mutex);
    const auto found = queues.find(name);
    if (found == queues.end()) throw std::logic_error("no such queue: " + name);
    return *found->second;
  }

  // A request would wait for its full time while nobody is there.
  Result<> connected_or_away() {
    const auto status = natsConnection_Status(connection.get());
    if (status == NATS_CONN_STATUS_CONNECTED) return {};
    return away("connection", NATS_CONNECTION_DISCONNECTED);
  }

  nats::Connection connection;
  nats::JetStream js;
  EventLog log;
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<Queue>> queues;
  std::atomic<uint64_t> interruptions{0};
};

Result<std::unique_ptr<NatsBroker>> NatsBroker::open(NatsOptions options) {
  TRY(const auto settings, options_of(options));
  nats::Connection connection;
  const auto status =
      nats::make(connection, [&](auto** out) { return natsConnection_Connect(out, settings.get()); });
  if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED)
    return fail(ErrorKind::invalid, "bad_option", std::string("events: ") + natsStatus_GetText(status));
  jsOptions request;
  jsOptions_Init(&request);
  request.Wait = options.timeout.count();
  nats::JetStream js;
  const auto made =
      nats::make(js, [&](auto** out) { return natsConnection_JetStream(out, connection.get(), &request); });
  if (made != NATS_OK) return away("JetStream", made);
  return std::unique_ptr<NatsBroker>(new NatsBroker(
      std::make_unique<Impl>(std::move(connection), std::move(js),
                             StreamOptions{options.stream, options.retention, options.replicas})));
}

NatsBroker::NatsBroker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NatsBroker::~NatsBroker() = default;

Async<std::optional<int64_t>> NatsBroker::held() {
  CO_ENSURE(impl_->connected_or_away());
  CO_ENSURE(impl_->log.make());
  CO_TRY(const int64_t offset, impl_->log.newest_offset());
  co_return offset;
}

// One after the other: the next is sent when the one before is stored, or an error in between would put later
// ones first.
Async<> NatsBroker::publish(std::vector<domain::Event> events) {
  CO_ENSURE(impl_->connected_or_away());
  for (const auto& event : events) CO_ENSURE(impl_->log.append(event));
  co_return Result<>();
}

Async<> NatsBroker::declare(ports::QueueOptions queue) {
  std::lock_guard lock(impl_->mutex);
  auto& place = impl_->queues[queue.name];
  if (!place) place = std::make_unique<Queue>(impl_->js.get(), impl_->log, std::move(queue));
  co_return Result<>();
}

Async<std::vector<ports::Delivery>> NatsBroker::fetch(std::string name, int64_t max, Milliseconds wait) {
  Queue& queue = impl_->find(name);
  const uint64_t interrupted = impl_->interruptions;
  CO_ENSURE(impl_->connected_or_away());
  CO_TRY(auto out, queue.fetch(max, std::min(wait, slice)));
  for (wait -= slice; out.empty() && wait > Milliseconds(0) && impl_->interruptions == interrupted;
       wait -= slice) {
    CO_TRY(out, queue.fetch(max, std::min(wait, slice)));
  }
  if (out.empty() && wait <= Milliseconds(0)) CO_ENSURE(queue.verify());
  co_return out;
}

Async<> NatsBroker::ack(std::string queue, ports::Delivery delivery) {
  co_return impl_->find(queue).ack(delivery);
}

Async<> NatsBroker::retry(std::string queue, ports::Delivery delivery, Milliseconds pause) {
  co_return impl_->find(queue).retry(delivery, pause);
}

Async<std::optional<TimePoint>> NatsBroker::oldest(std::string queue) {
  CO_ENSURE(impl_->connected_or_away());
  co_return impl_->find(queue).oldest();
}

void NatsBroker::interrupt() { ++impl_->interruptions; }

Async<> NatsBroker::leave(std::string queue) {
  impl_->find(queue).leave();
  co_return Result<>();
}

Async<std::vector<domain::Event>> NatsBroker::replay(ports::EventFilter filter, int64_t offset,
                                                     int64_t limit) {
  CO_ENSURE(impl_->connected_or_away());
  co_return impl_->log.read(filter, offset, limit);
}

Result<std::shared_ptr<void>> NatsBroker::subscribe(ports::EventFilter filter,
                                                    std::function<void(const domain::Event&)> hear) {
  auto hearing = std::make_shared<Hearing>();
  hearing->hearer = std::make_shared<Hearer>();
  hearing->hearer->hear = std::move(hear);
  auto closure = std::make_unique<HearerPtr>(hearing->hearer);
  const auto status = nats::make(hearing->subscription, [&](auto** out) {
    return natsConnection_Subscribe(out, impl_->connection.get(), impl_->log.subject(filter).c_str(),
                                    on_message, closure.get());
  });
  if (status != NATS_OK) return away("subscription", status);
  natsSubscription_SetOnCompleteCB(hearing->subscription.get(), on_complete, closure.release());
  natsConnection_FlushTimeout(impl_->connection.get(), publish_flush_ms);
  return hearing;
}

}  // namespace durward::adapters
