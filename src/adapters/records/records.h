#pragma once
#include <stdexcept>

#include "base/clock.h"
#include "base/json.h"
#include "domain/block.h"
#include "domain/event_delivery.h"
#include "domain/execution.h"
#include "domain/log_record.h"
#include "domain/session.h"
#include "domain/user.h"

// Between rows and values. The order of columns in a `*_columns` list is the one its reader expects. A Row
// has integer(i), text(i), view(i), is_null(i), time(i) and maybe_time(i) of its columns.
namespace durward::adapters::records {

// A stored text that this program did not write: the database is damaged. Never holds a value.
struct Damaged : std::runtime_error {
  using std::runtime_error::runtime_error;
};
json::Object stored_object(std::string_view text);  // throw Damaged
json::Array stored_array(std::string_view text);
std::vector<std::string> stored_strings(std::string_view text);

// The part of a record that is kept as JSON, because nobody searches in it.
std::string identities_text(const std::vector<domain::Identity>& identities);
std::vector<domain::Identity> read_identities(std::string_view text);
std::string detail_of(const domain::Session& session);
std::string detail_of(const domain::AuthorizationCode& code);
std::string detail_of(const domain::RefreshToken& token);
std::string detail_of(const domain::Ticket& ticket);
std::string detail_of(const domain::LogRecord& record);
std::string detail_of(const domain::Execution& execution);
void read_detail(domain::Session& session, std::string_view detail);
void read_detail(domain::AuthorizationCode& code, std::string_view detail);
void read_detail(domain::RefreshToken& token, std::string_view detail);
void read_detail(domain::Ticket& ticket, std::string_view detail);
void read_detail(domain::LogRecord& record, std::string_view detail);
void read_detail(domain::Execution& execution, std::string_view detail);

// Where the user's own password counts; linked identities have their own or none.
std::string home_connection(const domain::User& user);
// The value of a root attribute as it is searched: without regard to case; absent when empty.
std::optional<std::string> searchable(const json::Object& profile, std::string_view key);
// When a refresh token can no longer be of use: what the sweep goes by.
std::optional<TimePoint> dead_at(const domain::RefreshToken& token);

// Pages are continued after a row number; anything else than one is refused with invalid/"invalid_paging".
Result<int64_t> parse_after(const std::optional<std::string>& after);
inline constexpr int64_t page_max = 1000;
inline int64_t page_limit(int64_t limit) { return std::clamp<int64_t>(limit, 0, page_max); }

inline constexpr char user_columns[] =
    "u.user_id,u.profile,u.identities,u.version,u.created_at,u.updated_at,"
    "l.logins_count,l.last_login,l.last_password_reset,l.last_ip";
inline constexpr int user_column_count = 10;
template <class Row>
domain::User read_user(const Row& q) {
  domain::User u;
  u.user_id = q.text(0);
  u.profile = stored_object(q.view(1));
  u.identities = read_identities(q.view(2));
  u.version = q.integer(3);
  u.created_at = q.time(4);
  u.updated_at = q.time(5);
  u.logins_count = q.integer(6);
  u.last_login = q.maybe_time(7);
  u.last_password_reset = q.maybe_time(8);
  u.last_ip = q.text(9);
  return u;
}

inline constexpr char session_columns[] =
    "s.id,u.user_id,s.secret,s.public_part,s.updated_at,s.idle_expires_at,s.expires_at,s.detail";
template <class Row>
domain::Session read_session(const Row& q) {
  domain::Session s;
  s.id = q.integer(0);
  s.user_id = q.text(1);
  s.secret_sha256 = q.text(2);
  s.public_part = q.text(3);
  s.updated_at = q.time(4);
  s.idle_expires_at = q.time(5);
  s.expires_at = q.time(6);
  read_detail(s, q.view(7));
  return s;
}

inline constexpr char code_columns[] = "c.id,c.secret,c.grant_id,c.expires_at,c.consumed_at,c.detail";
template <class Row>
domain::AuthorizationCode read_code(const Row& q) {
  domain::AuthorizationCode c;
  c.id = q.integer(0);
  c.secret_sha256 = q.text(1);
  c.grant_id = q.integer(2);
  c.expires_at = q.time(3);
  c.consumed_at = q.maybe_time(4);
  read_detail(c, q.view(5));
  return c;
}

inline constexpr char refresh_token_columns[] =
    "t.id,t.secret,t.family,t.created_at,t.idle_expires_at,t.expires_at,t.last_used_at,t.rotated_at,t.detail";
template <class Row>
domain::RefreshToken read_refresh_token(const Row& q) {
  domain::RefreshToken t;
  t.id = q.integer(0);
  t.secret_sha256 = q.text(1);
  t.family = q.integer(2);
  t.created_at = q.time(3);
  t.idle_expires_at = q.maybe_time(4);
  t.expires_at = q.maybe_time(5);
  t.last_used_at = q.maybe_time(6);
  t.rotated_at = q.maybe_time(7);
  read_detail(t, q.view(8));
  return t;
}

inline constexpr char grant_columns[] = "g.row,g.id,u.user_id,g.client_id,g.audience,g.scope,g.created_at";
template <class Row>
domain::Grant read_grant(const Row& q) {
  domain::Grant g;
  g.row = q.integer(0);
  g.id = q.text(1);
  g.user_id = q.text(2);
  g.client_id = q.text(3);
  g.audience = q.text(4);
  g.scope = stored_strings(q.view(5));
  g.created_at = q.time(6);
  return g;
}

inline constexpr char ticket_columns[] = "t.id,t.secret,t.expires_at,t.detail";
template <class Row>
domain::Ticket read_ticket(const Row& q) {
  domain::Ticket t;
  t.id = q.integer(0);
  t.secret_sha256 = q.text(1);
  t.expires_at = q.time(2);
  read_detail(t, q.view(3));
  return t;
}

inline constexpr char block_columns[] = "b.connection,b.identifier,b.ip,b.user_id,b.created_at,b.expires_at";
template <class Row>
domain::Block read_block(const Row& q) {
  return {q.text(0), q.text(1), q.text(2), q.text(3), q.time(4), q.time(5)};
}

inline constexpr char log_columns[] = "id,date,type,client_id,connection,ip,detail";
template <class Row>
domain::LogRecord read_log(const Row& q) {
  domain::LogRecord r;
  r.id = q.integer(0);
  r.date = q.time(1);
  r.type = q.text(2);
  r.client_id = q.text(3);
  r.connection = q.text(4);
  r.ip = q.text(5);
  read_detail(r, q.view(6));
  return r;
}

// Bounds of a search that were not given.
inline TimePoint time_or_first(std::optional<TimePoint> at) { return at.value_or(from_unix_ms(0)); }
inline TimePoint time_or_last(std::optional<TimePoint> at) {
  return at.value_or(from_unix_ms(INT64_MAX / 2));
}
// ",a,b,"; empty for none.
std::string comma_list(const std::vector<std::string>& words);

inline constexpr char event_delivery_columns[] =
    "d.stream,d.id,d.type,d.created_at,d.queued_at,d.due_at,d.tries,d.attempts,d.event";
template <class Row>
domain::EventDelivery read_event_delivery(const Row& q) {
  domain::EventDelivery d;
  d.stream = q.text(0);
  d.id = q.integer(1);
  d.type = q.text(2);
  d.created_at = q.time(3);
  d.queued_at = q.time(4);
  d.due_at = q.maybe_time(5);
  d.tries = q.integer(6);
  d.attempts = stored_array(q.view(7));
  d.event = stored_object(q.view(8));
  return d;
}

inline constexpr char execution_columns[] = "id,detail";
template <class Row>
domain::Execution read_execution(const Row& q) {
  domain::Execution e;
  e.key = q.integer(0);
  read_detail(e, q.view(1));
  return e;
}

}  // namespace durward::adapters::records
