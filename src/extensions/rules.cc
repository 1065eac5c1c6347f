#include "extensions/rules.h"

#include <algorithm>

#include "base/excerpt.h"
#include "extensions/execution_record.h"
#include "standards/oauth/redirect_uri.h"

namespace durward::extensions {
namespace {

// Auth0: all rules of a login together.
constexpr Milliseconds rules_time{20'000};

// Members of app_metadata are also the user's own where the user has none of that name (Auth0, Rules).
json::Object user_of(const LoginFacts& facts) {
  json::Object user = user_event(facts.user);
  user.erase("enrolledFactors");
  if (const auto* metadata = json::object(user, "app_metadata")) {
    const json::Object copy = *metadata;
    for (const auto& member : copy)
      if (!user.contains(member.key())) user.emplace(member.key(), member.value());
  }
  return user;
}

json::Object request_of(const LoginFacts& facts) {
  json::Object query = facts.request.query, body = facts.request.body;
  if (facts.came_back) {
    if (const auto* back = json::object(*facts.came_back, "query")) query = *back;
    if (const auto* back = json::object(*facts.came_back, "body")) body = *back;
  }
  return {
      {"ip", facts.context.ip},    {"hostname", facts.context.host}, {"userAgent", facts.context.user_agent},
      {"query", std::move(query)}, {"body", std::move(body)},        {"geoip", json::Object()}};
}

json::Object context_of(const LoginFacts& facts, const json::Array& roles) {
  json::Object context{
      {"tenant", facts.context.tenant->name},
      {"clientID", facts.client->client_id},
      {"clientName", facts.client->name},
      {"clientMetadata", client_event(*facts.client).at("metadata")},
      {"protocol", facts.came_back ? "redirect-callback" : json::string_or(facts.transaction, "protocol")},
      {"stats", json::Object{{"loginsCount", facts.user.logins_count}}},
      {"request", request_of(facts)},
      {"idToken", json::Object()},
      {"accessToken", json::Object()},
      {"authorization", json::Object{{"roles", names_of(roles)}}}};
  context["authentication"] =
      facts.session ? authentication_event(*facts.session) : authentication_event("pwd", facts.context.now);
  if (facts.connection) {
    context["connection"] = facts.connection->name;
    context["connectionID"] = facts.connection->id;
    context["connectionStrategy"] = facts.connection->strategy;
    const auto event = connection_event(*facts.connection);
    context["connectionMetadata"] = event.contains("metadata") ? event.at("metadata") : json::Object();
  }
  if (facts.session) context["sessionID"] = facts.session->sid();
  json::Object sso{{"with_auth0", false}, {"with_dbconn", false}, {"current_clients", json::Array()}};
  if (facts.session) sso["current_clients"] = json::array_of(facts.session->clients);
  context["sso"] = std::move(sso);
  return context;
}

Denial denial_of(const ports::ScriptError& error) {
  const bool unauthorized = error.kind == "thrown" && error.name == "UnauthorizedError";
  const std::string words =
      unauthorized ? excerpt(error.message, words_max) : "The login could not be completed.";
  return {.error = {ErrorKind::forbidden, unauthorized ? "unauthorized" : "access_denied", words, {}},
          .log_type = "f",
          .log_text = "Rule: " + error.kind + ": " + excerpt(error.message, words_max)};
}

json::Object claims_of(const json::Object& context, std::string_view member) {
  json::Object out;
  const auto* object = json::object(context, member);
  if (!object) return out;
  for (const auto& claim : *object)
    if (judge_claim(claim.key()) == ClaimName::free && !claim.value().is_null())
      out.emplace(claim.key(), claim.value());
  return out;
}

// context.accessToken.scope replaces what was asked for.
void take_scope(TokenChanges& tokens, const json::Object& context, const LoginFacts& facts) {
  const auto* access = json::object(context, "accessToken");
  if (!access || !json::array(*access, "scope")) return;
  const auto wanted = json::strings(*access, "scope");
  const auto asked = json::strings(facts.transaction, "requested_scopes");
  for (const auto& word : asked)
    if (std::ranges::find(wanted, word) == wanted.end()) tokens.removed_scopes.push_back(word);
  for (const auto& word : wanted)
    if (std::ranges::find(asked, word) == asked.end()) tokens.added_scopes.push_back(word);
}

void take_context(RulesOutcome& out, const json::Object& context, const LoginFacts& facts) {
  out.tokens.id_claims = claims_of(context, "idToken");
  out.tokens.access_claims = claims_of(context, "accessToken");
  take_scope(out.tokens, context, facts);
  if (const auto* redirect = json::object(context, "redirect"); redirect && !facts.came_back)
    if (const auto url = oauth::parse_url(json::string_or(*redirect, "url")); url && url->is_web())
      out.redirect = json::string_or(*redirect, "url");
  out.primary_user = json::string_or(context, "primaryUser");
  if (const auto* factor = json::object(context, "multifactor"))
    out.wants_factor = json::string_or(*factor, "provider", "none") != "none";
}

// What rules did to `context` is in the verdict; their rows say what ran.
void record(const ports::Services& services, RulesOutcome& out, const ports::ScriptOutcome& outcome,
            const std::vector<domain::BoundScript>& rules, TimePoint now) {
  json::Array rows;
  for (size_t i = 0; i < outcome.results.size() && i < rules.size(); ++i) {
    const auto& result = outcome.results[i];
    rows.push_back(result.error ? record_of(result, rules[i], *result.error) : record_of(result, rules[i]));
  }
  auto record = execution_of(services, "rules", std::move(rows), out.denial.has_value(), now);
  out.trace = {{"execution", record.execution.id}, {"rules", out.executed}};
  out.writes.push_back(std::move(record));
}

// Only for rules that want it: a signature costs more than a rule.
Async<json::Object> helper_of(const LoginFacts& facts, const std::vector<domain::BoundScript>& rules) {
  json::Object helper{{"domain", facts.context.host}};
  const bool wanted = std::ranges::any_of(
      rules, [](const auto& rule) { return rule.script->code.find("auth0") != std::string::npos; });
  if (!wanted || !facts.users_token) co_return helper;
  CO_TRY(auto token, co_await facts.users_token(facts.context));
  helper["accessToken"] = std::move(token);
  co_return helper;
}

}  // namespace

Async<RulesOutcome> run_rules(const ports::Services& services, const LoginFacts& facts, json::Array roles) {
  RulesOutcome out;
  const auto tenant = facts.context.tenant->id;
  CO_TRY(const auto scripts, co_await services.configuration.scripts(tenant));
  if (scripts->rules.empty()) co_return out;
  out.ran = true;
  ports::ScriptCall call{
      .contract = ports::Contract::rule, .trigger = "rule", .handler = {}, .within = rules_time};
  for (const auto& rule : scripts->rules) call.scripts.push_back(rule.script);
  CO_TRY(auto helper, co_await helper_of(facts, scripts->rules));
  call.input = {{"user", user_of(facts)},
                {"context", context_of(facts, roles)},
                {"configuration", scripts->rules_configuration},
                {"auth0", std::move(helper)}};
  auto outcome = co_await services.scripts.run(tenant, std::move(call));
  if (!outcome) {
    out.denial = Denial{.error = {ErrorKind::unavailable,
                                  "temporarily_unavailable",
                                  "The server is overloaded. Please try again.",
                                  {},
                                  outcome.error().retry_after},
                        .log_type = "f",
                        .log_text = "Rules could not be run: " + outcome.error().code};
    co_return out;
  }
  for (const auto& result : outcome->results) {
    out.executed.push_back(json::Value(result.id));
    if (result.error && !out.denial) out.denial = denial_of(*result.error);
  }
  // A rule that nothing was told of did not let anybody pass.
  if (outcome->results.size() < scripts->rules.size() && !out.denial)
    out.denial = denial_of({.kind = "crashed", .name = {}, .message = "A rule told nothing."});
  if (const auto* context = json::object(outcome->output, "context"); context && !out.denial)
    take_context(out, *context, facts);
  record(services, out, *outcome, scripts->rules, facts.context.now);
  co_return out;
}

}  // namespace durward::extensions
