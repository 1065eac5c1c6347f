#include "http/server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <condition_variable>

#include "base/executor.h"
#include "base/log.h"
#include "http/connection.h"

// The only file that sees Asio and Beast (their headers cost seconds): streams, the parser and the I/O
// threads.
namespace durward::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Steady = std::chrono::steady_clock;

constexpr auto sweep_period = std::chrono::milliseconds(100);
constexpr auto accept_pause = std::chrono::milliseconds(100);
constexpr auto cut_patience = std::chrono::milliseconds(500);
constexpr std::string_view overloaded_reply =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view plain_on_tls_reply =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 41\r\nConnection: close\r\n\r\n"
    "This port speaks HTTPS, the request HTTP\n";

auto finish(Stream::Op& op) {
  return [&op](const ErrorCode& error, size_t size = 0) {
    op.ok = !error;
    op.size = size;
    op.waiter.resume();
  };
}

// ---- streams

class PlainStream final : public Stream {
 public:
  explicit PlainStream(tcp::socket socket) : socket_(std::move(socket)) {}
  void start_handshake(Op& op) override {
    asio::post(socket_.get_executor(), [&op] { finish(op)({}); });
  }
  void start_read(std::span<char> into, Op& op) override {
    socket_.async_read_some(asio::buffer(into.data(), into.size()), finish(op));
  }
  void start_write(std::string_view from, Op& op) override {
    socket_.async_write_some(asio::buffer(from), finish(op));
  }
  void start_goodbye(Op& op) override {
    ErrorCode error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    asio::post(socket_.get_executor(), [&op, error] { finish(op)(error); });
  }
  void cancel() override {
    ErrorCode ignored;
    socket_.cancel(ignored);
  }
  bool has_pending_bytes() override {
    ErrorCode error;
    return socket_.available(error) > 0;
  }

 private:
  tcp::socket socket_;
};

class TlsStream final : public Stream {
 public:
  TlsStream(tcp::socket socket, asio::ssl::context& context) : tls_(std::move(socket), context) {}
  void start_handshake(Op& op) override {
    tls_.async_handshake(asio::ssl::stream_base::server, [this, &op](const ErrorCode& error) {
      if (error.category() == asio::error::get_ssl_category() &&
          ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST)
        answer_plaintext();
      finish(op)(error);
    });
  }
  void start_read(std::span<char> into, Op& op) override {
    const auto buffer = asio::buffer(into.data(), into.size());
    if (closed_)
      tls_.next_layer().async_read_some(buffer, finish(op));  // only to throw it away
    else
      tls_.async_read_some(buffer, finish(op));
  }
  void start_write(std::string_view from, Op& op) override {
    tls_.async_write_some(asio::buffer(from), finish(op));
  }
  void start_goodbye(Op& op) override {
    closed_ = true;
    // Sends our close_notify without waiting for the peer's (RFC 8446 §6.1 allows it).
    SSL_set_shutdown(tls_.native_handle(), SSL_RECEIVED_SHUTDOWN);
    tls_.async_shutdown([this, &op](const ErrorCode&) {
      ErrorCode error;
      tls_.next_layer().shutdown(tcp::socket::shutdown_send, error);
      finish(op)(error);
    });
  }
  void cancel() override {
    ErrorCode ignored;
    tls_.next_layer().cancel(ignored);
  }
  bool has_pending_bytes() override {
    ErrorCode error;
    return SSL_pending(tls_.native_handle()) > 0 || tls_.next_layer().available(error) > 0;
  }

 private:
  void answer_plaintext() {
    ErrorCode ignored;
    tls_.next_layer().non_blocking(true, ignored);
    tls_.next_layer().write_some(asio::buffer(plain_on_tls_reply), ignored);
    tls_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
  }
  asio::ssl::stream<tcp::socket> tls_;
  bool closed_ = false;
};

// ---- parser

// Sees heads only, and only complete ones: bodies are read by BodyReader.
class BeastParser final : public beast::http::basic_parser<true> {
 public:
  explicit BeastParser(RawHead& out) : out_(out) {}

 private:
  using View = beast::string_view;
  void on_request_impl(beast::http::verb, View method, View target, int version, ErrorCode&) override {
    out_.method = method;
    out_.target = target;
    out_.version = version;
  }
  void on_field_impl(beast::http::field, View name, View value, ErrorCode&) override {
    out_.headers.add({name.data(), name.size()}, std::string(value));
  }
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, ErrorCode&) override {}
  size_t on_body_impl(View, ErrorCode&) override { return 0; }
  void on_chunk_header_impl(uint64_t, View, ErrorCode&) override {}
  size_t on_chunk_body_impl(uint64_t, View, ErrorCode&) override { return 0; }
  void on_finish_impl(ErrorCode&) override {}
  RawHead& out_;
};

bool parse_head(std::string_view bytes, RawHead& out) {
  BeastParser parser(out);
  parser.header_limit(uint32_t(bytes.size() + 1));  // the scanner has bounded it
  parser.body_limit(boost::none);                   // not its business
  ErrorCode error;
  const size_t used = parser.put(asio::buffer(bytes), error);
  return !error && used == bytes.size() && parser.is_header_done();
}

