#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "http/client.h"

// A service that several servers offer: which of them gets a request, what happens when one fails or is slow.
namespace durward::http {

// Which servers are worth asking. A failure ejects a server for a while, a second one for twice as long; when
// the time is over one request may try it. Not thread-safe.
class OriginHealth {
 public:
  using Time = std::chrono::steady_clock::time_point;
  OriginHealth(size_t count, Milliseconds eject_min, Milliseconds eject_max)
      : states_(count), min_(eject_min), max_(eject_max) {}

  // The less busy of two random healthy servers that are not in `tried`; without a healthy one, the one whose
  // ejection ends first. Nothing when all were tried. Counts the request as under way.
  std::optional<size_t> choose(const std::vector<bool>& tried, Time now, Random& random);
  void succeeded(size_t i);  // answered, whatever it said
  void failed(size_t i, Time now, Random& random);
  bool is_ejected(size_t i, Time now) const { return states_[i].until > now; }

 private:
  struct State {
    size_t under_way = 0;
    Time until{};
    int failures = 0;  // in a row
  };
  std::vector<State> states_;
  const Milliseconds min_, max_;
};

// Second tries are a share of first ones, so that a service in trouble is not asked more than one that is
// well.
class RetryBudget {
 public:
  RetryBudget(double share, double reserve) : share_(share), reserve_(reserve), left_(reserve) {}
  void first_try() { left_ = std::min(left_ + share_, reserve_); }
  bool second_try() { return left_ >= 1 && (left_ -= 1, true); }

 private:
  const double share_, reserve_;
  double left_;
};

struct UpstreamOptions {
  std::string name;             // in metrics: "hashing"
  std::vector<Origin> origins;  // at least one
  int attempts_max = 3;         // of one call, hedges included
  Milliseconds hedge_after{0};  // ask a second server when the first is silent so long; 0: never
  Milliseconds eject_min{500}, eject_max{30'000};
  double retry_share = 0.2, retry_reserve = 10;
  // Called for every attempt, last: fields that may not be used twice (a signature with a nonce).
  std::function<void(ClientRequest&)> prepare;
};

class Upstream {
 public:
  // `client`, `random` and `metrics` outlive this object.
  Upstream(Client& client, Random& random, metrics::Registry& metrics, UpstreamOptions options);
  ~Upstream();

  // request.origin is chosen here. An attempt that certainly did nothing (no connection, or 503 with
  // Retry-After) is repeated at another server; any other failure and a hedge only when the request is
  // idempotent. Every repetition waits a jittered moment when no other healthy server is left. Errors: those
  // of Client::send; a 503 of the last server is an answer. Thread-safe.
  Async<Response> send(ClientRequest request, Milliseconds deadline);

  // False while every server rests because it failed last.
  bool is_reachable() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with attempts that lost a race and still run
};

}  // namespace durward::http
