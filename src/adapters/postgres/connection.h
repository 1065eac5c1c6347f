#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <unordered_map>

#include "adapters/postgres/connect.h"
#include "adapters/postgres/sql.h"

namespace durward::adapters::postgres {

using SteadyTime = std::chrono::steady_clock::time_point;

// A batch on its way. Lives in the frame of the coroutine that waits for it.
struct Request {
  Batch batch;
  bool read_only = false;
  Milliseconds allowed{};  // for an answer once sent; then its connection counts as lost
  SteadyTime submitted, waiting_since, deadline;
  int tries = 0;
  SteadyTime first_tried;
  // The answer: rows of each statement, or why the first failing one failed.
  std::vector<Rows> rows;
  std::optional<Error> error;
  bool undone = false;  // the server said that nothing of it is stored, and another try may pass
  std::function<void()> resume;
};

// One connection in pipeline mode: requests are sent without waiting for earlier answers, each ended by a
// sync of its own, so it is one transaction and its failure is its own. One thread at a time.
class Connection {
 public:
  // Takes a fresh connection; throws std::logic_error when libpq refuses pipeline mode.
  explicit Connection(Handle handle);

  int socket() const { return PQsocket(handle_.get()); }
  int process_id() const { return PQbackendPID(handle_.get()); }
  size_t in_flight() const { return sent_.size(); }
  const Request* oldest() const { return sent_.empty() ? nullptr : sent_.front().request; }

  // False: the connection is lost; the request counts as sent.
  bool send(Request& request);
  // Sends what is buffered; `wants_write` says whether some of it is left.
  bool flush();
  bool wants_write() const { return wants_write_; }
  // Reads what came and calls `done` for each request that has its answer. False: the connection is lost.
  bool receive(const std::function<void(Request&)>& done);
  // Calls `heard(payload, process id of the sender)` for the notifications that came.
  void notifications(const std::function<void(std::string_view, int)>& heard);
  // The requests without an answer, oldest first; the connection is of no use afterwards.
  std::vector<Request*> abandon();

 private:
  // Commands of one request in the order sent: statements to prepare, then those to run, then the sync.
  struct Sent {
    Request* request;
    size_t prepares = 0, answered = 0;
  };
  size_t send_prepares(const Batch& batch);
  bool send_one(const Statement& statement);
  void take(PGresult* result);
  void take_error(Sent& sent, const PGresult* result);

  Handle handle_;
  std::unordered_map<std::string_view, std::string> prepared_;  // text -> name
  std::deque<Sent> sent_;
  bool wants_write_ = false, lost_ = false;
};

}  // namespace durward::adapters::postgres
