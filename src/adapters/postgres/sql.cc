#include "adapters/postgres/sql.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace durward::adapters::postgres {

namespace {
// pg_type.dat of PostgreSQL: numbers of built-in types never change.
constexpr Oid type_bool = 16, type_bytea = 17, type_int8 = 20, type_text = 25, type_json = 114;

// What durward_refuse() raises (migrations/0001_initial.h): its message is the word here.
constexpr std::string_view refused_state = "DW001";
struct Refusal {
  std::string_view word;
  ErrorKind kind;
  const char *code, *message, *debug;
};
constexpr Refusal refusals[] = {
    {"not_found", ErrorKind::not_found, "not_found", "", ""},
    {"tenant_gone", ErrorKind::not_found, "not_found", "", "tenant"},
    {"document_changed", ErrorKind::conflict, "version_changed", "The document was changed meanwhile.", ""},
    {"user_changed", ErrorKind::conflict, "version_changed", "The user was changed meanwhile.", ""},
    {"code_consumed", ErrorKind::conflict, "code_consumed", "The code was used before.", ""},
    {"token_rotated", ErrorKind::conflict, "token_rotated", "The token was exchanged before.", ""},
    {"same_user", ErrorKind::invalid, "same_user", "A user cannot be linked to itself.", ""},
};

Error refused_on_purpose(std::string_view word) {
  const auto* found = std::ranges::find(refusals, word, &Refusal::word);
  if (found == std::end(refusals)) return {ErrorKind::internal, "internal", "", "unknown refusal"};
  return {found->kind, found->code, found->message, found->debug};
}

// Classes of errors whose message speaks of the server, not of values.
bool is_about_the_server(std::string_view state) {
  constexpr std::string_view classes[] = {"08", "25", "26", "40", "42", "53", "54", "55", "57", "58", "XX"};
  return std::ranges::any_of(classes, [&](std::string_view c) { return state.starts_with(c); });
}
}  // namespace

Statement Statement::composed(std::string_view text) {
  Statement s;
  int n = 0;
  for (const char c : text) {
    if (c == '?')
      s.composed_.append("$").append(std::to_string(++n));
    else
      s.composed_.push_back(c);
  }
  return s;
}

Statement& Statement::taken(std::string code, std::string message, std::string debug) {
  taken_ = {ErrorKind::conflict, std::move(code), std::move(message), std::move(debug)};
  return *this;
}

void Statement::put(Oid type, std::optional<std::string> bytes) {
  types_.push_back(type);
  values_.push_back(std::move(bytes));
}
void Statement::bind(int64_t value) {
  std::string bytes(sizeof value, '\0');
  const auto big = std::byteswap(uint64_t(value));
  std::memcpy(bytes.data(), &big, sizeof big);
  put(type_int8, std::move(bytes));
}
void Statement::bind(bool value) { put(type_bool, std::string(1, char(value))); }
void Statement::bind(std::string_view value) { put(type_text, std::string(value)); }
void Statement::bind(Blob value) { put(type_bytea, std::string(value.bytes)); }
void Statement::bind(const Json& value) { put(type_json, value.text); }

int64_t Rows::changes() const {
  const std::string_view tuples = result_ ? PQcmdTuples(result_.get()) : "";
  int64_t n = 0;
  std::from_chars(tuples.data(), tuples.data() + tuples.size(), n);
  return n;
}

int64_t Rows::integer(int column) const {
  if (row_ < 0 || row_ >= count_) return 0;
  uint64_t value = 0;
  for (const char c : view(column)) value = value << 8 | uint8_t(c);
  return int64_t(value);
}

Error refusal_of(const PGresult* result, const Statement& statement) {
  const auto state = sqlstate_of(result);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string_view said = message ? message : "";
  if (state == refused_state) return refused_on_purpose(said);
  if (state == "23505") return statement.taken_error();
  // A row of somebody who is not there: the sub-select of the owner found nothing.
  if (state == "23502") return {ErrorKind::not_found, "not_found", "", ""};
  // NUL, and bytes that are no UTF-8, cannot be stored in a text or in JSON.
  if (state == "22021" || state == "22P05" || state == "22P02")
    return {ErrorKind::invalid, "invalid_text", "A text holds a character that cannot be stored.", ""};
  std::string debug = "SQLSTATE " + std::string(state);
  if (is_about_the_server(state)) debug.append(": ").append(said);
  return {ErrorKind::unavailable, "store_unavailable", "The store is not available at the moment.",
          std::move(debug)};
}

bool may_be_tried_again(std::string_view state) {
  // Deadlock, serialisation; and all that ends a connection before the transaction did.
  return state == "40P01" || state == "40001" || ends_connection(state);
}

bool ends_connection(std::string_view state) {
  // Shutdown and crash of the server, a standby after a fail-over, a statement or plan it forgot.
  constexpr std::string_view states[] = {"57P01", "57P02", "57P03", "57P05", "25006", "26000", "0A000"};
  return state.starts_with("08") || std::ranges::find(states, state) != std::end(states);
}

}  // namespace durward::adapters::postgres
