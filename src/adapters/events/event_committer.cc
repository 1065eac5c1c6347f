#include "adapters/events/event_committer.h"

namespace durward::adapters {

namespace {

// Queues and streams bound a message; a user beyond this is announced without the metadata.
constexpr size_t user_max = 64 * 1024;
constexpr size_t changes_max = 500;
constexpr std::string_view configuration_changed = "configuration.changed", user_deleted = "user.deleted";

struct Heard {
  std::string type;
  json::Object data;
};
using Several = std::vector<Heard>;

// What a user looks like to API v2: Auth0's event streams carry it as `object`.
json::Object shown(const domain::User& user) {
  auto object = user.to_json();
  if (json::serialize(object).size() <= user_max) return object;
  for (const char* metadata : {"user_metadata", "app_metadata"}) object.erase(metadata);
  if (json::serialize(object).size() <= user_max) return object;
  return {{"user_id", user.user_id}};
}

Heard of_user(std::string type, const domain::User& user, const std::optional<domain::User>& before = {}) {
  Heard out{std::move(type), {{"object", shown(user)}}};
  if (before) out.data["previous_object"] = shown(*before);
  return out;
}
Heard deleted(const std::string& user_id, const std::optional<domain::User>& before) {
  return {std::string(user_deleted),
          {{"object", before ? shown(*before) : json::Object{{"user_id", user_id}}}}};
}
// Says what changed, not to what: documents hold secrets.
Heard configuration(ports::Collection collection, std::string_view action, std::string_view id) {
  return {std::string(configuration_changed),
          {{"collection", to_string(collection)}, {"action", action}, {"id", id}}};
}
Heard revoked(std::string type, json::Object what) { return {std::move(type), std::move(what)}; }

// --- the table: a write and what is heard of it; nothing of all others.
Several heard(const auto&) { return {}; }
Several heard(const ports::InsertUser& w) { return {of_user("user.created", w.user)}; }
Several heard(const ports::ReplaceUser& w) { return {of_user("user.updated", w.user, w.before)}; }
Several heard(const ports::RemoveUser& w) { return {deleted(w.user_id, w.before)}; }
Several heard(const ports::LinkUsers& w) {
  return {of_user("user.updated", w.primary, w.before), deleted(w.secondary_user_id, w.secondary)};
}
Several heard(const ports::RemoveSession& w) {
  return {revoked("session.revoked", {{"session", std::to_string(w.id)}})};
}
Several heard(const ports::RemoveSessionsOf& w) {
  return {revoked("session.revoked", {{"user_id", w.user_id}})};
}
Several heard(const ports::RevokeRefreshToken& w) {
  return {revoked("refresh_token.revoked", {{"refresh_token", std::to_string(w.id)}})};
}
Several heard(const ports::RevokeFamily& w) {
  return {revoked("refresh_token.revoked", {{"family", std::to_string(w.family)}})};
}
Several heard(const ports::RevokeRefreshTokensOf& w) {
  json::Object of{{"user_id", w.user_id}};
  if (!w.client_id.empty()) of["client_id"] = w.client_id;
  if (w.audience) of["audience"] = *w.audience;
  return {revoked("refresh_token.revoked", std::move(of))};
}
Several heard(const ports::PutBlock& w) {
  json::Object block{{"connection", w.block.connection}, {"identifier", w.block.identifier}};
  for (const auto& [name, value] : {std::pair{"ip", w.block.ip}, std::pair{"user_id", w.block.user_id}})
    if (!value.empty()) block[name] = value;
  return {{"account.blocked", std::move(block)}};
}
Several heard(const ports::InsertDocument& w) {
  return {configuration(w.collection, "created", w.document.id)};
}
Several heard(const ports::ReplaceDocument& w) {
  return {configuration(w.collection, "updated", w.document.id)};
}
Several heard(const ports::RemoveDocument& w) { return {configuration(w.collection, "deleted", w.id)}; }
Several heard(const ports::RemoveDocumentsBy& w) {
  auto event = configuration(w.collection, "deleted", "");
  event.data["by"] = json::Object{{w.key, w.value}};
  return {std::move(event)};
}
// Only where the work lies: a mail holds the link that resets a password.
Several heard(const ports::InsertJob& w) {
  return {{w.kind + ".requested", {{"job", std::to_string(w.id)}}}};
}

// A tenant is made of dozens of documents in one commit: what changed together is heard together.
Several together(Several each) {
  Several out;
  json::Array changes;
  const auto flush = [&] {
    if (!changes.empty())
      out.push_back({std::string(configuration_changed), {{"changes", std::move(changes)}}});
    changes = {};
  };
  for (auto& event : each) {
    if (event.type != configuration_changed) {
      out.push_back(std::move(event));
      continue;
    }
    changes.push_back(std::move(event.data));
    if (changes.size() == changes_max) flush();
  }
  flush();
  return out;
}

Several heard_of(const ports::Writes& writes) {
  Several each;
  for (const auto& write : writes)
    for (auto& event : std::visit([](const auto& w) { return heard(w); }, write))
      each.push_back(std::move(event));
  return together(std::move(each));
}

}  // namespace

Async<> EventCommitter::commit(domain::TenantId tenant, ports::Writes writes) {
  const TimePoint now = clock_.now();
  for (auto& event : heard_of(writes)) {
    if (event.type == user_deleted) event.data["object"].as_object()["deleted_at"] = to_iso8601(now);
    writes.push_back(ports::AppendEvent{{.id = sequence_.next(),
                                         .tenant = tenant,
                                         .type = std::move(event.type),
                                         .time = now,
                                         .data = std::move(event.data)}});
  }
  return store_.commit(tenant, std::move(writes));
}

}  // namespace durward::adapters
