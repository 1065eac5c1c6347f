#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/task.h"

namespace durward::adapters::redis {

struct Address {
  std::string host;
  uint16_t port = 6379;
  std::string text() const { return host + ":" + std::to_string(port); }
};

struct RedisOptions {
  std::vector<Address> addresses;  // servers, or sentinels
  std::string sentinel_master;     // the name sentinels know the master by; empty: no sentinels
  std::string password;            // of the servers; empty: none
  Milliseconds connect{500}, reply{250};
  Milliseconds pause_min{50}, pause_max{2'000};  // between attempts to connect, jittered
  size_t queue_max = 10'000;                     // commands waiting; more fail at once

  // redis://HOST:PORT[,HOST:PORT...] or redis+sentinel://HOST:PORT[,...]/MASTER. Error: invalid / bad_url.
  static Result<RedisOptions> parse(std::string_view url);
};

struct Reply {
  enum class Kind { nil, integer, text, list, error } kind = Kind::nil;
  int64_t integer = 0;
  std::string text;  // also of errors
  std::vector<Reply> list;
};

// A script, sent by its digest; the whole text only to a server that does not know it.
struct Script {
  std::string text, digest;
  explicit Script(std::string_view source);
};

// One connection to the master, on a thread of its own that sends everything waiting in one batch. It asks
// the sentinels who the master is, makes sure that the server itself says so, and comes back after a failure
// by itself, with jittered pauses. While there is no connection a command fails at once, so that a fallback
// costs nothing. A command is never sent twice. Thread-safe.
class Link {
 public:
  // Starts to connect; nobody waits for it. `random` and `metrics` outlive the link.
  Link(RedisOptions options, Random& random, metrics::Registry& metrics);
  ~Link();  // commands waiting fail

  using Arguments = std::vector<std::string>;
  // An error reply of the server is an error too. Errors: unavailable / redis_unavailable.
  Async<Reply> command(Arguments arguments);
  Async<Reply> run(const Script& script, Arguments keys, Arguments values);

  bool is_connected() const;
  int64_t connections() const;  // made so far; a server may have lost what it knew before the latest

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::adapters::redis
