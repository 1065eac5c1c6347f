#include "http/client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <thread>

#include "base/executor.h"
#include "crypto/hash.h"
#include "http/address.h"
#include "http/client_wire.h"
#include "http/head.h"

// The sockets of the client; server.cc has those of the server. Everything but send() and after() runs on the
// client's thread.
namespace durward::http {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Steady = std::chrono::steady_clock;

std::unexpected<Error> lost(std::string code, std::string why) {
  return fail(ErrorKind::unavailable, std::move(code), "The server could not be reached.", std::move(why));
}

struct Outcome {
  ErrorCode error;
  size_t size = 0;
};

// The handler of every operation: stores what came out and lets the waiting coroutine go on.
struct Done {
  Outcome* outcome;
  std::coroutine_handle<> waiter;
  void operator()(const ErrorCode& error, size_t size = 0) const {
    *outcome = {error, size};
    waiter.resume();
  }
  void operator()(const ErrorCode& error, const tcp::endpoint&) const { (*this)(error); }
};

// Starts an Asio operation and suspends until its handler, which Asio never calls inside the start.
template <class Start>
struct Io {
  Start start;
  Outcome outcome = {};
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) { start(Done{&outcome, waiter}); }
  Outcome await_resume() const noexcept { return outcome; }
};
template <class Start>
Io(Start) -> Io<Start>;

IpAddress address_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  return address.is_v6() ? address.to_v6().to_bytes()
                         : asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

struct Connection {
  explicit Connection(asio::io_context& context) : socket(context) {}
  tcp::socket socket;
  std::optional<asio::ssl::stream<tcp::socket&>> tls;
  std::string in;
  Steady::time_point idle_since;

  // Nothing may arrive on an unused connection: bytes or an end mean that the server gave it up.
  bool is_quiet() {
    char byte;
    return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  void close() {
    ErrorCode ignored;
    socket.close(ignored);
  }
  auto write(std::string_view bytes) {
    return Io{[this, bytes](auto done) {
      if (tls)
        asio::async_write(*tls, asio::buffer(bytes), done);
      else
        asio::async_write(socket, asio::buffer(bytes), done);
    }};
  }
  auto read() {
    in.resize(16 << 10);
    return Io{[this](auto done) {
      if (tls)
        tls->async_read_some(asio::buffer(in), done);
      else
        socket.async_read_some(asio::buffer(in), done);
    }};
  }
};
using ConnectionPtr = std::unique_ptr<Connection>;

// One send(): lives until its coroutine on the client's thread is done and its caller has taken the result,
// which may be after the end of the client; so what is the loop's goes before.
struct Exchange : std::enable_shared_from_this<Exchange> {
  Exchange(asio::io_context& context, ClientRequest r)
      : request(std::move(r)),
        deadline(std::in_place, context),
        connecting(std::in_place, context),
        resolver(std::in_place, context) {}
  void leave_loop() {
    deadline.reset();
    connecting.reset();
    resolver.reset();
    connection.reset();
  }
  ClientRequest request;
  std::string out;
  std::optional<asio::steady_timer> deadline, connecting;
  std::optional<tcp::resolver> resolver;
  ConnectionPtr connection;
  std::coroutine_handle<> waiting;  // for a connection of its origin
  bool expired = false, reused = false, is_connecting = false, keep = false;
  std::string expired_because = "the deadline passed";
  std::function<void()> resume;
  Result<Response> result = std::unexpected(Error{});
};

struct Pool {
  size_t open = 0;                 // connections in use, idle, or being made
  std::deque<ConnectionPtr> idle;  // the last used is at the back
  std::list<Exchange*> waiting;
};

// Suspends until the pool has room for one more.
struct Turn {
  Exchange& exchange;
  Pool& pool;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    exchange.waiting = waiter;
    pool.waiting.push_back(&exchange);
  }
  void await_resume() const noexcept {}
};

}  // namespace

struct Client::Impl {
  ClientOptions options;
  asio::ssl::context tls{asio::ssl::context::tls_client};
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::map<Origin, Pool> pools;
  std::set<Exchange*> active;
  std::set<asio::steady_timer*> timers;
  asio::steady_timer sweeper{context};
  bool stopping = false, sweeping = false;
  metrics::Gauge& open_gauge;
  std::thread thread;

  Impl(ClientOptions o, metrics::Registry& registry)
      : options(std::move(o)),
        open_gauge(registry.gauge("durward_http_client_connections", "Connections to other servers.")) {}