// ---- threads

struct Tally {  // the connections of all threads
  std::mutex mutex;
  std::condition_variable changed;
  size_t open = 0;
  size_t drained_workers = 0;

  bool enter(size_t max) {
    std::lock_guard lock(mutex);
    if (open >= max) return false;
    ++open;
    return true;
  }
  void leave() {
    std::lock_guard lock(mutex);
    --open;
    changed.notify_all();
  }
};

class Worker final : public Executor, public std::enable_shared_from_this<Worker> {
 public:
  Worker(const ServerOptions& options, const Networks& trusted, ServerServices services,
         const Handler& handler, asio::ssl::context* tls, Tally& tally)
      : host_{options, trusted, services, handler, AccessRecorder(services.metrics, options.access_log), {}},
        tls_(tls),
        tally_(tally),
        sweeper_(context_) {}

  void post(std::function<void()> job) override { asio::post(context_, std::move(job)); }

  void listen(tcp::acceptor acceptor, bool tls) { listeners_.push_back({std::move(acceptor), tls}); }
  asio::io_context& context() { return context_; }

  void run() {
    Scope scope(this);
    for (Listener& listener : listeners_) accept_next(listener);
    context_.run();
  }
  void stop() { context_.stop(); }

  void drain() {
    post([this] {
      close_listeners(true);
      for (Connection* connection : std::vector(connections_)) connection->drain();
      std::lock_guard lock(tally_.mutex);
      ++tally_.drained_workers;
      tally_.changed.notify_all();
    });
  }
  void cut() {
    post([this] {
      close_listeners(false);
      for (Connection* connection : std::vector(connections_)) connection->cut();
    });
  }

 private:
  struct Listener {
    tcp::acceptor acceptor;
    bool tls;
  };

  void accept_next(Listener& listener) {
    listener.acceptor.async_accept([this, &listener](const ErrorCode& error, tcp::socket socket) {
      if (!error) adopt(std::move(socket), listener.tls);
      if (host_.draining || !listener.acceptor.is_open()) return;
      if (error && error != asio::error::connection_aborted) return pause_accepting(listener);
      accept_next(listener);
    });
  }

  // Out of descriptors or memory: trying again at once would only spin.
  void pause_accepting(Listener& listener) {
    auto timer = std::make_shared<asio::steady_timer>(context_, accept_pause);
    timer->async_wait([this, &listener, timer](const ErrorCode&) {
      if (listener.acceptor.is_open()) accept_next(listener);
    });
  }

  // What the kernel has already accepted for us is still served when draining.
  void close_listeners(bool serve_waiting) {
    host_.draining = true;
    for (Listener& listener : listeners_) {
      ErrorCode error;
      listener.acceptor.non_blocking(true, error);
      while (serve_waiting && !error) {
        tcp::socket socket(context_);
        listener.acceptor.accept(socket, error);
        if (!error) adopt(std::move(socket), listener.tls);
      }
      listener.acceptor.close(error);
    }
  }

  static std::string peer_of(const tcp::socket& socket) {
    ErrorCode error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return "";
    std::string text = endpoint.address().to_string();
    const auto address = parse_ip(text);
    return address ? to_string(*address) : text;
  }

  void adopt(tcp::socket socket, bool tls) {
    ErrorCode ignored;
    if (!tally_.enter(host_.options.limits.connections_max)) return turn_away(std::move(socket), tls);
    socket.set_option(tcp::no_delay(true), ignored);
    std::string peer = peer_of(socket);
    std::unique_ptr<Stream> stream;
    if (tls)
      stream = std::make_unique<TlsStream>(std::move(socket), *tls_);
    else
      stream = std::make_unique<PlainStream>(std::move(socket));
    serve(shared_from_this(),
          std::make_unique<Connection>(host_, std::move(stream), parse_head, std::move(peer), tls));
  }

