#include "adapters/redis/link.h"

#include <hiredis/hiredis.h>
#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/encoding.h"
#include "base/executor.h"
#include "base/log.h"
#include "crypto/hash.h"

namespace durward::adapters::redis {
namespace {

using Steady = std::chrono::steady_clock;

constexpr size_t batch_max = 512;
constexpr auto idle_check = std::chrono::milliseconds(1'000);

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(void* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;
using RawReply = std::unique_ptr<redisReply, FreeReply>;

std::unexpected<Error> away(std::string why) {
  return fail(ErrorKind::unavailable, "redis_unavailable", "The server is overloaded.", std::move(why));
}

timeval time_of(Milliseconds ms) { return {ms.count() / 1000, (ms.count() % 1000) * 1000}; }

Reply convert(const redisReply& raw) {
  Reply out;
  switch (raw.type) {
    case REDIS_REPLY_INTEGER:
      out.kind = Reply::Kind::integer;
      out.integer = raw.integer;
      break;
    case REDIS_REPLY_ARRAY:
      out.kind = Reply::Kind::list;
      for (size_t i = 0; i < raw.elements; ++i) out.list.push_back(convert(*raw.element[i]));
      break;
    case REDIS_REPLY_NIL:
      break;
    default:
      out.kind = raw.type == REDIS_REPLY_ERROR ? Reply::Kind::error : Reply::Kind::text;
      out.text.assign(raw.str, raw.len);
  }
  return out;
}

// The server is up but not, or no longer, the one to ask.
bool means_wrong_server(const Reply& reply) {
  if (reply.kind != Reply::Kind::error) return false;
  for (const char* word : {"READONLY", "LOADING", "MASTERDOWN", "NOAUTH", "MISCONF", "NOREPLICAS"})
    if (reply.text.starts_with(word)) return true;
  return false;
}

struct Command {
  Link::Arguments arguments;
  std::function<void()> resume;
  Result<Reply> result = std::unexpected(Error{});
};

bool append(redisContext& context, const Link::Arguments& arguments) {
  std::vector<const char*> words;
  std::vector<size_t> sizes;
  for (const auto& argument : arguments) {
    words.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  return redisAppendCommandArgv(&context, int(words.size()), words.data(), sizes.data()) == REDIS_OK;
}

Result<Reply> receive(redisContext& context) {
  void* raw = nullptr;
  if (redisGetReply(&context, &raw) != REDIS_OK || !raw) return away(context.errstr);
  return convert(*RawReply(static_cast<redisReply*>(raw)));
}

Result<Reply> ask(redisContext& context, const Link::Arguments& arguments) {
  if (!append(context, arguments)) return away("out of memory");
  return receive(context);
}

}  // namespace

Script::Script(std::string_view source) : text(source), digest(to_hex(crypto::sha1(source))) {}

struct Link::Impl {
  RedisOptions options;
  Random& random;
  metrics::Gauge& connected_gauge;
  metrics::Counter &commands, &failures, &connects;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<Command*> waiting;
  bool connected = false, stopping = false;
  std::atomic<int64_t> made{0};
  std::thread thread;

  Impl(RedisOptions o, Random& r, metrics::Registry& m)
      : options(std::move(o)),
        random(r),
        connected_gauge(m.gauge("durward_redis_connected", "1 while the Redis master is reached.")),
        commands(m.counter("durward_redis_commands_total", "Commands sent to Redis.")),
        failures(m.counter("durward_redis_failures_total", "Commands that failed, sent or not.")),
        connects(m.counter("durward_redis_connects_total", "Connections made to a Redis master.")) {}

  void work();
  void serve(redisContext& context);
  bool serve_batch(redisContext& context, std::deque<Command*> batch);
  bool wait_for_work(redisContext& context);
  std::deque<Command*> take_batch();
  void set_connected(bool now);
  void fail_waiting(const std::string& why);
  void pause(int failed);
  Result<Context> connect_master();
  Result<Context> connect(const Address& address, bool to_server);
  Result<Address> ask_sentinels();
  Result<> check_role(redisContext& context);
  void submit(Command* command);
};

void Link::Impl::set_connected(bool now) {
  {
    std::lock_guard lock(mutex);
    connected = now;
  }
  connected_gauge.set(now);
}

// Called on any thread; the command is answered by the link's thread, or here when there is no connection.
void Link::Impl::submit(Command* command) {
  {
    std::lock_guard lock(mutex);
    if (connected && !stopping && waiting.size() < options.queue_max) {
      waiting.push_back(command);
      changed.notify_one();
      return;
    }
  }
  failures.add();
  command->result = away("not connected, or too many commands wait");
  std::exchange(command->resume, nullptr)();  // its coroutine may end, and the command with it
}

void Link::Impl::fail_waiting(const std::string& why) {
  std::deque<Command*> left;
  {
    std::lock_guard lock(mutex);
    left.swap(waiting);
  }
  for (Command* command : left) {
    failures.add();
    command->result = away(why);
    std::exchange(command->resume, nullptr)();
  }
}

void Link::Impl::work() {
  int failed = 0;
  bool told = false;
  for (;;) {
    {
      std::lock_guard lock(mutex);
      if (stopping) break;
    }
    auto context = connect_master();
    if (!context) {
      if (!std::exchange(told, true)) log::warning("Redis is away", {{"reason", context.error().debug}});
      pause(failed++);
      continue;
    }
    failed = 0;
    connects.add();
    ++made;
    if (std::exchange(told, false)) log::info("Redis is back");
    set_connected(true);
    serve(**context);
    set_connected(false);
    fail_waiting((*context)->errstr);
  }
  fail_waiting("the link ends");
}

// Until the connection is lost or the link ends.
void Link::Impl::serve(redisContext& context) {
  while (wait_for_work(context))
    if (!serve_batch(context, take_batch())) return;
}

// An unused connection is tried once a second, so that a dead server is noticed before somebody needs it.
bool Link::Impl::wait_for_work(redisContext& context) {
  for (;;) {
    {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, idle_check, [&] { return stopping || !waiting.empty(); });
      if (stopping) return false;
      if (!waiting.empty()) return true;
    }
    const auto role = check_role(context);
    if (!role) return false;
  }
}

std::deque<Command*> Link::Impl::take_batch() {
  std::lock_guard lock(mutex);
  std::deque<Command*> batch;
  while (!waiting.empty() && batch.size() < batch_max) {
    batch.push_back(waiting.front());
    waiting.pop_front();
  }
  return batch;
}

bool Link::Impl::serve_batch(redisContext& context, std::deque<Command*> batch) {
  for (const Command* command : batch) append(context, command->arguments);
  bool good = true;
  for (Command* command : batch) {
    commands.add();
    command->result = good ? receive(context) : Result<Reply>(away("the connection was lost"));
    if (!command->result || means_wrong_server(*command->result)) good = false;
    if (command->result && command->result->kind == Reply::Kind::error &&
        means_wrong_server(*command->result))
      command->result = away(command->result->text);
    if (!command->result) failures.add();
    std::exchange(command->resume, nullptr)();
  }
  return good;
}

void Link::Impl::pause(int failed) {
  const Milliseconds longest =
      std::min(options.pause_max, options.pause_min * (int64_t(1) << std::min(failed, 10)));
  uint32_t drawn = 0;
  random.fill({reinterpret_cast<uint8_t*>(&drawn), sizeof drawn});
  const Milliseconds time = longest / 2 + Milliseconds(drawn % uint32_t(longest.count() / 2 + 1));
  std::unique_lock lock(mutex);
  changed.wait_for(lock, time, [&] { return stopping; });
}

Result<Context> Link::Impl::connect_master() {
  if (!options.sentinel_master.empty()) {
    TRY(const Address master, ask_sentinels());
    TRY(auto context, connect(master, true));
    ENSURE(check_role(*context));
    return context;
  }
  Result<Context> last = away("no address");
  for (const Address& address : options.addresses) {
    last = connect(address, true);
    if (!last) continue;
    if (auto role = check_role(**last); role) return last;
    last = away(address.text() + " is no master");
  }
  return last;
}

Result<Context> Link::Impl::connect(const Address& address, bool to_server) {
  Context context(redisConnectWithTimeout(address.host.c_str(), address.port, time_of(options.connect)));
  if (!context || context->err)
    return away(address.text() + ": " + (context ? context->errstr : "no memory"));
  redisSetTimeout(context.get(), time_of(options.reply));
  redisEnableKeepAlive(context.get());
  if (to_server && !options.password.empty()) {
    TRY(const Reply reply, ask(*context, {"AUTH", options.password}));
    if (reply.kind == Reply::Kind::error) return away(address.text() + " refuses the password");
  }
  return context;
}

Result<Address> Link::Impl::ask_sentinels() {
  std::string why = "no sentinel";
  for (const Address& sentinel : options.addresses) {
    auto context = connect(sentinel, false);
    if (!context) {
      why = context.error().debug;
      continue;
    }
    const auto reply = ask(**context, {"SENTINEL", "get-master-addr-by-name", options.sentinel_master});
    if (reply && reply->kind == Reply::Kind::list && reply->list.size() == 2)
      return Address{reply->list[0].text, uint16_t(std::strtoul(reply->list[1].text.c_str(), nullptr, 10))};
    why = sentinel.text() + " knows no master " + options.sentinel_master;
  }
  return away(why);
}

// A sentinel may not have noticed yet, and a demoted master may still answer.
Result<> Link::Impl::check_role(redisContext& context) {
  TRY(const Reply reply, ask(context, {"ROLE"}));
  if (reply.kind == Reply::Kind::list && !reply.list.empty() && reply.list[0].text == "master") return {};
  return away(reply.kind == Reply::Kind::error ? reply.text : "the server is no master");
}

Link::Link(RedisOptions options, Random& random, metrics::Registry& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), random, metrics)) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->work(); });
  pthread_setname_np(impl_->thread.native_handle(), "redis");
}

Link::~Link() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  impl_->thread.join();
}

bool Link::is_connected() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->connected;
}

int64_t Link::connections() const { return impl_->made; }

Async<Reply> Link::command(Arguments arguments) {
  Command command{std::move(arguments), nullptr};
  co_await Suspend{[this, &command](std::function<void()> resume) {
    command.resume = std::move(resume);
    impl_->submit(&command);
  }};
  if (command.result && command.result->kind == Reply::Kind::error)
    co_return fail(ErrorKind::unavailable, "redis_unavailable", "The server is overloaded.",
                   command.result->text);
  co_return std::move(command.result);
}

Async<Reply> Link::run(const Script& script, Arguments keys, Arguments values) {
  Arguments words{"EVALSHA", script.digest, std::to_string(keys.size())};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), values.begin(), values.end());
  auto reply = co_await command(words);
  if (reply || !reply.error().debug.starts_with("NOSCRIPT")) co_return reply;
  words[0] = "EVAL";
  words[1] = script.text;
  co_return co_await command(std::move(words));
}

}  // namespace durward::adapters::redis
