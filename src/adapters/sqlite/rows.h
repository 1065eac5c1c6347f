#pragma once
#include "adapters/sqlite/database.h"
#include "base/json.h"
#include "domain/log_record.h"
#include "domain/session.h"
#include "domain/user.h"

// Between rows and values. The order of columns in a `*_columns` list is the one its reader expects.
namespace durward::adapters::sqlite {

inline constexpr char user_columns[] =
    "u.user_id,u.profile,u.identities,u.version,u.created_at,u.updated_at,"
    "l.logins_count,l.last_login,l.last_password_reset,l.last_ip";
inline constexpr int user_column_count = 10;
domain::User read_user(const Query& q, int first = 0);
std::string identities_text(const std::vector<domain::Identity>& identities);

inline constexpr char session_columns[] =
    "s.id,u.user_id,s.secret,s.public_part,s.updated_at,s.idle_expires_at,s.expires_at,s.detail";
domain::Session read_session(const Query& q);
std::string detail_of(const domain::Session& session);

inline constexpr char code_columns[] = "c.id,c.secret,c.grant_id,c.expires_at,c.consumed_at,c.detail";
domain::AuthorizationCode read_code(const Query& q);
std::string detail_of(const domain::AuthorizationCode& code);

inline constexpr char refresh_token_columns[] =
    "t.id,t.secret,t.family,t.created_at,t.idle_expires_at,t.expires_at,t.last_used_at,t.rotated_at,t.detail";
domain::RefreshToken read_refresh_token(const Query& q);
std::string detail_of(const domain::RefreshToken& token);

inline constexpr char grant_columns[] = "g.row,g.id,u.user_id,g.client_id,g.audience,g.scope,g.created_at";
domain::Grant read_grant(const Query& q);

inline constexpr char ticket_columns[] = "t.id,t.secret,t.expires_at,t.detail";
domain::Ticket read_ticket(const Query& q);
std::string detail_of(const domain::Ticket& ticket);

inline constexpr char log_columns[] = "id,date,type,client_id,connection,ip,detail";
domain::LogRecord read_log(const Query& q);
std::string detail_of(const domain::LogRecord& record);

// Text this store wrote itself; anything else means a damaged file (throws Failure).
json::Object stored_object(std::string_view text);
json::Array stored_array(std::string_view text);
std::vector<std::string> stored_strings(std::string_view text);

}  // namespace durward::adapters::sqlite
