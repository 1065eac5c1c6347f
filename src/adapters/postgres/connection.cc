#include "adapters/postgres/connection.h"

#include <stdexcept>

namespace durward::adapters::postgres {

namespace {
constexpr int binary = 1;

// The values as libpq wants them.
struct Parameters {
  explicit Parameters(const Statement& statement) {
    for (const auto& value : statement.values()) {
      pointers.push_back(value ? value->data() : nullptr);
      lengths.push_back(value ? int(value->size()) : 0);
      formats.push_back(binary);
    }
  }
  int count() const { return int(pointers.size()); }
  std::vector<const char*> pointers;
  std::vector<int> lengths, formats;
};
}  // namespace

Connection::Connection(Handle handle) : handle_(std::move(handle)) {
  if (PQsetnonblocking(handle_.get(), 1) != 0 || PQenterPipelineMode(handle_.get()) != 1)
    throw std::logic_error("a fresh connection can be pipelined");
}

// In front of the batch, where no failure of it can swallow them.
size_t Connection::send_prepares(const Batch& batch) {
  size_t n = 0;
  for (const auto& statement : batch) {
    if (!statement.is_prepared() || prepared_.contains(statement.text())) continue;
    const auto& name =
        prepared_.emplace(statement.text(), "d" + std::to_string(prepared_.size())).first->second;
    const auto& types = statement.types();
    if (!PQsendPrepare(handle_.get(), name.c_str(), std::string(statement.text()).c_str(), int(types.size()),
                       types.data()))
      lost_ = true;
    ++n;
  }
  return n;
}

bool Connection::send_one(const Statement& statement) {
  const Parameters p(statement);
  if (statement.is_prepared())
    return PQsendQueryPrepared(handle_.get(), prepared_.at(statement.text()).c_str(), p.count(),
                               p.pointers.data(), p.lengths.data(), p.formats.data(), binary);
  return PQsendQueryParams(handle_.get(), std::string(statement.text()).c_str(), p.count(),
                           statement.types().data(), p.pointers.data(), p.lengths.data(), p.formats.data(),
                           binary);
}

bool Connection::send(Request& request) {
  request.rows.clear();
  request.rows.resize(request.batch.size());
  request.error.reset();
  request.undone = false;
  sent_.push_back({&request, send_prepares(request.batch)});
  for (const auto& statement : request.batch)
    if (!lost_ && !send_one(statement)) lost_ = true;
  if (!lost_ && !PQpipelineSync(handle_.get())) lost_ = true;
  return !lost_ && flush();
}

bool Connection::flush() {
  const int left = PQflush(handle_.get());
  wants_write_ = left == 1;
  if (left < 0) lost_ = true;
  return !lost_;
}

bool Connection::receive(const std::function<void(Request&)>& done) {
  if (!PQconsumeInput(handle_.get())) lost_ = true;
  // What came before the loss still counts: an acknowledged commit is one.
  while (!sent_.empty() && !PQisBusy(handle_.get())) {
    PGresult* result = PQgetResult(handle_.get());
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
      PQclear(result);
      Request& request = *sent_.front().request;
      sent_.pop_front();
      done(request);
      continue;
    }
    take(result);
    if (PQstatus(handle_.get()) == CONNECTION_BAD) break;
  }
  if (sent_.empty()) (void)PQisBusy(handle_.get());  // parses notifications and farewells
  return !lost_ && PQstatus(handle_.get()) == CONNECTION_OK;
}

// A null result ends the answers of one command.
void Connection::take(PGresult* result) {
  Sent& sent = sent_.front();
  if (!result) {
    ++sent.answered;
    return;
  }
  const auto status = PQresultStatus(result);
  const bool is_rows = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
  if (is_rows && sent.answered >= sent.prepares &&
      sent.answered - sent.prepares < sent.request->rows.size()) {
    sent.request->rows[sent.answered - sent.prepares] = Rows(result);
    return;
  }
  if (!is_rows && status != PGRES_PIPELINE_ABORTED) take_error(sent, result);
  PQclear(result);
}

void Connection::take_error(Sent& sent, const PGresult* result) {
  if (sent.request->error) return;
  const auto state = sqlstate_of(result);
  // Without a code it is libpq's own word for a broken connection: whether the request is stored is unknown.
  if (state.empty()) return;
  const size_t statements = sent.request->batch.size();
  const bool preparing = sent.answered < sent.prepares;
  const bool syncing = sent.answered >= sent.prepares + statements;
  const size_t at = preparing ? 0 : std::min(sent.answered - sent.prepares, statements - 1);
  sent.request->error = refusal_of(result, sent.request->batch[at]);
  // A farewell that comes instead of the last word may stand behind a commit.
  sent.request->undone = may_be_tried_again(state) && !(syncing && ends_connection(state));
  // A statement that is not there although it was to be prepared would fail for ever.
  if (preparing || ends_connection(state)) lost_ = true;
}

void Connection::notifications(const std::function<void(std::string_view, int)>& heard) {
  while (const std::unique_ptr<PGnotify, void (*)(void*)> n{PQnotifies(handle_.get()), PQfreemem})
    heard(n->extra, n->be_pid);
}

std::vector<Request*> Connection::abandon() {
  std::vector<Request*> out;
  for (const auto& sent : sent_) out.push_back(sent.request);
  sent_.clear();
  lost_ = true;
  return out;
}

}  // namespace durward::adapters::postgres
