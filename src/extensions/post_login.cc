#include "extensions/post_login.h"

#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "extensions/rules.h"

namespace durward::extensions {
namespace {

constexpr std::string_view trigger = "post-login";
constexpr size_t claims_max = 100 << 10;  // bytes of JSON, Auth0: 100 KB
constexpr size_t session_metadata_max = 25;

void put(json::Object& to, std::string_view name, const json::Value& value) {
  if (value.is_null())
    to.erase(name);
  else
    to.insert_or_assign(name, value);
}

void put_in(json::Object& profile, std::string_view member, std::string_view name, const json::Value& value) {
  json::Object inner;
  if (const auto* found = json::object(profile, member)) inner = *found;
  put(inner, name, value);
  profile.insert_or_assign(member, std::move(inner));
}

void remove_word(std::vector<std::string>& words, const std::string& word) { std::erase(words, word); }
void add_word(std::vector<std::string>& words, const std::string& word) {
  if (std::ranges::find(words, word) == words.end()) words.push_back(word);
}

// One login on its way through its scripts.
struct Run {
  LoginFacts facts;
  LoginVerdict verdict;
  bool user_changed = false;
  std::string primary_user;
  json::Array rules_executed;
};

void deny(Run& run, std::string code, std::string reason, std::string log_type = "f") {
  run.verdict.denial = Denial{.error = {ErrorKind::forbidden, std::move(code), reason, {}},
                              .log_type = std::move(log_type),
                              .log_text = reason};
}

// ---- the event

json::Object transaction_event(const LoginFacts& facts, const Progress& progress) {
  json::Object out = facts.transaction;
  out["metadata"] = progress.transaction_metadata;
  return out;
}

json::Object authentication_of(const LoginFacts& facts, const Progress& progress) {
  json::Object out =
      facts.session ? authentication_event(*facts.session) : authentication_event("pwd", facts.context.now);
  for (const auto& method : progress.methods) out["methods"].get_array().push_back(method);
  return out;
}

json::Object event_of(const LoginFacts& facts, const Progress& progress, const json::Array& roles) {
  json::Object event{{"tenant", tenant_event(*facts.context.tenant)},
                     {"client", client_event(*facts.client)},
                     {"request", request_event(facts.context, facts.request)},
                     {"user", user_event(facts.user)},
                     {"authorization", json::Object{{"roles", names_of(roles)}}},
                     {"authentication", authentication_of(facts, progress)},
                     {"transaction", transaction_event(facts, progress)},
                     {"stats", json::Object{{"logins_count", facts.user.logins_count}}}};
  if (facts.connection) event["connection"] = connection_event(*facts.connection);
  if (facts.session) event["session"] = session_event(*facts.session);
  if (facts.refresh_token) event["refresh_token"] = refresh_token_event(*facts.refresh_token);
  if (!facts.resource_server.empty())
    event["resource_server"] = json::Object{{"identifier", facts.resource_server}};
  return event;
}

// ---- commands

void set_claim(json::Object& claims, const Command& command) {
  const std::string name = command.text(0);
  if (judge_claim(name) == ClaimName::free) put(claims, name, command.args[1]);
}

TimePoint earlier(TimePoint end, const Command& command) {
  return std::min(end, from_unix_ms(command.integer(0)));
}

domain::Session& session_of(Run& run) {
  if (!run.verdict.session) run.verdict.session = run.facts.session;
  return *run.verdict.session;
}
std::optional<TimePoint> earlier_of(const std::optional<TimePoint>& end, const Command& command) {
  const TimePoint wanted = from_unix_ms(command.integer(0));
  return end ? std::min(*end, wanted) : wanted;
}

json::Object& refresh_metadata_of(Run& run) {
  auto& metadata = run.verdict.tokens.refresh_metadata;
  if (!metadata) {
    metadata.emplace();
    if (run.facts.refresh_token)
      if (const auto* known =
              json::object(run.facts.refresh_token->authorization.extra, refresh_metadata_member))
        metadata = *known;
  }
  return *metadata;
}

void no_factor(Run& run) {
  deny(run, "access_denied", "Multi-factor authentication is required, and no factor is available.");
}

using Apply = void (*)(Run&, const Command&);
using SessionChange = void (*)(domain::Session&, const Command&);

// Without a session (a refresh without one, a password grant) there is nothing to change.
template <SessionChange change>
void on_session(Run& run, const Command& command) {
  if (run.facts.session) change(session_of(run), command);
}

void set_metadata(json::Object& metadata, const Command& command) {
  if (metadata.size() < session_metadata_max || metadata.contains(command.text(0)))
    metadata[command.text(0)] = command.args[1];
}

const std::map<std::string_view, Apply>& table() {
  static const std::map<std::string_view, Apply> rows = {
      {"accessToken.setCustomClaim",
       [](Run& run, const Command& c) { set_claim(run.verdict.tokens.access_claims, c); }},
      {"idToken.setCustomClaim",
       [](Run& run, const Command& c) { set_claim(run.verdict.tokens.id_claims, c); }},
      {"accessToken.addScope",
       [](Run& run, const Command& c) {
         remove_word(run.verdict.tokens.removed_scopes, c.text(0));
         add_word(run.verdict.tokens.added_scopes, c.text(0));
       }},
      {"accessToken.removeScope",
       [](Run& run, const Command& c) {
         remove_word(run.verdict.tokens.added_scopes, c.text(0));
         add_word(run.verdict.tokens.removed_scopes, c.text(0));
       }},
      {"user.setUserMetadata",
       [](Run& run, const Command& c) {
         put_in(run.verdict.user.profile, "user_metadata", c.text(0), c.args[1]);
         run.user_changed = true;
       }},
      {"user.setAppMetadata",
       [](Run& run, const Command& c) {
         put_in(run.verdict.user.profile, "app_metadata", c.text(0), c.args[1]);
         run.user_changed = true;
       }},
      {"transaction.setMetadata",
       [](Run& run, const Command& c) {
         put(run.verdict.progress.transaction_metadata, c.text(0), c.args[1]);
       }},
      {"authentication.recordMethod",
       [](Run& run, const Command& c) {
         run.verdict.progress.methods.push_back(
             json::Object{{"name", c.text(0)}, {"timestamp", to_iso8601(run.facts.context.now)}});
       }},
      {"authentication.setPrimaryUser", [](Run& run, const Command& c) { run.primary_user = c.text(0); }},
      {"authentication.challengeWith", [](Run& run, const Command&) { no_factor(run); }},
      {"authentication.challengeWithAny", [](Run& run, const Command&) { no_factor(run); }},
      {"authentication.enrollWith", [](Run& run, const Command&) { no_factor(run); }},
      {"authentication.enrollWithAny", [](Run& run, const Command&) { no_factor(run); }},
      {"multifactor.enable",
       [](Run& run, const Command& c) {
         if (c.text(0) != "none") no_factor(run);
       }},
      {"prompt.render",
       [](Run& run, const Command&) { deny(run, "access_denied", "There is no such form."); }},
      {"redirect.sendUserTo", [](Run& run, const Command& c) { run.verdict.redirect = c.text(0); }},
      {"access.deny", [](Run& run, const Command& c) { deny(run, "access_denied", c.text(0)); }},
      {"validation.error",
       [](Run& run, const Command& c) {
         deny(run, c.text(0), c.text(1));
         run.verdict.denial->error.kind = ErrorKind::invalid;
         run.verdict.denial->on_page = true;
       }},
      {"refreshToken.revoke",
       [](Run& run, const Command& c) {
         deny(run, "access_denied", c.text(0));
         run.verdict.denial->revokes_refresh_tokens = true;
       }},
      {"refreshToken.setExpiresAt",
       [](Run& run, const Command& c) {
         auto& end = run.verdict.tokens.refresh_expires_at;
         end = earlier_of(end, c);
       }},
      {"refreshToken.setIdleExpiresAt",
       [](Run& run, const Command& c) {
         auto& end = run.verdict.tokens.refresh_idle_expires_at;
         end = earlier_of(end, c);
       }},
      {"refreshToken.setMetadata",
       [](Run& run, const Command& c) { set_metadata(refresh_metadata_of(run), c); }},
      {"refreshToken.deleteMetadata",
       [](Run& run, const Command& c) { refresh_metadata_of(run).erase(c.text(0)); }},
      {"refreshToken.evictMetadata", [](Run& run, const Command&) { refresh_metadata_of(run).clear(); }},
      {"session.revoke",
       [](Run& run, const Command& c) {
         deny(run, "access_denied", c.text(0));
         const auto* options = c.object(1);
         run.verdict.denial->revokes_session = true;
         run.verdict.denial->revokes_refresh_tokens =
             !options || !json::boolean_or(*options, "preserveRefreshTokens", false);
       }},
      {"session.setExpiresAt", on_session<[](domain::Session& s, const Command& c) {
         s.expires_at = earlier(s.expires_at, c);
         s.idle_expires_at = std::min(s.idle_expires_at, s.expires_at);
       }>},
      {"session.setIdleExpiresAt", on_session<[](domain::Session& s, const Command& c) {
         s.idle_expires_at = earlier(s.idle_expires_at, c);
       }>},
      {"session.setCookieMode",
       on_session<[](domain::Session& s, const Command& c) { s.persistent = c.text(0) == "persistent"; }>},
      {"session.setMetadata",
       on_session<[](domain::Session& s, const Command& c) { set_metadata(s.metadata, c); }>},
      {"session.deleteMetadata",
       on_session<[](domain::Session& s, const Command& c) { s.metadata.erase(c.text(0)); }>},
      {"session.evictMetadata", on_session<[](domain::Session& s, const Command&) { s.metadata.clear(); }>},
  };
  return rows;
}

bool is_refusal(std::string_view name) {
  return name == "access.deny" || name == "validation.error" || name.ends_with(".revoke");
}

// Of what ends a chain the first refusal counts, otherwise the last (engine/README.md).
const Command* ending_of(const Performed& performed) {
  const Command* last = nullptr;
  for (const auto& command : performed.commands) {
    if (!find_command(trigger, command.name)->ends) continue;
    last = &command;
    if (is_refusal(command.name)) break;
  }
  return last;
}

void apply(Run& run, const Performed& performed) {
  const Command* ending = ending_of(performed);
  for (const auto& command : performed.commands) {
    const auto row = table().find(command.name);
    if (row == table().end()) continue;  // api.cache: applied where it is kept
    if (find_command(trigger, command.name)->ends && &command != ending) continue;
    row->second(run, command);
  }
  if (run.verdict.redirect) run.verdict.progress.next = performed.binding;
}

void fail_closed(Run& run, const Failure& failure) {
  deny(run, "access_denied", "The login could not be completed.");
  if (failure.is_overload) {
    auto& error = run.verdict.denial->error;
    error = {ErrorKind::unavailable,
             "temporarily_unavailable",
             "The server is overloaded. Please try again.",
             {},
             failure.retry_after};
  }
  run.verdict.denial->log_text =
      "Action " + failure.action + ": " + failure.kind + ": " + failure.message.substr(0, 500);
}

void check_redirect(Run& run) {
  if (!run.verdict.redirect || run.facts.may_redirect) return;
  run.verdict.redirect.reset();
  deny(run, "interaction_required", "A script of this login sends the person elsewhere.");
}

void check_claims(Run& run) {
  const auto& tokens = run.verdict.tokens;
  if (json::serialize(tokens.id_claims).size() + json::serialize(tokens.access_claims).size() > claims_max)
    deny(run, "access_denied", "The custom claims of this login are too large.");
}

// Auth0: the identity that signed in has to be a secondary one of that user.
Async<> change_user(const ports::Services& services, Run& run) {
  if (run.primary_user.empty() || run.primary_user == run.facts.user.user_id) co_return Result<>();
  CO_TRY(auto primary, co_await services.users.find(run.facts.context.tenant->id, run.primary_user));
  const auto& own = run.facts.user.identities.front();
  const bool is_linked = primary && std::ranges::any_of(primary->identities, [&](const auto& identity) {
                           return identity.provider == own.provider && identity.user_id == own.user_id;
                         });
  if (!is_linked) {
    deny(run, "access_denied", "The primary user of this login is not linked to it.");
    co_return Result<>();
  }
  run.verdict.user = std::move(*primary);
  run.user_changed = false;  // metadata set for the other user is lost (Auth0)
  co_return Result<>();
}

void write_user(Run& run) {
  if (!run.user_changed) return;
  auto& user = run.verdict.user;
  user.updated_at = run.facts.context.now;
  std::vector<domain::Identifier> identifiers;
  for (const auto& identity : user.identities)
    std::ranges::move(domain::identifiers_of(user, identity), std::back_inserter(identifiers));
  run.verdict.writes.push_back(ports::ReplaceUser{user, std::move(identifiers)});
}

}  // namespace

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
    if (word != "openid") add_word(scope, word);
  for (const auto& word : removed_scopes) remove_word(scope, word);
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
  return {{"next", int64_t(next)},
          {"rules", rules_done},
          {"tokens", tokens.to_json()},
          {"metadata", transaction_metadata},
          {"methods", methods}};
}