  Result<> prepare_tls();
  void run();
  void stop();
  static Detached carry(Impl* self, std::shared_ptr<Exchange> exchange);
  Task<> perform(Exchange& exchange);
  Async<Response> attempt(Exchange& exchange);
  Async<> acquire(Exchange& exchange);
  bool take_idle(Exchange& exchange, Pool& pool);
  Async<> open(Exchange& exchange);
  void limit_connecting(Exchange& exchange);
  Async<> reach(Exchange& exchange);
  Async<> shake_hands(Exchange& exchange);
  Async<Response> converse(Exchange& exchange);
  void release(Exchange& exchange, bool keep);
  void expire(Exchange& exchange, std::string because);
  void wake_next(Pool& pool);
  void sweep_later();
  void sweep();
  void forget_unused();
};

Result<> Client::Impl::prepare_tls() {
  ErrorCode error;
  const ClientTls& wanted = options.tls;
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  tls.set_verify_mode(asio::ssl::verify_peer);
  if (wanted.authorities_pem.empty())
    tls.set_default_verify_paths(error);
  else
    tls.add_certificate_authority(asio::buffer(wanted.authorities_pem), error);
  if (error) return fail(ErrorKind::invalid, "bad_certificate", "The authorities are not readable PEM.");
  if (!wanted.certificate_pem.empty()) {
    tls.use_certificate_chain(asio::buffer(wanted.certificate_pem), error);
    if (!error) tls.use_private_key(asio::buffer(wanted.key_pem), asio::ssl::context::pem, error);
    if (error || SSL_CTX_check_private_key(tls.native_handle()) != 1)
      return fail(ErrorKind::invalid, "bad_certificate", "The client's certificate and key do not fit.");
  }
  ERR_clear_error();
  return {};
}

void Client::Impl::run() {
  thread = std::thread([this] { context.run(); });
  pthread_setname_np(thread.native_handle(), "http-client");
}

// Whoever waits is told; then nothing is left to do for the loop and it ends.
void Client::Impl::stop() {
  asio::post(context, [this] {
    stopping = true;
    for (Exchange* exchange : std::vector(active.begin(), active.end())) expire(*exchange, "the client ends");
    for (auto* timer : timers) timer->cancel();
    sweeper.cancel();
    for (auto& [origin, pool] : pools) pool.idle.clear();
    work.reset();
  });
  thread.join();
}

Detached Client::Impl::carry(Impl* self, std::shared_ptr<Exchange> exchange) {
  self->active.insert(exchange.get());
  try {
    co_await self->perform(*exchange);
  } catch (const std::exception& failure) {
    exchange->result = lost("connection_lost", failure.what());
  }
  self->active.erase(exchange.get());
  exchange->leave_loop();
  if (exchange->request.secret) {
    crypto::wipe(exchange->out);
    crypto::wipe(exchange->request.body);
  }
  exchange->resume();
}

Task<> Client::Impl::perform(Exchange& exchange) {
  if (stopping) expire(exchange, "the client ends");
  exchange.result = co_await attempt(exchange);
  const bool was_stale = !exchange.result && exchange.reused && !exchange.expired &&
                         exchange.result.error().code == "connection_lost";
  if (was_stale && exchange.request.idempotent) exchange.result = co_await attempt(exchange);
}

Async<Response> Client::Impl::attempt(Exchange& exchange) {
  if (exchange.expired) co_return lost("timed_out", exchange.expired_because);
  CO_ENSURE(co_await acquire(exchange));
  auto response = co_await converse(exchange);
  release(exchange, response && !exchange.expired);
  if (!response && exchange.expired) co_return lost("timed_out", exchange.expired_because);
  co_return response;
}

// A kept connection, a new one, or the wait for one.
Async<> Client::Impl::acquire(Exchange& exchange) {
  const Origin& origin = exchange.request.origin;
  if (pools.size() >= options.origins_max && !pools.contains(origin)) forget_unused();
  if (pools.size() >= options.origins_max && !pools.contains(origin))
    co_return lost("client_busy", "too many servers");
  // Looked up again after each wait: an unused pool may have been forgotten meanwhile.
  while (!take_idle(exchange, pools[origin])) {
    Pool& pool = pools[origin];
    if (pool.open < options.connections_max) co_return co_await open(exchange);
    if (pool.waiting.size() >= options.waiting_max) co_return lost("client_busy", "too many requests wait");
    co_await Turn{exchange, pool};
    if (!exchange.expired) continue;
    wake_next(pools[origin]);  // the turn may have been given to this one at the same moment
    co_return lost("timed_out", exchange.expired_because);
  }
  co_return Result<>();
}

bool Client::Impl::take_idle(Exchange& exchange, Pool& pool) {
  while (!pool.idle.empty() && !exchange.connection) {
    exchange.connection = std::move(pool.idle.back());
    pool.idle.pop_back();
    exchange.reused = true;
    if (!exchange.connection->is_quiet()) release(exchange, false);
  }
  return exchange.connection != nullptr;
}

