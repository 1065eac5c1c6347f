#include "adapters/postgres/connect.h"

#include <array>
#include <map>

#include "base/encoding.h"

namespace durward::adapters::postgres {

namespace {
std::unexpected<Error> away(PGconn* conn) {
  // libpq names hosts, users and databases, never a password.
  const auto reason = std::string(trim(PQerrorMessage(conn)));
  return fail(ErrorKind::unavailable, "store_unavailable", "The store cannot be reached: " + reason, reason);
}

std::optional<std::map<std::string, std::string>> parts_of(const std::string& url) {
  if (!url.starts_with("postgres://") && !url.starts_with("postgresql://")) return {};
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      PQconninfoParse(url.c_str(), &error), PQconninfoFree);
  PQfreemem(error);
  if (!parsed) return {};
  std::map<std::string, std::string> out;
  for (const auto* o = parsed.get(); o->keyword; ++o)
    if (o->val) out[o->keyword] = o->val;
  return out;
}

// What the session must be like, whatever the server's defaults: acknowledged means on disk, and nobody waits
// for ever.
std::string session_setup(Milliseconds statement_timeout) {
  const auto ms = std::to_string(statement_timeout.count());
  return "SELECT set_config('statement_timeout','" + ms +
         "',false),set_config('default_transaction_isolation','read committed',false),"
         "set_config('idle_in_transaction_session_timeout','60000',false),"
         "set_config('synchronous_commit',CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' "
         "ELSE current_setting('synchronous_commit') END,false)";
}
}  // namespace

Result<> check_url(const std::string& url) {
  const auto parts = parts_of(url);
  if (!parts)
    return fail(ErrorKind::invalid, "bad_store_url",
                "The store must look like postgres://USER@HOST:PORT/DATABASE.");
  if (parts->contains("password") || parts->contains("sslpassword"))
    return fail(ErrorKind::invalid, "bad_store_url",
                "The URL of the store must not hold a password; store-password is for it.");
  return {};
}

std::string shown_url(const std::string& url) {
  auto parts = parts_of(url);
  if (!parts) return "postgres://";
  auto& p = *parts;
  return "postgres://" + (p["user"].empty() ? "" : p["user"] + "@") + p["host"] +
         (p["port"].empty() ? "" : ":" + p["port"]) + "/" + p["dbname"];
}

Result<Handle> connect(const Target& target, Milliseconds statement_timeout) {
  // What the URL says counts more than what stands before it, and less than what stands behind it.
  const std::array<std::pair<const char*, const char*>, 11> parameters = {{
      {"connect_timeout", "2"},
      {"target_session_attrs", target.session},
      {"keepalives_idle", "10"},
      {"keepalives_interval", "3"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "10000"},
      {"fallback_application_name", "durward"},
      {"dbname", target.url.c_str()},
      {"client_encoding", "UTF8"},
      {target.password.empty() ? nullptr : "password", target.password.c_str()},
  }};
  const char *names[parameters.size() + 1]{}, *values[parameters.size() + 1]{};
  for (size_t i = 0; parameters[i].first; ++i)
    names[i] = parameters[i].first, values[i] = parameters[i].second;
  Handle conn(PQconnectdbParams(names, values, 1));
  if (!conn) throw std::bad_alloc();
  if (PQstatus(conn.get()) != CONNECTION_OK) return away(conn.get());
  PQsetNoticeProcessor(conn.get(), [](void*, const char*) {}, nullptr);
  ENSURE(execute(conn.get(), session_setup(statement_timeout).c_str()));
  return conn;
}

Result<> execute(PGconn* conn, const char* script) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(conn, script), PQclear);
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  return away(conn);
}

}  // namespace durward::adapters::postgres
