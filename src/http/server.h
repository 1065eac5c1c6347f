#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "http/forwarded.h"
#include "http/message.h"
#include "http/tls.h"

// The HTTP/1.1 server: sockets, TLS, parsing, limits, deadlines, access log. One loop per I/O thread; a
// connection stays on the thread that accepted it, and that thread is a durward::Executor, so a handler that
// leaves it comes back to it.
namespace durward::http {

struct Listen {
  std::string host = "127.0.0.1";  // a numeric address, or "localhost"
  uint16_t port = 0;               // 0 takes a free one
  bool tls = false;
};

struct BoundAddress {
  std::string host;
  uint16_t port = 0;
  bool tls = false;
};

struct Limits {  // bytes, unless said
  size_t body_max = 1 << 20;
  std::vector<std::pair<std::string, size_t>> body_max_by_path;  // exact paths with another limit
  size_t header_max = 16 << 10;                                  // request line and fields together
  size_t url_max = 8 << 10;
  size_t fields_max = 100;  // count
  size_t connections_max = 10'000;
};

struct Timeouts {
  Milliseconds header{
      10'000};  // from the first byte (or the accept, or the handshake) to the end of the head
  Milliseconds body{30'000};
  Milliseconds idle{75'000};  // between requests of one connection
  Milliseconds write{30'000};
  Milliseconds drain{20'000};
  Milliseconds drain_idle{200};  // what a kept connection still gets for a request when draining
};

struct ServerOptions {
  std::vector<Listen> listen;
  size_t io_threads = 0;  // 0: one per core
  Limits limits;
  Timeouts timeouts;
  std::vector<std::string> trusted_proxies;  // addresses or CIDR blocks; their X-Request-Id counts too
  ProxyFields proxy_fields = ProxyFields::x_forwarded;
  std::shared_ptr<TlsContexts> tls;  // needed when a listener has tls
  bool access_log = true;
};

struct ServerServices {  // all outlive the server
  const Clock& clock;
  Random& random;
  metrics::Registry& metrics;
};

class Server {
 public:
  Server(ServerOptions options, ServerServices services, Handler handler);
  ~Server();  // closes whatever is still open; call drain() first to be polite

  // Binds every listener and starts the threads. Errors: invalid / bad_option, unavailable / listen_failed.
  Result<> start();
  const std::vector<BoundAddress>& addresses() const;  // with the real ports, in the order of `listen`

  // Stops accepting, answers what was received with `Connection: close`, closes connections that stay idle,
  // and waits for the rest, at most the drain deadline. True when nothing had to be cut. Any thread but an
  // I/O thread.
  bool drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::http
