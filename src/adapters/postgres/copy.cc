#include "adapters/postgres/copy.h"

#include <sys/stat.h>

#include <algorithm>

#include "adapters/postgres/pool.h"
#include "adapters/records/records.h"
#include "adapters/sqlite/database.h"
#include "adapters/sqlite/migrations/migrations.h"
#include "base/encoding.h"
#include "base/executor.h"
#include "crypto/hash.h"

namespace durward::adapters {

using namespace postgres;

namespace {
enum class Type { integer, flag, text, bytes, json, jsonb };
struct Column {
  const char* name;
  Type type = Type::integer;
  const char* source = nullptr;  // when it is not a column of the same name
};
struct Table {
  const char* name;
  size_t keys;  // the first columns, which order the rows on both sides
  std::vector<Column> columns;
  const char* numbered = nullptr;  // column whose numbers are drawn and never used again
};
constexpr size_t batch_rows = 500;

const std::vector<Table>& tables() {
  using enum Type;
  static const std::vector<Table> all = {
      {"tenants",
       1,
       {{"id"}, {"name", text}, {"sealed_key", text}, {"configuration_version"}, {"created_at"}},
       "id"},
      {"documents",
       1,
       {{"row"},
        {"tenant"},
        {"collection", text},
        {"id", text},
        {"version"},
        {"created_at"},
        {"updated_at"},
        {"body", json}},
       "row"},
      {"document_keys",
       5,
       {{"tenant"},
        {"collection", text},
        {"name", text},
        {"value", text},
        {"document"},
        {"is_unique", flag}}},
      {"users",
       1,
       {{"row"},
        {"tenant"},
        {"user_id", text},
        {"version"},
        {"created_at"},
        {"updated_at"},
        {"email", text},
        {"username", text},
        {"phone_number", text},
        {"name", text},
        {"nickname", text},
        {"given_name", text},
        {"family_name", text},
        {"email_verified", flag},
        {"blocked", flag},
        {"identities", json},
        {"profile", json}},
       "row"},
      {"user_logins",
       1,
       {{"user"}, {"logins_count"}, {"last_login"}, {"last_password_reset"}, {"last_ip", text}}},
      {"identities", 3, {{"tenant"}, {"provider", text}, {"id", text}, {"connection", text}, {"user"}}},
      {"credentials",
       1,
       {{"row"}, {"user"}, {"identity", text}, {"password_hash", text}, {"earlier", jsonb}},
       "row"},
      {"identifiers",
       3,
       {{"tenant"}, {"connection", text}, {"value", text}, {"kind", text}, {"user"}, {"credential"}}},
      {"user_roles", 2, {{"user"}, {"role", text}, {"tenant"}}},
      {"user_permissions", 3, {{"user"}, {"audience", text}, {"name", text}}},
      {"role_permissions", 4, {{"tenant"}, {"role", text}, {"audience", text}, {"name", text}}},
      {"sessions",
       1,
       {{"id"},
        {"tenant"},
        {"user"},
        {"secret", bytes},
        {"public_part", bytes},
        {"updated_at"},
        {"idle_expires_at"},
        {"expires_at"},
        {"dead_at"},
        {"detail", json}}},
      {"codes",
       1,
       {{"id"},
        {"tenant"},
        {"user"},
        {"secret", bytes},
        {"grant_id"},
        {"expires_at"},
        {"consumed_at"},
        {"detail", json}}},
      {"refresh_tokens",
       1,
       {{"id"},
        {"tenant"},
        {"user"},
        {"client_id", text},
        {"audience", text},
        {"family"},
        {"secret", bytes},
        {"created_at"},
        {"idle_expires_at"},
        {"expires_at"},
        {"last_used_at"},
        {"rotated_at"},
        {"dead_at"},
        {"detail", json}}},
      {"revoked_grants", 2, {{"grant_id"}, {"tenant"}, {"until"}}},
      {"grants",
       1,
       {{"row"},
        {"tenant"},
        {"id", text},
        {"user"},
        {"client_id", text},
        {"audience", text},
        {"scope", json},
        {"created_at"}},
       "row"},
      {"tickets", 1, {{"id"}, {"tenant"}, {"user"}, {"secret", bytes}, {"expires_at"}, {"detail", json}}},
      {"blocks",
       4,
       {{"tenant"},
        {"identifier", text},
        {"connection", text},
        {"ip", text},
        {"user_id", text},
        {"created_at"},
        {"expires_at"}}},
      {"logs",
       1,
       {{"id"},
        {"tenant"},
        {"date"},
        {"type", text},
        {"user_id", text, "coalesce(json_extract(detail,'$.user_id'),'')"},
        {"client_id", text},
        {"connection", text},
        {"ip", text},
        {"detail", json}}},
      {"executions", 1, {{"id"}, {"tenant"}, {"expires_at"}, {"detail", json}}},
      {"event_deliveries",
       3,
       {{"tenant"},
        {"stream", text},
        {"id"},
        {"type", text},
        {"created_at"},
        {"queued_at"},
        {"due_at"},
        {"tries"},
        {"attempts", json},
        {"event", json}}},
      {"event_queues",
       2,
       {{"tenant"}, {"stream", text}, {"due_at"}, {"claimed_until"}, {"paused_until"}, {"failures"}}},
      {"jobs", 1, {{"id"}, {"tenant"}, {"kind", text}, {"payload", json}, {"attempts"}, {"due_at"}}},
      {"events", 1, {{"row"}, {"id"}, {"tenant"}, {"type", text}, {"time"}, {"data", json}}, "row"},
      {"event_positions", 1, {{"reader", text}, {"reached", integer, "position"}}},
      {"dead_letters",
       2,
       {{"queue", text},
        {"id"},
        {"row"},
        {"tenant"},
        {"type", text},
        {"time"},
        {"data", json},
        {"attempts"},
        {"reason", text},
        {"at"}}},
  };
  return all;
}

// --- pieces of SQL

template <class Piece>
std::string list_of(const Table& t, size_t n, Piece piece) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += (i ? "," : "") + piece(t.columns[i]);
  return out;
}
std::string quoted(const Column& c) { return "\"" + std::string(c.name) + "\""; }
std::string from_source(const Column& c) { return c.source ? c.source : quoted(c); }
std::string mark(const Column&) { return "?"; }
// jsonb is sent as json and read as text.
std::string from_target(const Column& c) { return quoted(c) + (c.type == Type::jsonb ? "::text" : ""); }

// Rows behind a key, in order of the keys.
std::string select_after(const Table& t, const std::string& columns, bool after) {
  const auto keys = list_of(t, t.keys, quoted);
  return "SELECT " + columns + " FROM " + t.name +
         (after ? " WHERE (" + keys + ")>(" + list_of(t, t.keys, mark) + ")" : std::string()) + " ORDER BY " +
         keys;
}

std::string insert_into(const Table& t) {
  int n = 0;
  const auto values = list_of(t, t.columns.size(), [&n](const Column& c) {
    return "$" + std::to_string(++n) + (c.type == Type::jsonb ? "::jsonb" : "");
  });
  return "INSERT INTO " + std::string(t.name) + "(" + list_of(t, t.columns.size(), quoted) + ") VALUES(" +
         values + ") ON CONFLICT DO NOTHING";
}

// Prepared statements: their texts live as long as the program.
std::string_view insert_text(const Table& t) {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out;
    for (const auto& table : tables()) out.push_back(insert_into(table));
    return out;
  }();
  return all[size_t(&t - tables().data())];
}

