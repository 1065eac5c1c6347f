#pragma once
#include <atomic>
#include <chrono>
#include <coroutine>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/task.h"
#include "http/access.h"
#include "http/forwarded.h"
#include "http/head.h"
#include "http/server.h"
#include "http/wire.h"

// The server's side of one connection as a coroutine over an abstract stream: compiled once for TLS and
// plain, and free of the socket library. Everything here runs on the connection's own I/O thread.
namespace durward::http {

// A byte stream whose operations end by resuming `waiter`, never inside the call that starts them.
class Stream {
 public:
  struct Op {
    std::coroutine_handle<> waiter;
    bool ok = false;
    size_t size = 0;
  };
  virtual ~Stream() = default;
  virtual void start_handshake(Op& op) = 0;
  virtual void start_read(std::span<char> into, Op& op) = 0;
  virtual void start_write(std::string_view from, Op& op) = 0;
  virtual void start_goodbye(Op& op) = 0;  // no more bytes will be written; TLS says so
  virtual void cancel() = 0;               // the pending operation ends soon, not ok
  virtual bool has_pending_bytes() = 0;    // arrived but not yet read
};

// Reads a complete request head; the parser library stands behind it. False: malformed.
using HeadParser = bool (*)(std::string_view head, RawHead& out);

class ReadBuffer {
 public:
  std::string_view view() const { return {data_.data() + begin_, end_ - begin_}; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  void consume(size_t n);
  std::span<char> space();  // room for at least 4 KiB
  void commit(size_t n) { end_ += n; }

 private:
  std::vector<char> data_;
  size_t begin_ = 0, end_ = 0;
};

// What the connections of one I/O thread share.
struct ConnectionHost {
  const ServerOptions& options;
  const Networks& trusted;
  ServerServices services;
  const Handler& handler;
  AccessRecorder access;
  DateCache date;
  bool draining = false;
};

class Connection {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  Connection(ConnectionHost& host, std::unique_ptr<Stream> stream, HeadParser parser, std::string peer,
             bool tls);
  Task<> run();

  void sweep(SteadyTime now);  // ends the pending operation when its time is over
  void drain();                // ends the wait for a next request
  void cut();                  // ends whatever is pending, for good
  size_t slot = 0;             // for the owner's list

 private:
  template <class T>
  using Checked = std::expected<T, Refusal>;
  struct Exchange;  // one request and its answer
  struct Operation;

  Task<bool> exchange();  // false: the connection ends
  Task<bool> refuse(Exchange& exchange, Refusal refusal);
  Task<Checked<CheckedHead>> read_head();
  Task<Checked<size_t>> find_head();
  Checked<CheckedHead> parse_head(size_t size);
  Task<Checked<void>> read_body(CheckedHead& head);
  Task<Response> answer(Request request);
  Task<bool> respond(Exchange& exchange, Response response);
  Task<bool> write_all(std::string_view bytes);
  Task<bool> read_some();
  Task<> linger();

  void await_next();
  void begin(Exchange& exchange, CheckedHead& head) const;
  std::string request_id(const Request& request) const;
  size_t body_max(std::string_view path) const;
  void set_deadline(Milliseconds from_now);
  void clear_deadline() { deadline_ = SteadyTime::max(); }
  bool skip_empty_lines();
  Refusal ended() const;

  ConnectionHost& host_;
  std::unique_ptr<Stream> stream_;
  HeadParser parser_;
  std::string peer_;
  bool tls_, trusted_;
  ReadBuffer buffer_;
  std::string out_;
  SteadyTime deadline_ = SteadyTime::max();
  bool first_ = true;       // no request was read yet
  bool idle_ = false;       // waiting for the first byte of a request
  bool expired_ = false;    // the deadline has passed
  bool cut_ = false;        // nothing may be started any more
  bool peer_gone_ = false;  // reading or writing failed
  bool unread_ = false;     // the peer may still be sending what nobody will read
};

}  // namespace durward::http