  static void turn_away(tcp::socket socket, bool tls) {
    ErrorCode ignored;
    socket.non_blocking(true, ignored);
    if (!tls) socket.write_some(asio::buffer(overloaded_reply), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  // Holds its worker: a handler that never came back must find its executor even after the server is gone.
  static Detached serve(std::shared_ptr<Worker> worker, std::unique_ptr<Connection> connection) {
    worker->add(*connection);
    try {
      co_await connection->run();
    } catch (const std::exception& failure) {
      log::error("a connection failed", {{"what", failure.what()}});
    }
    worker->remove(*connection);
    connection.reset();
    worker->tally_.leave();
  }

  void add(Connection& connection) {
    connection.slot = connections_.size();
    connections_.push_back(&connection);
    host_.access.connections.add(1);
    if (!sweeping_) sweep_later();
  }
  void remove(Connection& connection) {
    connections_.back()->slot = connection.slot;
    connections_[connection.slot] = connections_.back();
    connections_.pop_back();
    host_.access.connections.add(-1);
  }

  // One pass over all deadlines is cheaper than a timer per read; without connections nothing ticks.
  void sweep_later() {
    sweeping_ = true;
    sweeper_.expires_after(sweep_period);
    sweeper_.async_wait([this](const ErrorCode&) {
      sweeping_ = false;
      const auto now = Steady::now();
      for (Connection* connection : connections_) connection->sweep(now);
      if (!connections_.empty()) sweep_later();
    });
  }

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  ConnectionHost host_;
  asio::ssl::context* tls_;
  Tally& tally_;
  std::deque<Listener> listeners_;
  std::vector<Connection*> connections_;
  asio::steady_timer sweeper_;
  bool sweeping_ = false;
};

// ---- listening

Result<tcp::endpoint> endpoint_of(const Listen& listen) {
  ErrorCode error;
  const auto address = asio::ip::make_address(listen.host == "localhost" ? "127.0.0.1" : listen.host, error);
  if (error) return fail(ErrorKind::invalid, "bad_option", "Not an address to listen on: " + listen.host);
  return tcp::endpoint(address, listen.port);
}

Result<tcp::acceptor> bind_acceptor(asio::io_context& context, const tcp::endpoint& endpoint, bool shared) {
  tcp::acceptor acceptor(context);
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  if (!error && shared) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error && shared) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error)
    return fail(ErrorKind::unavailable, "listen_failed",
                "Cannot listen on " + endpoint.address().to_string() + " port " +
                    std::to_string(endpoint.port()) + ": " + error.message());
  return acceptor;
}

}  // namespace

struct Server::Impl {
  ServerOptions options;
  ServerServices services;
  Handler handler;
  Networks trusted;
  std::optional<asio::ssl::context> tls;
  Tally tally;
  std::vector<std::shared_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  std::vector<BoundAddress> addresses;

  Impl(ServerOptions o, ServerServices s, Handler h)
      : options(std::move(o)), services(s), handler(std::move(h)) {}
  Result<> prepare_tls();
  Result<> bind(const Listen& listen);
  void make_workers();
  bool drain();
  void stop();
};

Result<> Server::Impl::prepare_tls() {
  const bool wanted = std::ranges::any_of(options.listen, &Listen::tls);
  if (!wanted) return {};
  if (!options.tls) return fail(ErrorKind::invalid, "bad_option", "A TLS listener needs a certificate.");
  SSL_CTX_up_ref(options.tls->native());
  tls.emplace(options.tls->native());
  return {};
}

void Server::Impl::make_workers() {
  size_t count = options.io_threads;
  if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
  for (size_t i = 0; i < count; ++i)
    workers.push_back(
        std::make_shared<Worker>(options, trusted, services, handler, tls ? &*tls : nullptr, tally));
}

// Each thread accepts on a socket of its own and the kernel spreads the connections. The first bind, without
// sharing, finds out whether somebody else listens there already: sharing would silently split the traffic
// with them.
Result<> Server::Impl::bind(const Listen& listen) {
  TRY(tcp::endpoint endpoint, endpoint_of(listen));
  if (endpoint.port() != 0) ENSURE(bind_acceptor(workers[0]->context(), endpoint, false));
  for (auto& worker : workers) {
    TRY(tcp::acceptor acceptor, bind_acceptor(worker->context(), endpoint, true));
    endpoint = acceptor.local_endpoint();  // with the real port
    worker->listen(std::move(acceptor), listen.tls);
  }
  addresses.push_back({endpoint.address().to_string(), endpoint.port(), listen.tls});
  return {};
}

bool Server::Impl::drain() {
  for (auto& worker : workers) worker->drain();
  std::unique_lock lock(tally.mutex);
  const auto finished = [&] { return tally.drained_workers >= workers.size() && tally.open == 0; };
  if (tally.changed.wait_for(lock, options.timeouts.drain, finished)) return true;
  lock.unlock();
  for (auto& worker : workers) worker->cut();
  lock.lock();
  tally.changed.wait_for(lock, cut_patience, finished);
  return false;
}

void Server::Impl::stop() {
  if (threads.empty()) return;
  for (auto& worker : workers) worker->cut();
  {
    std::unique_lock lock(tally.mutex);
    tally.changed.wait_for(lock, cut_patience, [&] { return tally.open == 0; });
  }
  for (auto& worker : workers) worker->stop();
  for (auto& thread : threads) thread.join();
}

Server::Server(ServerOptions options, ServerServices services, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(options), services, std::move(handler))) {}

Server::~Server() { impl_->stop(); }

Result<> Server::start() {
  TRY(impl_->trusted, Networks::parse(impl_->options.trusted_proxies));
  ENSURE(impl_->prepare_tls());
  impl_->make_workers();
  for (const Listen& listen : impl_->options.listen) ENSURE(impl_->bind(listen));
  for (size_t i = 0; i < impl_->workers.size(); ++i) {
    impl_->threads.emplace_back([worker = impl_->workers[i]] { worker->run(); });
    pthread_setname_np(impl_->threads.back().native_handle(), ("http-" + std::to_string(i)).c_str());
  }
  return {};
}

const std::vector<BoundAddress>& Server::addresses() const { return impl_->addresses; }
bool Server::drain() { return impl_->drain(); }

}  // namespace durward::http