// --- rows

template <class Row>
void bind_column(Statement& s, const Column& c, const Row& q, int i) {
  const bool null = q.is_null(i);
  switch (c.type) {
    case Type::integer:
      return s.bind_all(null ? std::nullopt : std::optional(q.integer(i)));
    case Type::flag:
      return s.bind_all(q.integer(i) != 0);
    case Type::bytes:
      return s.bind_all(Blob{q.view(i)});
    case Type::json:
    case Type::jsonb:
      return s.bind_all(Json{q.text(i)});
    case Type::text:
      return s.bind_all(null ? std::nullopt : std::optional(q.text(i)));
  }
}

template <class Row>
std::string canonical(const Column& c, const Row& q, int i) {
  if (q.is_null(i)) return "n";
  if (c.type == Type::integer || c.type == Type::flag) return "i" + std::to_string(q.integer(i)) + ";";
  const auto text =
      c.type == Type::jsonb ? json::serialize(json::Value(records::stored_array(q.view(i)))) : q.text(i);
  return "s" + std::to_string(text.size()) + ":" + text;
}

// Counts rows and hashes them one after the other.
struct Sum {
  int64_t rows = 0;
  std::string hash;
  template <class Row>
  void add(const Table& t, const Row& q) {
    std::string row = hash;
    for (size_t i = 0; i < t.columns.size(); ++i) row += canonical(t.columns[i], q, int(i));
    hash = crypto::sha256(row);
    ++rows;
  }
  bool operator==(const Sum&) const = default;
};

class Copier {
 public:
  Copier(sqlite::Database& source, Pool& target,
         const std::function<void(const std::string&, int64_t)>& progress)
      : source_(source), target_(target), progress_(progress) {}

  Result<> same_installation() {
    TRY(auto answer, read(Statement::composed("SELECT id,name FROM tenants ORDER BY id")));
    while (answer.step())
      if (!source_.query("SELECT 1 FROM tenants WHERE id=? AND name=?", answer.integer(0), answer.text(1))
               .step())
        return fail(ErrorKind::conflict, "other_installation",
                    "The target holds the tenant " + answer.text(1) + ", which the source has not.");
    return {};
  }

