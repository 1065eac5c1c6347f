#include "adapters/sqlite/database.h"

namespace durward::adapters::sqlite {

namespace {
constexpr size_t statements_max = 256;

[[noreturn]] void raise(sqlite3* db, int code) {
  // The extended message of a constraint names columns only, never values.
  throw Failure(code, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

bool is_taken(int extended_code) {
  return extended_code == SQLITE_CONSTRAINT_UNIQUE || extended_code == SQLITE_CONSTRAINT_PRIMARYKEY ||
         extended_code == SQLITE_CONSTRAINT_ROWID;
}
}  // namespace

Query::~Query() {
  if (!statement_) return;
  if (owned_) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::check(int code) const {
  if (code != SQLITE_OK) raise(db_, code);
}

void Query::bind_one(int64_t value) { check(sqlite3_bind_int64(statement_, ++bound_, value)); }
void Query::bind_one(std::nullopt_t) { check(sqlite3_bind_null(statement_, ++bound_)); }
void Query::bind_one(std::string_view value) {
  check(sqlite3_bind_text64(statement_, ++bound_, value.data() ? value.data() : "", value.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
}
void Query::bind_one(Blob value) {
  check(sqlite3_bind_blob64(statement_, ++bound_, value.bytes.data() ? value.bytes.data() : "",
                            value.bytes.size(), SQLITE_TRANSIENT));
}

bool Query::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  raise(db_, sqlite3_extended_errcode(db_));
}

bool Query::run() {
  int code;
  do code = sqlite3_step(statement_);
  while (code == SQLITE_ROW);
  if (code == SQLITE_DONE) return true;
  const int extended = sqlite3_extended_errcode(db_);
  if (is_taken(extended)) return false;
  raise(db_, extended);
}

std::string_view Query::view(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);  // the bytes of texts and blobs alike
  return {static_cast<const char*>(data), size_t(sqlite3_column_bytes(statement_, column))};
}

Database::Database(const std::string& path, OpenOptions options) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (options.create && !options.read_only) flags |= SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
  if (code != SQLITE_OK) {
    const std::string text = db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
    sqlite3_close(db_);
    throw Failure(code, text.c_str());
  }
  sqlite3_busy_timeout(db_, options.busy_timeout_ms);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
}

Database::~Database() {
  statements_.clear();
  sqlite3_close(db_);
}

void Database::execute(const char* script) {
  const int code = sqlite3_exec(db_, script, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) raise(db_, code);
}

Query Database::prepare(std::string_view sql) {
  if (auto it = statements_.find(sql); it != statements_.end()) return {db_, it->second.get(), false};
  const bool keep = statements_.size() < statements_max;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), int(sql.size()), keep ? SQLITE_PREPARE_PERSISTENT : 0,
                                      &statement, nullptr);
  if (code != SQLITE_OK) raise(db_, code);
  if (keep) statements_.emplace(std::string(sql), statement);
  return {db_, statement, !keep};
}

}  // namespace durward::adapters::sqlite
