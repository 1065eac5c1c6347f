#include "domain/user.h"

#include "base/encoding.h"

namespace durward::domain {

namespace {

// What an account keeps to itself: never in userinfo or an ID token.
constexpr std::string_view private_attributes[] = {"user_metadata",     "app_metadata",        "blocked",
                                                   "email_verify_hash", "last_password_reset", "multifactor"};

bool is_private(std::string_view key) {
  for (auto name : private_attributes)
    if (name == key) return true;
  return false;
}

}  // namespace

json::Object Identity::to_json() const {
  json::Object out{
      {"connection", connection}, {"provider", provider}, {"user_id", user_id}, {"isSocial", is_social}};
  if (!profile_data.empty()) out["profileData"] = profile_data;
  return out;
}

Identity Identity::from_json(const json::Object& object) {
  Identity i;
  i.connection = json::string_or(object, "connection");
  i.provider = json::string_or(object, "provider");
  i.user_id = json::string_or(object, "user_id");
  i.is_social = json::boolean_or(object, "isSocial", false);
  if (const auto* data = json::object(object, "profileData")) i.profile_data = *data;
  return i;
}

const Identity* User::identity_in(std::string_view connection) const {
  for (const auto& identity : identities)
    if (identity.connection == connection) return &identity;
  return nullptr;
}

json::Object User::to_json() const {
  json::Object out{{"user_id", user_id}};
  for (const auto& member : profile) out.insert_or_assign(member.key(), member.value());
  json::Array list;
  for (const auto& identity : identities) list.push_back(identity.to_json());
  out["identities"] = std::move(list);
  out["created_at"] = to_iso8601(created_at);
  out["updated_at"] = to_iso8601(updated_at);
  if (last_password_reset) out["last_password_reset"] = to_iso8601(*last_password_reset);
  if (logins_count > 0) {
    out["logins_count"] = logins_count;
    if (last_login) out["last_login"] = to_iso8601(*last_login);
    if (!last_ip.empty()) out["last_ip"] = last_ip;
  }
  return out;
}

json::Object User::to_claims() const {
  json::Object out{{"sub", user_id}};
  for (const auto& member : profile)
    if (!is_private({member.key().data(), member.key().size()}))
      out.insert_or_assign(member.key(), member.value());
  out["updated_at"] = to_iso8601(updated_at);
  return out;
}

std::string normalise_identifier(std::string_view kind, std::string_view value) {
  return kind == "phone_number" ? std::string(trim(value)) : to_lower(trim(value));
}

std::vector<Identifier> identifiers_of(const User& user, const Identity& identity) {
  // A linked identity keeps its own profile apart; the primary's profile is the user's.
  const json::Object& profile = identity.profile_data.empty() ? user.profile : identity.profile_data;
  std::vector<Identifier> out;
  for (std::string_view kind : {"email", "username", "phone_number"})
    if (auto value = json::string(profile, kind); value && !value->empty())
      out.push_back({identity.connection, std::string(kind), normalise_identifier(kind, *value)});
  return out;
}

}  // namespace durward::domain
