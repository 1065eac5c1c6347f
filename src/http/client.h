#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "http/address.h"
#include "http/message.h"

// The HTTP/1.1 client: connections that are kept, TLS, deadlines, bounds. One loop on a thread of its own
// carries all exchanges; a caller suspends and continues on its own executor. For addresses the operator
// configured (other roles of the fleet, collectors); for those that tenants give only with `may_connect`.
namespace durward::http {

// Where a server is: scheme, host and port.
struct Origin {
  bool tls = true;
  std::string host;  // a name, or an address without brackets
  uint16_t port = 443;

  // "https://host:port" or "http://...", nothing behind it. Error: invalid / bad_url.
  static Result<Origin> parse(std::string_view url);
  std::string authority() const;  // the Host field: without the scheme's own port
  std::string text() const;       // "https://host:port"
  auto operator<=>(const Origin&) const = default;
};

struct ClientRequest {
  Origin origin;
  Method method = Method::get;
  std::string target = "/";  // path and query, encoded
  Headers headers;
  std::string body;
  // May be sent twice (RFC 9110 §9.2.2); a POST only when the caller knows that it changes nothing.
  bool idempotent = false;
  bool secret = false;  // every copy of the body that the client makes is wiped after use
};

struct ClientTls {
  std::string authorities_pem;           // whom to trust; empty: the system's authorities
  std::string certificate_pem, key_pem;  // shown to servers that ask; empty: none
};

struct ClientOptions {
  ClientTls tls;
  size_t connections_max = 64;                       // of one origin; more requests wait for one of them
  size_t waiting_max = 1024;                         // of one origin; more fail at once
  size_t origins_max = 256;                          // remembered with their connections
  size_t header_max = 16 << 10, body_max = 1 << 20;  // bytes of a response
  Milliseconds connect{2'000};                       // with the TLS handshake
  Milliseconds idle{30'000};                         // an unused connection is closed after it
  // Asked for every address that a name has before the first is tried: one refusal is connect_failed. Empty:
  // all may be.
  std::function<bool(const IpAddress& address, std::string_view host, uint16_t port)> may_connect = {};
};

class Client {
 public:
  // Error: invalid / bad_certificate when a PEM text does not parse.
  static Result<std::unique_ptr<Client>> create(ClientOptions options, metrics::Registry& metrics);
  ~Client();  // requests under way fail

  // Any status is an answer. Redirects are not followed. The deadline covers everything, waiting included. A
  // request that is idempotent is sent again once when a kept connection turns out to be closed. Errors, all
  // unavailable: connect_failed and client_busy (nothing was sent), timed_out, connection_lost, bad_answer,
  // answer_too_large; invalid / bad_request when a field could split the request. Thread-safe.
  Async<Response> send(ClientRequest request, Milliseconds deadline);

  // Calls `job` once on the client's thread after `time`, or never when the client goes first. Thread-safe.
  void after(Milliseconds time, std::function<void()> job);

 private:
  Client() = default;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::http
