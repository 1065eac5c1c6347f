// What scripts changed in a login, as it is kept: for the tokens to come, and while a person is elsewhere.
#include <algorithm>

#include "extensions/post_login.h"

namespace durward::extensions {

bool TokenChanges::empty() const { return to_json().empty(); }

json::Object TokenChanges::to_json() const {
  json::Object out;
  if (!id_claims.empty()) out["id"] = id_claims;
  if (!access_claims.empty()) out["at"] = access_claims;
  if (!added_scopes.empty()) out["add"] = json::array_of(added_scopes);
  if (!removed_scopes.empty()) out["remove"] = json::array_of(removed_scopes);
  if (refresh_expires_at) out["rt_end"] = to_unix_ms(*refresh_expires_at);
  if (refresh_idle_expires_at) out["rt_idle"] = to_unix_ms(*refresh_idle_expires_at);
  if (refresh_metadata) out["rt"] = *refresh_metadata;
  return out;
}

TokenChanges TokenChanges::from_json(const json::Object& object) {
  TokenChanges out;
  if (const auto* claims = json::object(object, "id")) out.id_claims = *claims;
  if (const auto* claims = json::object(object, "at")) out.access_claims = *claims;
  out.added_scopes = json::strings(object, "add");
  out.removed_scopes = json::strings(object, "remove");
  if (const auto end = json::integer(object, "rt_end")) out.refresh_expires_at = from_unix_ms(*end);
  if (const auto end = json::integer(object, "rt_idle")) out.refresh_idle_expires_at = from_unix_ms(*end);
  if (const auto* metadata = json::object(object, "rt")) out.refresh_metadata = *metadata;
  return out;
}

std::vector<std::string> TokenChanges::apply_to(std::vector<std::string> scope) const {
  for (const auto& word : added_scopes)
    if (word != "openid" && std::ranges::find(scope, word) == scope.end()) scope.push_back(word);
  for (const auto& word : removed_scopes) std::erase(scope, word);
  return scope;
}

void TokenChanges::apply_to(domain::RefreshToken& token) const {
  const auto sooner = [](std::optional<TimePoint>& end, const std::optional<TimePoint>& wanted) {
    if (wanted) end = end ? std::min(*end, *wanted) : *wanted;
  };
  sooner(token.expires_at, refresh_expires_at);
  sooner(token.idle_expires_at, refresh_idle_expires_at);
  if (refresh_metadata) token.authorization.extra[refresh_metadata_member] = *refresh_metadata;
}

json::Object Progress::to_json() const {
  json::Object out{{"at", binding},
                   {"rules", rules_done},
                   {"tokens", tokens.to_json()},
                   {"metadata", transaction_metadata},
                   {"methods", methods}};
  if (!before.empty()) out["before"] = before;
  if (!primary_user.empty()) out["primary"] = primary_user;
  return out;
}

Progress Progress::from_json(const json::Object& object) {
  Progress out{.binding = json::string_or(object, "at")};
  out.before = json::string_or(object, "before");
  out.primary_user = json::string_or(object, "primary");
  out.rules_done = json::boolean_or(object, "rules", false);
  if (const auto* tokens = json::object(object, "tokens")) out.tokens = TokenChanges::from_json(*tokens);
  if (const auto* metadata = json::object(object, "metadata")) out.transaction_metadata = *metadata;
  if (const auto* methods = json::array(object, "methods")) out.methods = *methods;
  return out;
}

}  // namespace durward::extensions
