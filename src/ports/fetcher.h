#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/task.h"

namespace durward::ports {

struct Outbound {
  std::string url;  // https://host[:port]/path?query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
struct Fetched {
  int status = 0;
  std::string body;
};

// Requests to services outside of the fleet. One instance is for addresses that the operator or this
// program's own tables name, another for those that tenants name: it connects to public addresses only, and
// to what the operator allows besides (egress-allow). The body is taken for secret. Error: unavailable (not
// reached, too late, too large), invalid / bad_url. Redirects are not followed. Thread-safe.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  virtual Async<Fetched> post(Outbound request, Milliseconds deadline) = 0;
};

}  // namespace durward::ports