Async<> Client::Impl::open(Exchange& exchange) {
  ++pools[exchange.request.origin].open;
  open_gauge.add(1);
  exchange.reused = false;
  exchange.connection = std::make_unique<Connection>(context);
  limit_connecting(exchange);
  auto opened = co_await reach(exchange);
  if (opened && exchange.request.origin.tls) opened = co_await shake_hands(exchange);
  exchange.is_connecting = false;
  exchange.connecting->cancel();
  if (opened) co_return opened;
  release(exchange, false);
  if (exchange.expired) co_return lost("timed_out", exchange.expired_because);
  co_return opened;
}

void Client::Impl::limit_connecting(Exchange& exchange) {
  exchange.is_connecting = true;
  exchange.connecting->expires_after(options.connect);
  exchange.connecting->async_wait([held = exchange.shared_from_this()](const ErrorCode& error) {
    if (error || !held->is_connecting || !held->connection) return;
    held->resolver->cancel();
    held->connection->close();
  });
}

Async<> Client::Impl::reach(Exchange& exchange) {
  const Origin& origin = exchange.request.origin;
  ErrorCode error;
  std::vector<tcp::endpoint> endpoints;
  if (const auto address = asio::ip::make_address(origin.host, error); !error) {
    endpoints.emplace_back(address, origin.port);
  } else {
    co_await Io{[&](Done done) {
      exchange.resolver->async_resolve(
          origin.host, std::to_string(origin.port),
          [&endpoints, done](const ErrorCode& failed, const tcp::resolver::results_type& found) {
            for (const auto& one : found) endpoints.push_back(one.endpoint());
            done(failed);
          });
    }};
    if (endpoints.empty() || exchange.expired) co_return lost("connect_failed", "the name is not known");
  }
  const auto is_refused = [&](const tcp::endpoint& endpoint) {
    return options.may_connect && !options.may_connect(address_of(endpoint), origin.host, origin.port);
  };
  if (std::ranges::any_of(endpoints, is_refused))
    co_return lost("connect_failed", "the address is not public");
  auto& socket = exchange.connection->socket;
  const auto outcome = co_await Io{[&](Done done) { asio::async_connect(socket, endpoints, done); }};
  if (outcome.error) co_return lost("connect_failed", outcome.error.message());
  socket.set_option(tcp::no_delay(true), error);
  co_return Result<>();
}

Async<> Client::Impl::shake_hands(Exchange& exchange) {
  Connection& connection = *exchange.connection;
  const std::string& host = exchange.request.origin.host;
  auto& stream = connection.tls.emplace(connection.socket, tls);
  stream.set_verify_callback(asio::ssl::host_name_verification(host));
  // RFC 6066 §3: an address is no server name.
  if (!parse_ip(host)) SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
  const auto outcome =
      co_await Io{[&](Done done) { stream.async_handshake(asio::ssl::stream_base::client, done); }};
  if (outcome.error) co_return lost("connect_failed", "TLS: " + outcome.error.message());
  co_return Result<>();
}

Async<Response> Client::Impl::converse(Exchange& exchange) {
  Connection& connection = *exchange.connection;
  ResponseReader reader(exchange.request.method, options.header_max, options.body_max);
  const auto sent = co_await connection.write(exchange.out);
  // An answer may be there although not everything was taken (RFC 9110 §10.1.1), so reading goes on.
  bool complete = false;
  while (!complete) {
    const auto got = co_await connection.read();
    if (got.error == asio::error::eof && reader.finish()) break;
    if (got.error)
      co_return lost(reader.has_begun() ? "bad_answer" : "connection_lost",
                     sent.error ? sent.error.message() : got.error.message());
    CO_TRY(complete, reader.feed(std::string_view(connection.in).substr(0, got.size)));
  }
  exchange.keep = reader.keep_alive() && !sent.error;
  co_return reader.take();
}

void Client::Impl::release(Exchange& exchange, bool keep) {
  Pool& pool = pools[exchange.request.origin];
  ConnectionPtr connection = std::move(exchange.connection);
  if (keep && exchange.keep && !stopping) {
    connection->idle_since = Steady::now();
    pool.idle.push_back(std::move(connection));
    if (!sweeping) sweep_later();
  } else {
    --pool.open;
    open_gauge.add(-1);
  }
  wake_next(pool);
}

void Client::Impl::wake_next(Pool& pool) {
  if (pool.waiting.empty() || (pool.idle.empty() && pool.open >= options.connections_max)) return;
  Exchange* next = pool.waiting.front();
  pool.waiting.pop_front();
  asio::post(context, [waiter = std::exchange(next->waiting, nullptr)] { waiter.resume(); });
}