Progress Progress::from_json(const json::Object& object) {
  Progress out{.next = size_t(std::max<int64_t>(json::integer_or(object, "next", 0), 0))};
  out.rules_done = json::boolean_or(object, "rules", false);
  if (const auto* tokens = json::object(object, "tokens")) out.tokens = TokenChanges::from_json(*tokens);
  if (const auto* metadata = json::object(object, "metadata")) out.transaction_metadata = *metadata;
  if (const auto* methods = json::array(object, "methods")) out.methods = *methods;
  return out;
}

namespace {

Async<> rules_step(const ports::Services& services, Run& run, const json::Array& roles) {
  auto& verdict = run.verdict;
  if (verdict.progress.rules_done) co_return Result<>();
  CO_TRY(auto rules, co_await run_rules(services, run.facts, roles));
  verdict.progress.rules_done = true;
  if (!rules.ran) co_return Result<>();
  verdict.tokens = std::move(rules.tokens);
  verdict.denial = std::move(rules.denial);
  if (!verdict.denial && rules.wants_factor) no_factor(run);
  run.primary_user = std::move(rules.primary_user);
  run.rules_executed = std::move(rules.executed);
  verdict.trace["rules"] = std::move(rules.trace);
  std::ranges::move(rules.writes, std::back_inserter(verdict.writes));
  if (rules.redirect) {
    verdict.redirect = std::move(rules.redirect);
    verdict.progress.rules_done = false;
  }
  // Who came back for the rules has not been at an action yet.
  run.facts.came_back.reset();
  co_return Result<>();
}

Async<> actions_step(const ports::Services& services, Run& run, json::Array roles) {
  auto& verdict = run.verdict;
  TriggerCall call{.tenant = run.facts.context.tenant->id,
                   .trigger = std::string(trigger),
                   .event = event_of(run.facts, verdict.progress, roles),
                   .from = verdict.progress.next,
                   .resumes = run.facts.came_back.has_value(),
                   .now = run.facts.context.now};
  call.more["roles"] = std::move(roles);
  call.more["rules_executed"] = run.rules_executed;
  if (run.facts.came_back) call.more["continue"] = *run.facts.came_back;
  CO_TRY(auto outcome, co_await run_trigger(services, std::move(call)));
  for (const auto& performed : outcome.performed)
    if (!verdict.denial) apply(run, performed);
  if (outcome.failure) fail_closed(run, *outcome.failure);
  if (!outcome.execution_id.empty()) verdict.trace["actions"] = outcome.trace();
  std::ranges::move(outcome.writes, std::back_inserter(verdict.writes));
  co_return Result<>();
}

}  // namespace

