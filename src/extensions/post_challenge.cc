#include "extensions/post_challenge.h"

#include <map>

#include "base/excerpt.h"
#include "extensions/trigger.h"

namespace durward::extensions {
namespace {

// The link came by mail; that it was opened is the proof so far.
json::Object event_of(const ChallengeFacts& facts, const json::Array& roles) {
  return {{"tenant", tenant_event(*facts.context.tenant)},
          {"client", client_event(facts.client ? *facts.client : domain::Client())},
          {"connection", connection_event(facts.connection)},
          {"request", request_event(facts.context, facts.request)},
          {"user", user_event(facts.user)},
          {"authorization", json::Object{{"roles", names_of(roles)}}},
          {"authentication", authentication_event("email", facts.context.now)},
          {"stats", json::Object{{"logins_count", facts.user.logins_count}}},
          {"transaction", json::Object{{"locale", facts.locale}, {"ui_locales", json::Array()}}}};
}

void deny(ChallengeVerdict& verdict, std::string_view reason) {
  verdict.log_text = excerpt(reason, words_max);
  verdict.denial = Error{ErrorKind::forbidden, "access_denied", verdict.log_text, {}};
}

using Apply = void (*)(ChallengeVerdict&, const Command&);

// api.cache is applied where it is kept.
const std::map<std::string_view, Apply>& table() {
  static const std::map<std::string_view, Apply> rows = {
      {"transaction.setResultUrl",
       [](ChallengeVerdict& verdict, const Command& c) { verdict.progress.result_url = c.text(0); }},
      {"access.deny", [](ChallengeVerdict& verdict, const Command& c) { deny(verdict, c.text(0)); }},
      {"authentication.challengeWith",
       [](ChallengeVerdict& verdict, const Command&) { deny(verdict, no_factor_left); }},
      {"authentication.challengeWithAny",
       [](ChallengeVerdict& verdict, const Command&) { deny(verdict, no_factor_left); }},
      {"prompt.render", [](ChallengeVerdict& verdict, const Command&) { deny(verdict, no_form); }},
      {"redirect.sendUserTo",
       [](ChallengeVerdict& verdict, const Command& c) { verdict.redirect = c.text(0); }},
  };
  return rows;
}

void apply(ChallengeVerdict& verdict, const Performed& performed) {
  const Command* ending = ending_of(post_challenge_trigger, performed.commands);
  for (const auto& command : performed.commands) {
    const auto row = table().find(command.name);
    if (row == table().end()) continue;
    if (find_command(post_challenge_trigger, command.name)->ends && &command != ending) continue;
    row->second(verdict, command);
  }
}

void fail_closed(ChallengeVerdict& verdict, const Failure& failure) {
  deny(verdict, "The password could not be changed.");
  verdict.denial = failure.to_error(std::move(*verdict.denial));
  verdict.log_text = failure.to_text();
}

Async<TriggerCall> call_of(const ports::Services& services, const ChallengeFacts& facts) {
  const auto tenant = facts.context.tenant->id;
  CO_TRY(const auto roles, co_await roles_of_user(services, tenant, facts.user.user_id));
  TriggerCall call{.tenant = tenant,
                   .trigger = std::string(post_challenge_trigger),
                   .event = event_of(facts, roles),
                   .now = facts.context.now};
  if (facts.came_back) {
    call.more["continue"] = *facts.came_back;
    call.resume_at = facts.progress.binding;
    call.resume_before = facts.progress.before;
  }
  co_return call;
}

}  // namespace

json::Object ChallengeProgress::to_json() const {
  return {{"at", binding}, {"before", before}, {"url", result_url}};
}

ChallengeProgress ChallengeProgress::from_json(const json::Object& object) {
  return {.binding = json::string_or(object, "at"),
          .before = json::string_or(object, "before"),
          .result_url = json::string_or(object, "url")};
}

Async<ChallengeVerdict> post_challenge(const ports::Services& services, ChallengeFacts facts) {
  CO_TRY(auto call, co_await call_of(services, facts));
  CO_TRY(auto outcome, co_await run_trigger(services, std::move(call)));
  ChallengeVerdict verdict{.progress = {.result_url = facts.progress.result_url}};
  for (const auto& one : outcome.performed) apply(verdict, one);
  if (outcome.failure) fail_closed(verdict, *outcome.failure);
  if (verdict.denial) verdict.redirect.reset();
  if (verdict.redirect) {
    verdict.progress.binding = outcome.performed.back().binding;
    verdict.progress.before = outcome.before;
  }
  verdict.trace = outcome.trace();
  verdict.writes = std::move(outcome.writes);
  co_return verdict;
}

}  // namespace durward::extensions
