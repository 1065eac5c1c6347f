#include "adapters/records/records.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace durward::adapters::records {

namespace {
json::Value stored_value(std::string_view text) {
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = 64;
  auto value = boost::json::parse({text.data(), text.size()}, error, {}, options);
  if (error) throw Damaged("a stored JSON text is damaged");
  return value;
}

// Members of detail objects: written when they differ from the default, so rows stay small.
void put(json::Object& o, std::string_view key, const std::string& value) {
  if (!value.empty()) o[key] = value;
}
void put(json::Object& o, std::string_view key, const std::vector<std::string>& value) {
  if (!value.empty()) o[key] = json::array_of(value);
}
void put(json::Object& o, std::string_view key, const json::Object& value) {
  if (!value.empty()) o[key] = value;
}
void put(json::Object& o, std::string_view key, const json::Array& value) {
  if (!value.empty()) o[key] = value;
}
void put(json::Object& o, std::string_view key, bool value) {
  if (value) o[key] = true;
}
void put(json::Object& o, std::string_view key, TimePoint value) { o[key] = to_unix_ms(value); }
void put(json::Object& o, std::string_view key, const std::optional<TimePoint>& value) {
  if (value) put(o, key, *value);
}

void get(const json::Object& o, std::string_view key, std::string& value) { value = json::string_or(o, key); }
void get(const json::Object& o, std::string_view key, std::vector<std::string>& value) {
  value = json::strings(o, key);
}
void get(const json::Object& o, std::string_view key, json::Object& value) {
  if (const auto* found = json::object(o, key)) value = *found;
}
void get(const json::Object& o, std::string_view key, json::Array& value) {
  if (const auto* found = json::array(o, key)) value = *found;
}
void get(const json::Object& o, std::string_view key, bool& value) {
  value = json::boolean_or(o, key, false);
}
void get(const json::Object& o, std::string_view key, TimePoint& value) {
  value = from_unix_ms(json::integer_or(o, key, 0));
}
void get(const json::Object& o, std::string_view key, std::optional<TimePoint>& value) {
  if (const auto ms = json::integer(o, key)) value = from_unix_ms(*ms);
}

// One table a type: f(name, member) for writing and reading alike.
template <class F, class T>
void each_authorization(F f, T& a) {
  f("client_id", a.client_id), f("user_id", a.user_id), f("audience", a.audience), f("scope", a.scope);
  f("sid", a.sid), f("connection", a.connection), f("auth_time", a.auth_time), f("nonce", a.nonce);
  f("extra", a.extra);
}
template <class F, class T>
void each_device(F f, T& d) {
  f("initial_ip", d.initial_ip), f("initial_user_agent", d.initial_user_agent);
  f("last_ip", d.last_ip), f("last_user_agent", d.last_user_agent);
}
template <class F, class T>
void each_session(F f, T& s) {
  f("connection", s.connection), f("strategy", s.strategy), f("created_at", s.created_at);
  f("authenticated_at", s.authenticated_at), f("persistent", s.persistent), f("clients", s.clients);
  f("amr", s.amr), f("metadata", s.metadata);
  each_device(f, s.device);
}
template <class F, class T>
void each_code(F f, T& c) {
  each_authorization(f, c.authorization);
  f("redirect_uri", c.redirect_uri), f("code_challenge", c.code_challenge);
  f("code_challenge_method", c.code_challenge_method), f("max_age_requested", c.max_age_requested);
  f("created_at", c.created_at);
}
template <class F, class T>
void each_refresh_token(F f, T& t) {
  each_authorization(f, t.authorization);
  f("rotating", t.rotating);
  each_device(f, t.device);
}
template <class F, class T>
void each_ticket(F f, T& t) {
  f("kind", t.kind), f("user_id", t.user_id), f("client_id", t.client_id), f("connection", t.connection);
  f("data", t.data), f("created_at", t.created_at);
}
template <class F, class T>
void each_log(F f, T& r) {
  f("description", r.description), f("connection_id", r.connection_id), f("strategy", r.strategy);
  f("strategy_type", r.strategy_type), f("client_name", r.client_name), f("user_agent", r.user_agent);
  f("user_id", r.user_id), f("user_name", r.user_name), f("audience", r.audience), f("scope", r.scope);
  f("hostname", r.hostname), f("details", r.details);
}

template <class F, class T>
void each_execution(F f, T& e) {
  f("id", e.id), f("trigger_id", e.trigger_id), f("status", e.status), f("results", e.results);
  f("created_at", e.created_at), f("updated_at", e.updated_at);
}

auto writer(json::Object& o) {
  return [&o](std::string_view key, const auto& value) { put(o, key, value); };
}
auto reader(const json::Object& o) {
  return [&o](std::string_view key, auto& value) { get(o, key, value); };
}
}  // namespace

