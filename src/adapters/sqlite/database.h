#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

// Thin owners over SQLite. Values reach SQL through bound parameters only.
namespace durward::adapters::sqlite {

// Lost infrastructure: the disk is full or gone, the file is damaged or locked for too long. Caught once, by
// the engine. Never holds a value of a row.
struct Failure : std::runtime_error {
  Failure(int code_, const char* text) : std::runtime_error(text), code(code_) {}
  int code;
};

struct Blob {
  std::string_view bytes;
};

// A prepared statement with its values, for one execution; gives itself back to its connection when it dies.
class Query {
 public:
  Query(sqlite3* db, sqlite3_stmt* statement, bool owned) : db_(db), statement_(statement), owned_(owned) {}
  Query(Query&& o) noexcept
      : db_(o.db_), statement_(std::exchange(o.statement_, nullptr)), owned_(o.owned_), bound_(o.bound_) {}
  ~Query();

  // Values in the order of the parameters; texts are copied.
  template <class... Values>
  void bind(const Values&... values) {
    (bind_one(values), ...);
  }

  bool step();  // true: there is a row. Throws Failure, also for a broken constraint.
  bool run();   // to the end; false when a UNIQUE or PRIMARY KEY constraint refused it

  int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  bool flag(int column) const { return integer(column) != 0; }
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::string_view view(int column) const;  // until the next step
  std::string text(int column) const { return std::string(view(column)); }
  TimePoint time(int column) const { return from_unix_ms(integer(column)); }
  std::optional<TimePoint> maybe_time(int column) const {
    return is_null(column) ? std::nullopt : std::optional(time(column));
  }

 private:
  void bind_one(int64_t value);
  void bind_one(int value) { bind_one(int64_t(value)); }
  void bind_one(bool value) { bind_one(int64_t(value)); }
  void bind_one(TimePoint value) { bind_one(to_unix_ms(value)); }
  void bind_one(std::string_view value);
  void bind_one(const std::string& value) { bind_one(std::string_view(value)); }
  void bind_one(const char* value) { bind_one(std::string_view(value)); }
  void bind_one(Blob value);
  void bind_one(std::nullopt_t);
  template <class T>
  void bind_one(const std::optional<T>& value) {
    if (value)
      bind_one(*value);
    else
      bind_one(std::nullopt);
  }
  void check(int code) const;

  sqlite3* db_;
  sqlite3_stmt* statement_;
  bool owned_;
  int bound_ = 0;
};

struct OpenOptions {
  bool read_only = false;
  bool create = true;
  int busy_timeout_ms = 5000;
};

// One connection with its prepared statements. One thread at a time.
class Database {
 public:
  Database(const std::string& path, OpenOptions options);  // throws Failure
  ~Database();
  Database(const Database&) = delete;

  // `sql` never holds a value. Statements are kept by their text, up to a bound.
  template <class... Values>
  Query query(std::string_view sql, const Values&... values) {
    Query q = prepare(sql);
    q.bind(values...);
    return q;
  }
  // Runs to the end; false when a UNIQUE or PRIMARY KEY constraint refused it.
  template <class... Values>
  bool run(std::string_view sql, const Values&... values) {
    return query(sql, values...).run();
  }
  void execute(const char* script);  // several statements without values
  int64_t changes() const { return sqlite3_changes64(db_); }
  int64_t last_row() const { return sqlite3_last_insert_rowid(db_); }
  bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

 private:
  Query prepare(std::string_view sql);
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, TextHash, std::equal_to<>>
      statements_;
};

}  // namespace durward::adapters::sqlite