void Client::Impl::expire(Exchange& exchange, std::string because) {
  exchange.expired = true;
  exchange.expired_because = std::move(because);
  exchange.resolver->cancel();
  if (exchange.connection) exchange.connection->close();
  if (!exchange.waiting) return;
  pools[exchange.request.origin].waiting.remove(&exchange);
  asio::post(context, [waiter = std::exchange(exchange.waiting, nullptr)] { waiter.resume(); });
}

// Closes what nobody used for a while; without idle connections nothing ticks.
void Client::Impl::sweep_later() {
  sweeping = true;
  sweeper.expires_after(std::clamp(options.idle / 2, Milliseconds(10), Milliseconds(1000)));
  sweeper.async_wait([this](const ErrorCode& error) {
    sweeping = false;
    if (!error) sweep();
  });
}

void Client::Impl::sweep() {
  const auto oldest = Steady::now() - options.idle;
  bool any_left = false;
  for (auto& [origin, pool] : pools) {
    const size_t closed = std::erase_if(pool.idle, [&](const auto& c) { return c->idle_since <= oldest; });
    pool.open -= closed;
    open_gauge.add(-int64_t(closed));
    any_left = any_left || !pool.idle.empty();
  }
  forget_unused();
  if (any_left) sweep_later();
}

void Client::Impl::forget_unused() {
  std::erase_if(pools,
                [](const auto& entry) { return entry.second.open == 0 && entry.second.waiting.empty(); });
}

Result<std::unique_ptr<Client>> Client::create(ClientOptions options, metrics::Registry& metrics) {
  std::unique_ptr<Client> client(new Client);
  client->impl_ = std::make_unique<Impl>(std::move(options), metrics);
  ENSURE(client->impl_->prepare_tls());
  client->impl_->run();
  return client;
}

Client::~Client() {
  if (impl_ && impl_->thread.joinable()) impl_->stop();
}

Async<Response> Client::send(ClientRequest request, Milliseconds deadline) {
  auto exchange = std::make_shared<Exchange>(impl_->context, std::move(request));
  exchange->out.reserve(exchange->request.body.size() + 1024);  // one allocation, so one copy to wipe
  if (!append_request(exchange->out, exchange->request))
    co_return fail(ErrorKind::invalid, "bad_request", "The request cannot be sent.");
  co_await Suspend{[this, exchange, deadline](std::function<void()> resume) {
    exchange->resume = std::move(resume);
    asio::post(impl_->context, [impl = impl_.get(), exchange, deadline] {
      exchange->deadline->expires_after(deadline);
      exchange->deadline->async_wait([impl, exchange](const ErrorCode& error) {
        if (!error && impl->active.contains(exchange.get())) impl->expire(*exchange, "the deadline passed");
      });
      Impl::carry(impl, exchange);
    });
  }};
  co_return std::move(exchange->result);
}

void Client::after(Milliseconds time, std::function<void()> job) {
  asio::post(impl_->context, [impl = impl_.get(), time, job = std::move(job)] {
    if (impl->stopping) return;
    auto timer = std::make_shared<asio::steady_timer>(impl->context, time);
    impl->timers.insert(timer.get());
    timer->async_wait([impl, timer, job](const ErrorCode& error) {
      impl->timers.erase(timer.get());
      if (!error) job();
    });
  });
}

Result<Origin> Origin::parse(std::string_view url) {
  const auto bad = [&] {
    return fail(ErrorKind::invalid, "bad_url", std::string(url) + " must be https://HOST[:PORT]");
  };
  Origin out;
  out.tls = url.starts_with("https://");
  if (!out.tls && !url.starts_with("http://")) return bad();
  std::string_view rest = url.substr(out.tls ? 8 : 7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto authority = parse_authority(rest);
  if (!authority) return bad();
  out.host = *authority;
  out.port = out.tls ? 443 : 80;
  const size_t colon = out.host.rfind(':'), bracket = out.host.rfind(']');
  if (colon != out.host.npos && (bracket == out.host.npos || colon > bracket)) {
    const std::string_view digits = std::string_view(out.host).substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (error != std::errc() || end != digits.data() + digits.size() || out.port == 0) return bad();
    out.host.resize(colon);
  }
  if (out.host.starts_with('[')) out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

std::string Origin::authority() const {
  const std::string name = host.find(':') == host.npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::string Origin::text() const {
  const std::string name = host.find(':') == host.npos ? host : "[" + host + "]";
  return (tls ? "https://" : "http://") + name + ":" + std::to_string(port);
}

}  // namespace durward::http