json::Object stored_object(std::string_view text) {
  auto value = stored_value(text);
  if (auto* o = value.if_object()) return std::move(*o);
  throw Damaged("a stored JSON object is damaged");
}
json::Array stored_array(std::string_view text) {
  auto value = stored_value(text);
  if (auto* a = value.if_array()) return std::move(*a);
  throw Damaged("a stored JSON array is damaged");
}
std::vector<std::string> stored_strings(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& item : stored_array(text))
    if (item.is_string()) out.emplace_back(json::view(item.get_string()));
  return out;
}

std::string identities_text(const std::vector<domain::Identity>& identities) {
  json::Array items;
  for (const auto& i : identities) {
    json::Object o{{"connection", i.connection}, {"provider", i.provider}, {"id", i.user_id}};
    put(o, "social", i.is_social);
    put(o, "profile", i.profile_data);
    items.push_back(std::move(o));
  }
  return json::serialize(json::Value(std::move(items)));
}

std::vector<domain::Identity> read_identities(std::string_view text) {
  std::vector<domain::Identity> out;
  for (const auto& item : stored_array(text)) {
    const auto& o = item.as_object();
    domain::Identity i;
    get(o, "connection", i.connection), get(o, "provider", i.provider), get(o, "id", i.user_id);
    get(o, "social", i.is_social), get(o, "profile", i.profile_data);
    out.push_back(std::move(i));
  }
  return out;
}

std::string detail_of(const domain::Session& session) {
  json::Object o;
  each_session(writer(o), session);
  return json::serialize(o);
}
void read_detail(domain::Session& session, std::string_view detail) {
  const auto o = stored_object(detail);
  each_session(reader(o), session);
}

std::string detail_of(const domain::AuthorizationCode& code) {
  json::Object o;
  each_code(writer(o), code);
  return json::serialize(o);
}
void read_detail(domain::AuthorizationCode& code, std::string_view detail) {
  const auto o = stored_object(detail);
  each_code(reader(o), code);
}

std::string detail_of(const domain::RefreshToken& token) {
  json::Object o;
  each_refresh_token(writer(o), token);
  return json::serialize(o);
}
void read_detail(domain::RefreshToken& token, std::string_view detail) {
  const auto o = stored_object(detail);
  each_refresh_token(reader(o), token);
}

std::string detail_of(const domain::Ticket& ticket) {
  json::Object o;
  each_ticket(writer(o), ticket);
  return json::serialize(o);
}
void read_detail(domain::Ticket& ticket, std::string_view detail) {
  const auto o = stored_object(detail);
  each_ticket(reader(o), ticket);
}

std::string detail_of(const domain::LogRecord& record) {
  json::Object o;
  each_log(writer(o), record);
  return json::serialize(o);
}
void read_detail(domain::LogRecord& record, std::string_view detail) {
  const auto o = stored_object(detail);
  each_log(reader(o), record);
}

std::string detail_of(const domain::Execution& execution) {
  json::Object o;
  each_execution(writer(o), execution);
  return json::serialize(o);
}
void read_detail(domain::Execution& execution, std::string_view detail) {
  const auto o = stored_object(detail);
  each_execution(reader(o), execution);
}

std::string home_connection(const domain::User& user) {
  for (const auto& i : user.identities)
    if (i.provider + "|" + i.user_id == user.user_id) return i.connection;
  return user.identities.empty() ? std::string() : user.identities.front().connection;
}

std::optional<std::string> searchable(const json::Object& profile, std::string_view key) {
  auto value = json::string(profile, key);
  if (!value || value->empty()) return {};
  return to_lower(*value);
}

std::optional<TimePoint> dead_at(const domain::RefreshToken& token) {
  const auto &a = token.idle_expires_at, &b = token.expires_at;
  return a && b ? std::min(*a, *b) : a ? a : b;
}

Result<int64_t> parse_after(const std::optional<std::string>& after) {
  if (!after) return 0;
  int64_t row = -1;
  const auto* end = after->data() + after->size();
  const auto [stop, error] = std::from_chars(after->data(), end, row);
  if (error != std::errc() || stop != end || row < 0)
    return fail(ErrorKind::invalid, "invalid_paging", "The checkpoint of the page is not one of this list.");
  return row;
}

std::string comma_list(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "," : "") + word + ",";
  return out;
}

}  // namespace durward::adapters::records
