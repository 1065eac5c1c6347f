#pragma once
#include <libpq-fe.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

// Making connections; blocks, so it runs on threads of its own.
namespace durward::adapters::postgres {

struct Target {
  std::string url;                     // postgres://USER@HOST:PORT,HOST:PORT/DATABASE?..., without a password
  std::string password;                // empty: none, or libpq's own sources (PGPASSFILE)
  const char* session = "read-write";  // target_session_attrs, unless the URL says otherwise
};

struct Finish {
  void operator()(PGconn* conn) const { PQfinish(conn); }
};
using Handle = std::unique_ptr<PGconn, Finish>;

// invalid/"bad_store_url" unless it is one of PostgreSQL, or when it holds a password, which would be seen in
// process lists and settings. The error does not repeat the URL.
Result<> check_url(const std::string& url);
// The URL without anything but user, hosts and database, for messages.
std::string shown_url(const std::string& url);

// Connects to the first host that takes such sessions. Errors: unavailable/"store_unavailable" with the
// reason of the last host. A zero `statement_timeout` is none.
Result<Handle> connect(const Target& target, Milliseconds statement_timeout);

// Runs a script without values to its end.
Result<> execute(PGconn* conn, const char* script);

}  // namespace durward::adapters::postgres