Async<bool> has_login_scripts(const ports::Services& services, domain::TenantId tenant) {
  CO_TRY(const auto scripts, co_await services.configuration.scripts(tenant));
  co_return !scripts->rules.empty() || !scripts->bound_to(trigger).empty();
}

Async<LoginVerdict> post_login(const ports::Services& services, LoginFacts facts) {
  const auto tenant = facts.context.tenant->id;
  Run run{.facts = std::move(facts), .verdict = {}};
  auto& verdict = run.verdict;
  verdict.user = run.facts.user;
  if (run.facts.progress) verdict.progress = *run.facts.progress;
  verdict.tokens = verdict.progress.tokens;
  CO_TRY(verdict.ran, co_await has_login_scripts(services, tenant));
  if (!verdict.ran) co_return std::move(verdict);

  CO_TRY(auto roles, co_await roles_of_user(services, tenant, run.facts.user.user_id));
  CO_ENSURE(co_await rules_step(services, run, roles));
  if (!verdict.denial && !verdict.redirect) {
    CO_ENSURE(co_await actions_step(services, run, std::move(roles)));
  }
  if (!verdict.denial) check_redirect(run);
  if (!verdict.denial) check_claims(run);
  if (!verdict.denial) {
    CO_ENSURE(co_await change_user(services, run));
  }
  write_user(run);
  verdict.progress.tokens = verdict.tokens;
  co_return std::move(verdict);
}

}  // namespace durward::extensions