  Result<CopiedTable> copy(const Table& t) {
    TRY(const Sum there, send(t));
    ENSURE(continue_numbers(t));
    TRY(const Sum here, sum_of_target(t));
    return CopiedTable{t.name, there.rows, to_hex(there.hash), here == there};
  }

 private:
  Result<Rows> read(Statement statement) {
    Batch batch;
    batch.push_back(std::move(statement));
    TRY(auto answer, run_sync(target_.run(std::move(batch), Way::own_read)));
    return std::move(answer[0]);
  }

  // What an earlier run stored stays.
  Result<Sum> send(const Table& t) {
    Sum sum;
    Batch batch;
    auto q = source_.query(select_after(t, list_of(t, t.columns.size(), from_source), false));
    while (q.step()) {
      sum.add(t, q);
      batch.push_back(Statement::fixed(insert_text(t)));
      for (size_t i = 0; i < t.columns.size(); ++i) bind_column(batch.back(), t.columns[i], q, int(i));
      if (batch.size() == batch_rows) ENSURE(flush(batch));
      if (sum.rows % 1000 == 0) progress_(t.name, sum.rows);
    }
    ENSURE(flush(batch));
    return sum;
  }

  Result<> flush(Batch& batch) {
    if (batch.empty()) return {};
    ENSURE(run_sync(target_.run(std::exchange(batch, {}), Way::write)));
    return {};
  }

  // Numbers go on behind the last one that was ever drawn.
  Result<> continue_numbers(const Table& t) {
    if (!t.numbered) return {};
    int64_t last = 0;
    if (auto q = source_.query("SELECT seq FROM sqlite_sequence WHERE name=?", t.name); q.step())
      last = q.integer(0);
    auto set = Statement::composed("SELECT setval(pg_get_serial_sequence('" + std::string(t.name) + "','" +
                                   t.numbered + "'),greatest((SELECT coalesce(max(" + t.numbered +
                                   "),0)+1 FROM " + t.name + "),?+1),false)");
    set.bind_all(last);
    Batch batch;
    batch.push_back(std::move(set));
    return flush(batch);
  }

  Result<Sum> sum_of_target(const Table& t) {
    Sum sum;
    const auto columns = list_of(t, t.columns.size(), from_target);
    auto next = Statement::composed(select_after(t, columns, false) + " LIMIT 1000");
    for (int64_t before = -1; before != sum.rows;) {
      before = sum.rows;
      TRY(auto page, read(std::move(next)));
      next = Statement::composed(select_after(t, columns, true) + " LIMIT 1000");
      while (page.step()) {
        sum.add(t, page);
        if (page.is_last())
          for (size_t i = 0; i < t.keys; ++i) bind_column(next, t.columns[i], page, int(i));
      }
    }
    return sum;
  }

  sqlite::Database& source_;
  Pool& target_;
  const std::function<void(const std::string&, int64_t)>& progress_;
};

Result<std::vector<CopiedTable>> copy_all(sqlite::Database& source, Pool& target,
                                          const std::function<void(const std::string&, int64_t)>& progress) {
  TRY(const auto steps, sqlite::plan_of(source));
  if (!steps.back().applied)
    return fail(ErrorKind::conflict, "migration_needed",
                "The source has an older schema; run `durward migrate` on it first.");
  source.execute("BEGIN");  // one state of the file
  Copier copier(source, target, progress);
  ENSURE(copier.same_installation());
  std::vector<CopiedTable> out;
  for (const auto& table : tables()) {
    TRY(auto copied, copier.copy(table));
    out.push_back(std::move(copied));
  }
  return out;
}
}  // namespace

Result<std::vector<CopiedTable>> copy_store(
    const std::string& sqlite_path, const PostgresOptions& target, const Clock& clock, Random& random,
    const std::function<void(const std::string&, int64_t)>& progress) {
  struct stat info{};
  if (::stat(sqlite_path.c_str(), &info) != 0)
    return fail(ErrorKind::not_found, "no_store", sqlite_path + " is not there.");
  ENSURE(PostgresStore::migrate(target, clock.now()));
  PoolOptions options;
  options.target = {target.url, target.password};
  options.statement_timeout = Milliseconds(60'000);
  options.wait_max = Milliseconds(10'000);
  metrics::Registry registry;
  try {
    sqlite::Database source(sqlite_path, {.read_only = true});
    Pool pool(std::move(options), random, registry);
    return copy_all(source, pool, progress);
  } catch (const sqlite::Failure& failure) {
    return fail(ErrorKind::unavailable, "store_unavailable",
                std::string("The source cannot be read: ") + failure.what());
  }
}

}  // namespace durward::adapters
