#include "extensions/login_commands.h"

#include <algorithm>
#include <map>

#include "base/excerpt.h"

namespace durward::extensions {
namespace {

constexpr size_t claims_max = 100 << 10;    // bytes of JSON, Auth0: 100 KB
constexpr size_t metadata_max = 25;         // entries of a session or a refresh token (Auth0)
constexpr size_t metadata_text_max = 1024;  // bytes, Auth0: 255 characters

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

// One login on its way through what its scripts ask for.
struct Run {
  const LoginFacts& facts;
  LoginVerdict verdict;
};

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

using Apply = void (*)(Run&, const Command&);
using SessionChange = void (*)(domain::Session&, const Command&);

// Without a session (a refresh without one, a password grant) there is nothing to change.
template <SessionChange change>
void on_session(Run& run, const Command& command) {
  if (run.facts.session) change(session_of(run), command);
}

void set_metadata(json::Object& metadata, const Command& command) {
  const std::string name = command.text(0);
  if (name.size() > metadata_text_max || command.text(1).size() > metadata_text_max) return;
  if (metadata.size() < metadata_max || metadata.contains(name)) metadata[name] = command.args[1];
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
         run.verdict.user_changed = true;
       }},
      {"user.setAppMetadata",
       [](Run& run, const Command& c) {
         put_in(run.verdict.user.profile, "app_metadata", c.text(0), c.args[1]);
         run.verdict.user_changed = true;
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
      {"authentication.setPrimaryUser",
       [](Run& run, const Command& c) { run.verdict.progress.primary_user = c.text(0); }},
      {"authentication.challengeWith", [](Run& run, const Command&) { no_factor(run.verdict); }},
      {"authentication.challengeWithAny", [](Run& run, const Command&) { no_factor(run.verdict); }},
      {"authentication.enrollWith", [](Run& run, const Command&) { no_factor(run.verdict); }},
      {"authentication.enrollWithAny", [](Run& run, const Command&) { no_factor(run.verdict); }},
      {"multifactor.enable",
       [](Run& run, const Command& c) {
         if (c.text(0) != "none") no_factor(run.verdict);
       }},
      {"prompt.render", [](Run& run, const Command&) { deny(run.verdict, "access_denied", no_form); }},
      {"redirect.sendUserTo", [](Run& run, const Command& c) { run.verdict.redirect = c.text(0); }},
      {"access.deny", [](Run& run, const Command& c) { deny(run.verdict, "access_denied", c.text(0)); }},
      {"validation.error",
       [](Run& run, const Command& c) {
         deny(run.verdict, c.text(0), c.text(1));
         run.verdict.denial->error.kind = ErrorKind::invalid;
         run.verdict.denial->on_page = true;
       }},
      {"refreshToken.revoke",
       [](Run& run, const Command& c) {
         deny(run.verdict, "access_denied", c.text(0));
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
         deny(run.verdict, "access_denied", c.text(0));
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

void apply(Run& run, const Performed& performed) {
  const Command* ending = ending_of(post_login_trigger, performed.commands);
  for (const auto& command : performed.commands) {
    const auto row = table().find(command.name);
    if (row == table().end()) continue;  // api.cache: applied where it is kept
    if (find_command(post_login_trigger, command.name)->ends && &command != ending) continue;
    row->second(run, command);
  }
  if (run.verdict.redirect) run.verdict.progress.binding = performed.binding;
}

void fail_closed(LoginVerdict& verdict, const Failure& failure) {
  deny(verdict, "access_denied", "The login could not be completed.");
  verdict.denial->error = failure.to_error(std::move(verdict.denial->error));
  verdict.denial->log_text = failure.to_text();
}

void check_redirect(const LoginFacts& facts, LoginVerdict& verdict) {
  if (!verdict.redirect || facts.may_redirect) return;
  verdict.redirect.reset();
  deny(verdict, "interaction_required", "A script of this login sends the person elsewhere.");
}

void check_claims(LoginVerdict& verdict) {
  const auto& tokens = verdict.tokens;
  if (json::serialize(tokens.id_claims).size() + json::serialize(tokens.access_claims).size() > claims_max)
    deny(verdict, "access_denied", "The custom claims of this login are too large.");
}

// Auth0: the identity that signed in has to be a secondary one of that user.
bool is_linked(const domain::User& primary, const domain::User& user) {
  return !user.identities.empty() && std::ranges::any_of(primary.identities, [&](const auto& identity) {
    return identity.provider == user.identities.front().provider &&
           identity.user_id == user.identities.front().user_id;
  });
}

}  // namespace

std::string wanted_user(const LoginFacts& facts, const LoginVerdict& verdict) {
  const std::string& wanted = verdict.progress.primary_user;
  return verdict.denial || wanted == facts.user.user_id ? std::string() : wanted;
}

void become(const LoginFacts& facts, LoginVerdict& verdict, std::optional<domain::User> primary) {
  if (!primary || !is_linked(*primary, facts.user))
    return deny(verdict, "access_denied", "The primary user of this login is not linked to it.");
  if (primary->blocked()) return deny(verdict, "unauthorized", "user is blocked");
  verdict.user = std::move(*primary);
  verdict.user_changed = false;  // metadata set for the other user is lost (Auth0)
}

void deny(LoginVerdict& verdict, std::string code, std::string_view reason) {
  const std::string words = excerpt(reason, words_max);
  verdict.denial =
      Denial{.error = {ErrorKind::forbidden, std::move(code), words, {}}, .log_type = "f", .log_text = words};
}

void no_factor(LoginVerdict& verdict) { deny(verdict, "access_denied", no_factor_left); }

LoginVerdict decide(const LoginFacts& facts, LoginVerdict before, const std::vector<Performed>& performed,
                    const std::optional<Failure>& failure) {
  Run run{.facts = facts, .verdict = std::move(before)};
  run.verdict.progress.rules_done = true;  // actions come after them
  for (const auto& one : performed)
    if (!run.verdict.denial) apply(run, one);
  if (failure && !run.verdict.denial) fail_closed(run.verdict, *failure);
  conclude(facts, run.verdict);
  return std::move(run.verdict);
}

void conclude(const LoginFacts& facts, LoginVerdict& verdict) {
  if (!verdict.denial) check_redirect(facts, verdict);
  if (!verdict.denial) check_claims(verdict);
  if (verdict.denial) verdict.redirect.reset();
  verdict.progress.tokens = verdict.tokens;
}

LoginVerdict begin_verdict(const LoginFacts& facts) {
  LoginVerdict verdict{.user = facts.user};
  if (facts.progress) verdict.progress = *facts.progress;
  verdict.tokens = verdict.progress.tokens;
  return verdict;
}

}  // namespace durward::extensions
