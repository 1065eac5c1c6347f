#include "adapters/nats/nats_stream.h"

namespace durward::adapters::nats {

namespace {
constexpr int64_t ns_per_second = 1'000'000'000;
// How long a repeated message id is recognised; longer than a change of leader takes.
constexpr int64_t duplicate_window = 600 * ns_per_second;
constexpr int64_t reader_life = 30 * ns_per_second;
constexpr int page_max = 256;

Result<uint64_t> pending_at(natsSubscription* reader) {
  ConsumerInfo info;
  jsErrCode code{};
  const auto status = nats::make(
      info, [&](auto** out) { return natsSubscription_GetConsumerInfo(out, reader, nullptr, &code); });
  if (status != NATS_OK) return away("reader", status, code);
  return info->NumPending;
}

Result<std::vector<Message>> next_page(natsSubscription* reader) {
  jsFetchRequest request;
  jsFetchRequest_Init(&request);
  request.Batch = page_max;
  request.NoWait = true;
  request.Expires = 2 * ns_per_second;
  natsMsgList list{};
  const auto status = natsSubscription_FetchRequest(&list, reader, &request);
  if (status != NATS_OK) return away("replay", status);
  std::vector<Message> out;
  for (int i = 0; i < list.Count; ++i) out.emplace_back(std::exchange(list.Msgs[i], nullptr));
  natsMsgList_Destroy(&list);
  return out;
}
}  // namespace

Result<domain::Event> event_of(natsMsg* message) {
  TRY(const auto object, json::parse_object(body_of(message)));
  return domain::Event::from_json(object);
}

std::string EventLog::subject(const domain::Event& event) const {
  return options_.name + ".events." + std::to_string(event.tenant.value) + "." + event.type;
}
std::string EventLog::subject(const ports::EventFilter& filter) const {
  const std::string tenant = filter.tenant ? std::to_string(filter.tenant->value) : "*";
  return options_.name + ".events." + tenant + "." + filter.pattern;
}

Result<StreamInfo> EventLog::info() {
  StreamInfo info;
  jsErrCode code{};
  const auto status = nats::make(
      info, [&](auto** out) { return js_GetStreamInfo(out, js_, options_.name.c_str(), nullptr, &code); });
  if (status == NATS_NOT_FOUND) return StreamInfo();
  if (status != NATS_OK) return away("stream", status, code);
  return info;
}

Result<> EventLog::make() {
  TRY(const auto existing, info());
  if (existing) return {};
  const std::string subjects = options_.name + ".events.>";
  const char* list[] = {subjects.c_str()};
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = options_.name.c_str();
  config.Subjects = list;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  config.Replicas = options_.replicas;
  config.AllowDirect = true;
  config.MaxAge = options_.retention.count() * ns_per_second;
  config.Duplicates = std::min(duplicate_window, config.MaxAge);
  jsErrCode code{};
  const auto status = js_AddStream(nullptr, js_, &config, nullptr, &code);
  if (status != NATS_OK && code != JSStreamNameExistErr) return away("new stream", status, code);
  return {};
}

Result<int64_t> EventLog::newest_offset() {
  TRY(const auto found, info());
  if (!found || found->State.Msgs == 0) return 0;
  return offset_at(found->State.LastSeq, found->State.FirstSeq);
}

// Of the last event up to this message: the broker may hold what is none, or have deleted a message.
Result<int64_t> EventLog::offset_at(uint64_t sequence, uint64_t first) {
  for (; sequence >= first; --sequence) {
    Message message;
    jsErrCode code{};
    const auto status = nats::make(message, [&](auto** out) {
      return js_GetMsg(out, js_, options_.name.c_str(), sequence, nullptr, &code);
    });
    if (status == NATS_NOT_FOUND && code == JSNoMessageFoundErr) continue;
    if (status != NATS_OK) return away("message", status, code);
    if (const auto event = event_of(message.get())) return event->offset;
  }
  return 0;
}

Result<std::optional<TimePoint>> EventLog::time_of_next(const ports::EventFilter& filter, uint64_t sequence) {
  const std::string wanted = subject(filter);
  jsDirectGetMsgOptions options;
  jsDirectGetMsgOptions_Init(&options);
  options.Sequence = sequence;
  options.NextBySubject = wanted.c_str();
  Message message;
  const auto status = nats::make(message, [&](auto** out) {
    return js_DirectGetMsg(out, js_, options_.name.c_str(), nullptr, &options);
  });
  if (status == NATS_NOT_FOUND) return std::nullopt;
  if (status != NATS_OK) return away("message", status);
  const auto event = event_of(message.get());
  return event ? std::optional(event->time) : std::nullopt;
}

Result<> EventLog::append(const domain::Event& event) {
  const std::string body = json::serialize(event.to_json()), id = std::to_string(event.id);
  Message message;
  auto status = nats::make(message, [&](auto** out) {
    return natsMsg_Create(out, subject(event).c_str(), nullptr, body.data(), int(body.size()));
  });
  if (status != NATS_OK) return away("message", status);
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MsgId = id.c_str();
  options.ExpectStream = options_.name.c_str();
  jsErrCode code{};
  status = js_PublishMsg(nullptr, js_, message.get(), &options, &code);
  if (status != NATS_OK) return away("publish", status, code);
  return {};
}

// Half-way between a message that is old enough and one that is not; the number of steps is that of the bits.
Result<uint64_t> EventLog::first_after(int64_t offset) {
  TRY(const auto found, info());
  if (!found || found->State.Msgs == 0) return 0;
  uint64_t low = found->State.FirstSeq, high = found->State.LastSeq + 1;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    TRY(const int64_t there, offset_at(middle, found->State.FirstSeq));
    if (there <= offset)
      low = middle + 1;
    else
      high = middle;
  }
  return low > found->State.LastSeq ? 0 : low;
}

Result<Subscription> EventLog::reader(const ports::EventFilter& filter, uint64_t first) {
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = options_.name.c_str();
  options.Config.DeliverPolicy = js_DeliverByStartSequence;
  options.Config.OptStartSeq = first;
  options.Config.AckPolicy = js_AckNone;
  options.Config.InactiveThreshold = reader_life;
  Subscription out;
  jsErrCode code{};
  const auto status = nats::make(out, [&](auto** sub) {
    return js_PullSubscribe(sub, js_, subject(filter).c_str(), nullptr, nullptr, &options, &code);
  });
  if (status != NATS_OK) return away("reader", status, code);
  return out;
}

Result<std::vector<domain::Event>> EventLog::read(const ports::EventFilter& filter, int64_t offset,
                                                  int64_t limit) {
  std::vector<domain::Event> out;
  TRY(const uint64_t first, first_after(offset));
  if (first == 0) return out;
  TRY(const auto source, reader(filter, first));
  TRY(uint64_t left, pending_at(source.get()));
  while (left > 0 && int64_t(out.size()) < limit) {
    TRY(const auto page, next_page(source.get()));
    left -= std::min<uint64_t>(left, page.size());
    for (const auto& message : page) {
      auto event = event_of(message.get());
      // What was published twice is passed over: offsets grow.
      const int64_t last = out.empty() ? offset : out.back().offset;
      if (event && event->offset > last && int64_t(out.size()) < limit) out.push_back(*std::move(event));
    }
  }
  return out;
}

}  // namespace durward::adapters::nats
