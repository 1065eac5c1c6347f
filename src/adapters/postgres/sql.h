#pragma once
#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

// Statements and their answers, without a connection. Values travel beside the text, in PostgreSQL's binary
// form: integers as int8, texts and bytes as they are.
namespace durward::adapters::postgres {

struct Blob {
  std::string_view bytes;
};
// A text that the server checks to be JSON.
struct Json {
  std::string text;
};

// What an engine with the schema of this program can refuse on purpose; see refusal_of().
struct Statement {
  // `text` stays alive and unchanged as long as the program: it is prepared once on each connection.
  template <class... Values>
  static Statement fixed(std::string_view text, const Values&... values) {
    Statement s;
    s.text_ = text;
    (s.bind(values), ...);
    return s;
  }
  // A text put together for one query (searches); planned each time. `?` stands for the next value.
  static Statement composed(std::string_view text);

  template <class... Values>
  void bind_all(const Values&... values) {
    (bind(values), ...);
  }
  // The error when a UNIQUE or PRIMARY KEY constraint refuses it; without one "id_taken".
  Statement& taken(std::string code, std::string message, std::string debug);

  std::string_view text() const { return is_prepared() ? text_ : std::string_view(composed_); }
  bool is_prepared() const { return composed_.empty(); }
  const std::vector<Oid>& types() const { return types_; }
  const std::vector<std::optional<std::string>>& values() const { return values_; }
  const Error& taken_error() const { return taken_; }

 private:
  void put(Oid type, std::optional<std::string> bytes);
  void bind(int64_t value);
  void bind(int value) { bind(int64_t(value)); }
  void bind(bool value);
  void bind(TimePoint value) { bind(to_unix_ms(value)); }
  void bind(std::string_view value);
  void bind(const std::string& value) { bind(std::string_view(value)); }
  void bind(const char* value) { bind(std::string_view(value)); }
  void bind(Blob value);
  void bind(const Json& value);
  template <class T>
  void bind(const std::optional<T>& value) {
    bind(value ? *value : T());  // for the type
    if (!value) values_.back().reset();
  }

  std::string_view text_;
  std::string composed_;
  std::vector<Oid> types_;
  std::vector<std::optional<std::string>> values_;
  Error taken_{ErrorKind::conflict, "id_taken", "The row exists already.", ""};
};

// Statements of one transaction and one round trip.
using Batch = std::vector<Statement>;

// The rows of one statement, read forwards. Empty when there is no answer.
class Rows {
 public:
  Rows() = default;
  explicit Rows(PGresult* result) : result_(result), count_(PQntuples(result)) {}

  bool step() { return ++row_ < count_; }
  bool is_last() const { return row_ + 1 == count_; }
  int64_t changes() const;  // rows that the statement inserted, changed or removed

  bool is_null(int column) const { return PQgetisnull(result_.get(), row_, column) != 0; }
  std::string_view view(int column) const {
    return {PQgetvalue(result_.get(), row_, column), size_t(PQgetlength(result_.get(), row_, column))};
  }
  std::string text(int column) const { return std::string(view(column)); }
  int64_t integer(int column) const;
  TimePoint time(int column) const { return from_unix_ms(integer(column)); }
  std::optional<TimePoint> maybe_time(int column) const {
    return is_null(column) ? std::nullopt : std::optional(time(column));
  }

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
  int row_ = -1, count_ = 0;
};

// Why a statement failed: one of the ports' errors for what the schema refuses on purpose, otherwise
// unavailable. Never holds a value of a row.
Error refusal_of(const PGresult* result, const Statement& statement);

// The transaction is surely undone and may pass when it is tried again.
bool may_be_tried_again(std::string_view sqlstate);
// The server goes away or became a standby: this connection is of no use any more.
bool ends_connection(std::string_view sqlstate);
inline std::string_view sqlstate_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state ? state : "";
}

}  // namespace durward::adapters::postgres
