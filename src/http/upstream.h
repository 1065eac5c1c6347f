#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/origin_health.h"

// A service that several servers offer: which of them gets a request, what happens when one fails or is slow.
namespace durward::http {

struct UpstreamOptions {
  std::string name;             // in metrics: "hashing"
  std::vector<Origin> origins;  // at least one
  int attempts_max = 3;         // of one call, hedges included
  // A second server is asked when the first is silent for twice the time in which 95 of 100 answers come,
  // which is measured, within these bounds, and for hedge_max until it is known. 0: never.
  Milliseconds hedge_min{20}, hedge_max{0};
  Milliseconds eject_min{500}, eject_max{30'000};
  double retry_share = 0.2, retry_reserve = 10;
  std::string deadline_field;  // tells a server the milliseconds that the answer is still worth; empty: no
  std::string backlog_field;   // of answers: milliseconds that what comes now would wait
  // Called for every attempt, last: fields that may not be used twice (a signature with a nonce).
  std::function<void(ClientRequest&)> prepare;
};

class Upstream {
 public:
  // `client`, `random` and `metrics` outlive this object.
  Upstream(Client& client, Random& random, metrics::Registry& metrics, UpstreamOptions options);
  ~Upstream();

  // request.origin is chosen here. An attempt that certainly did nothing (no connection) is repeated at
  // another server; any other failure and a hedge only when the request is idempotent. Every repetition waits
  // a jittered moment when no other healthy server is left. A server that sheds (503 with Retry-After) sends
  // a call to one more server and no further, and for a second after it nothing is hedged. Errors: those of
  // Client::send; a 503 of the last server is an answer. Thread-safe.
  Async<Response> send(ClientRequest request, Milliseconds deadline);

  // False while every server rests because it failed last.
  bool is_reachable() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with attempts that lost a race and still run
};

}  // namespace durward::http
