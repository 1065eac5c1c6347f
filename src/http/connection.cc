#include "http/connection.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "http/body.h"

namespace durward::http {

namespace {

constexpr size_t read_size = 4096;
constexpr size_t buffer_kept = 64 * 1024;       // a larger buffer is given back once it is empty
constexpr size_t joined_write_max = 64 * 1024;  // a body up to this goes out in one write with its head
constexpr size_t linger_bytes_max = 8 << 20;
constexpr Milliseconds linger_time{1000};
// A client that has just connected is about to send; when draining it still gets this long.
constexpr Milliseconds first_request_grace{500};

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace

void ReadBuffer::consume(size_t n) {
  begin_ += n;
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  if (data_.size() > buffer_kept) std::vector<char>().swap(data_);
}

std::span<char> ReadBuffer::space() {
  if (data_.size() - end_ < read_size && begin_ > 0) {
    std::memmove(data_.data(), data_.data() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  if (data_.size() - end_ < read_size) data_.resize(std::max(2 * data_.size(), end_ + read_size));
  return {data_.data() + end_, data_.size() - end_};
}

struct Connection::Exchange {
  AccessRecord record;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  bool http11 = true;
  bool keep_alive = false;
  bool head_only = false;
};

// Awaits one operation of the stream; false when it failed, ran out of time or the connection was cut.
struct Connection::Operation {
  Connection& connection;
  enum class What { handshake, read, write, goodbye } what;
  std::span<char> into = {};
  std::string_view from = {};
  Stream::Op op = {};

  bool await_ready() const { return connection.cut_ || connection.expired_; }
  void await_suspend(std::coroutine_handle<> waiter) {
    op.waiter = waiter;
    Stream& stream = *connection.stream_;
    switch (what) {
      case What::handshake:
        return stream.start_handshake(op);
      case What::read:
        return stream.start_read(into, op);
      case What::write:
        return stream.start_write(from, op);
      case What::goodbye:
        return stream.start_goodbye(op);
    }
  }
  std::expected<size_t, Refusal> await_resume() const {
    if (!op.ok) return std::unexpected(Refusal{});
    return op.size;
  }
};

Connection::Connection(ConnectionHost& host, std::unique_ptr<Stream> stream, HeadParser parser,
                       std::string peer, bool tls)
    : host_(host),
      stream_(std::move(stream)),
      parser_(parser),
      peer_(std::move(peer)),
      tls_(tls),
      trusted_(host.trusted.contains(peer_)) {}

void Connection::sweep(SteadyTime now) {
  if (now < deadline_) return;
  expired_ = true;
  clear_deadline();
  stream_->cancel();
}

// A proxy may be sending on a connection that it kept, at this very moment, and a POST that was cut off is
// not sent again (RFC 9110 §9.2.2). Who uses the connection is answered and told to close it; one that stays
// silent is hardly used in the moment in which it ends.
void Connection::drain() {
  const auto now = std::chrono::steady_clock::now();
  if (first_)
    deadline_ = std::min(deadline_, now + first_request_grace);
  else if (idle_)
    deadline_ = std::min(deadline_, now + host_.options.timeouts.drain_idle);
}

void Connection::cut() {
  cut_ = true;
  stream_->cancel();
}

void Connection::set_deadline(Milliseconds from_now) {
  expired_ = false;
  deadline_ = std::chrono::steady_clock::now() + from_now;
}

Task<> Connection::run() {
  set_deadline(host_.options.timeouts.header);
  const auto shaken = co_await Operation{*this, Operation::What::handshake};
  if (!shaken) co_return;
  while (co_await exchange()) {
  }
  if (!peer_gone_ && !cut_) co_await linger();
}

Task<bool> Connection::exchange() {
  auto head = co_await read_head();
  idle_ = false;
  Exchange current;
  if (!head) co_return co_await refuse(current, head.error());
  begin(current, *head);
  const auto body = co_await read_body(*head);
  if (!body) co_return co_await refuse(current, body.error());
  clear_deadline();
  if (head->whole_server) co_return co_await respond(current, Response{.status = 204});
  host_.access.in_flight.add(1);
  Response response = co_await answer(std::move(head->request));
  host_.access.in_flight.add(-1);
  co_return co_await respond(current, std::move(response));
}

// Where the next request would begin is not known any more, so the connection ends as well.
Task<bool> Connection::refuse(Exchange& current, Refusal refusal) {
  if (refusal.status == 0) co_return false;
  unread_ = true;
  current.keep_alive = false;
  if (current.record.request_id.empty()) {
    current.record.remote_ip = peer_;
    current.record.request_id = request_id({});
  }
  co_return co_await respond(current, error_response(refusal.status, refusal.message));
}

void Connection::await_next() {
  idle_ = true;
  set_deadline(first_ ? host_.options.timeouts.header : host_.options.timeouts.idle);
  if (host_.draining) drain();
}

// RFC 9112 §2.2: empty lines before a request line are ignored. False while a lone CR waits for its LF.
bool Connection::skip_empty_lines() {
  while (buffer_.view().starts_with("\r\n")) buffer_.consume(2);
  return buffer_.view() != "\r";
}

// A silent end: between requests, or when nobody is left to read an answer. Otherwise the client was too
// slow.
Refusal Connection::ended() const {
  if (expired_ && !buffer_.empty() && !cut_) return {408, "The request did not arrive in time."};
  return {};
}

Task<Connection::Checked<size_t>> Connection::find_head() {
  const Limits& limits = host_.options.limits;
  HeadScanner scanner(limits.header_max, limits.url_max, limits.fields_max);
  await_next();
  for (;;) {
    const bool whole_line = skip_empty_lines();
    if (idle_ && !buffer_.empty()) {
      idle_ = false;
      set_deadline(host_.options.timeouts.header);
    }
    if (whole_line && !buffer_.empty()) {
      const auto size = scanner.scan(buffer_.view());
      if (!size || *size > 0) co_return size;
    }
    if (!co_await read_some()) co_return std::unexpected(ended());
  }
}

Connection::Checked<CheckedHead> Connection::parse_head(size_t size) {
  RawHead raw;
  const bool parsed = parser_(buffer_.view().substr(0, size), raw);
  buffer_.consume(size);
  if (!parsed) return std::unexpected(Refusal{400, "The request is malformed."});
  return check_head(std::move(raw), tls_ ? "https" : "http");
}

Task<Connection::Checked<CheckedHead>> Connection::read_head() {
  const auto size = co_await find_head();
  if (!size) co_return std::unexpected(size.error());
  first_ = false;
  auto head = parse_head(*size);
  if (head) {
    Request& request = head->request;
    request.received_at = host_.services.clock.now();
    request.id = request_id(request);
    apply_forwarded(request, peer_, host_.trusted, host_.options.proxy_fields);
  }
  co_return head;
}

std::string Connection::request_id(const Request& request) const {
  if (trusted_)
    if (const auto given = request.headers.get("X-Request-Id"); is_request_id(given))
      return std::string(given);
  return host_.services.random.url_safe(22);
}

void Connection::begin(Exchange& current, CheckedHead& head) const {
  const Request& request = head.request;
  current.record.method = request.method_text;
  current.record.path = request.path;
  current.record.remote_ip = request.remote_ip;
  current.record.request_id = request.id;
  current.http11 = head.http11;
  current.keep_alive = head.keep_alive;
  current.head_only = request.method == Method::head;
}

size_t Connection::body_max(std::string_view path) const {
  for (const auto& [exact, max] : host_.options.limits.body_max_by_path)
    if (exact == path) return max;
  return host_.options.limits.body_max;
}

Task<Connection::Checked<void>> Connection::read_body(CheckedHead& head) {
  if (!head.chunked && head.length == 0) co_return Checked<void>();
  const size_t max = body_max(head.request.path);
  if (head.length > max) co_return std::unexpected(Refusal{413, "The request body is too large."});
  set_deadline(host_.options.timeouts.body);
  // RFC 9110 §10.1.1: no 100 once part of the body is here.
  if (head.expects_continue && buffer_.empty() && !co_await write_all("HTTP/1.1 100 Continue\r\n\r\n"))
    co_return std::unexpected(Refusal{});
  BodyReader reader(head, max);
  for (;;) {
    const auto step = reader.read(buffer_.view(), head.request.body);
    if (!step) co_return std::unexpected(step.error());
    buffer_.consume(step->consumed);
    if (step->done) co_return Checked<void>();
    if (co_await read_some()) continue;
    if (expired_ && !cut_)
      co_return std::unexpected(Refusal{408, "The request body did not arrive in time."});
    co_return std::unexpected(Refusal{});
  }
}

Task<bool> Connection::read_some() {
  const auto got = co_await Operation{*this, Operation::What::read, buffer_.space()};
  if (got)
    buffer_.commit(*got);
  else if (!expired_)
    peer_gone_ = true;
  co_return got.has_value();
}

Task<bool> Connection::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = co_await Operation{*this, Operation::What::write, {}, bytes};
    if (!sent) {
      peer_gone_ = true;
      co_return false;
    }
    bytes.remove_prefix(*sent);
  }
  co_return true;
}

Task<Response> Connection::answer(Request request) {
  const std::string id = request.id;
  try {
    co_return co_await host_.handler(std::move(request));
  } catch (const std::exception& failure) {
    log::error("a request handler failed", {{"request_id", id}, {"what", failure.what()}});
  } catch (...) {
    log::error("a request handler failed", {{"request_id", id}});
  }
  co_return error_response(500, "An internal error occurred");
}

Task<bool> Connection::respond(Exchange& current, Response response) {
  const bool asked_to_close = equals_ignoring_case(response.headers.get("Connection"), "close");
  // While draining, requests that have already arrived are still answered; the last of them closes.
  const bool keep = current.keep_alive && !asked_to_close && !(host_.draining && buffer_.empty()) && !cut_;
  ResponseFrame frame{host_.date.at(host_.services.clock.now()), current.record.request_id, current.http11,
                      !keep};
  out_.clear();
  if (!append_head(out_, response, frame)) {
    log::error("a response field is not valid", {{"request_id", current.record.request_id}});
    response = error_response(500, "An internal error occurred");
    append_head(out_, response, frame);
  }
  const bool sends_body = has_body(response.status) && !current.head_only;
  const std::string_view body = sends_body ? std::string_view(response.body) : std::string_view();
  const bool joined = body.size() <= joined_write_max;
  if (joined) out_ += body;
  set_deadline(host_.options.timeouts.write);
  const bool sent = co_await write_all(out_) && (joined || co_await write_all(body));

  AccessRecord& record = current.record;
  record.status = response.status;
  record.bytes = out_.size() + (joined ? 0 : body.size());
  record.route = std::move(response.route);
  record.tenant = std::move(response.tenant);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - current.started).count();
  host_.access.record(record);
  co_return sent&& keep;
}

// RFC 9112 §9.6: closing while the peer still sends would reset the connection and lose the answer, so the
// rest is read for a moment first.
Task<> Connection::linger() {
  set_deadline(linger_time);
  if (!co_await Operation{*this, Operation::What::goodbye}) co_return;
  const bool unread = unread_ || !buffer_.empty() || stream_->has_pending_bytes();
  for (size_t total = buffer_.size(); unread && total < linger_bytes_max;) {
    buffer_.consume(buffer_.size());
    if (!co_await read_some()) co_return;
    total += buffer_.size();
  }
}

}  // namespace durward::http
