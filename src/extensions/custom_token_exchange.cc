#include "extensions/custom_token_exchange.h"

#include <algorithm>
#include <map>

#include "base/excerpt.h"

namespace durward::extensions {
namespace {

constexpr std::string_view trigger = "custom-token-exchange";
constexpr size_t code_max = 100, user_id_max = 255;

json::Object event_of(const ExchangeFacts& facts) {
  return {{"tenant", tenant_event(*facts.context.tenant)},
          {"client", client_event(*facts.client)},
          {"request", request_event(facts.context, facts.request)},
          {"resource_server", json::Object{{"identifier", facts.audience}}},
          {"transaction", facts.transaction}};
}

void deny(ExchangeVerdict& verdict, std::string code, std::string reason) {
  if (!verdict.denial)
    verdict.denial = Error{ErrorKind::invalid, excerpt(code, code_max), excerpt(reason, words_max), {}};
}

// The action did something that nobody can go by: its author reads why in the log.
void give_up(ExchangeVerdict& verdict, std::string why) {
  if (verdict.denial) return;
  verdict.denial =
      Error{ErrorKind::forbidden, "access_denied", "The token exchange could not be completed.", {}};
  verdict.log_text = std::move(why);
}

// --- setUserByConnection

enum class Kind { text, boolean };
struct AttributeRow {
  std::string_view name;
  Kind kind;
};
constexpr AttributeRow attribute_rows[] = {
    {"user_id", Kind::text},  {"email", Kind::text},        {"email_verified", Kind::boolean},
    {"username", Kind::text}, {"phone_number", Kind::text}, {"phone_verified", Kind::boolean},
    {"name", Kind::text},     {"given_name", Kind::text},   {"family_name", Kind::text},
    {"nickname", Kind::text}, {"picture", Kind::text},      {"verify_email", Kind::boolean},
};

bool is_attribute(const json::Object::value_type& member) {
  const auto row = std::ranges::find(attribute_rows, std::string_view(member.key()), &AttributeRow::name);
  if (row == std::end(attribute_rows)) return false;
  return row->kind == Kind::text ? member.value().is_string() : member.value().is_bool();
}

// As API v2 takes them: an id is a word.
bool is_user_id(const std::string& id) {
  return !id.empty() && id.size() <= user_id_max &&
         std::ranges::none_of(id, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

bool asks_for(const Command& command, std::string_view option, std::string_view value) {
  const auto* options = command.object(2);
  return options && json::string_or(*options, option) == value;
}

void set_user_by_connection(ExchangeVerdict& verdict, const Command& command) {
  const auto& attributes = *command.object(1);
  if (!std::ranges::all_of(attributes, is_attribute) || !is_user_id(json::string_or(attributes, "user_id")))
    return give_up(verdict, "setUserByConnection: wrong attributes");
  verdict.by_connection =
      UserByConnection{.connection = command.text(0),
                       .attributes = attributes,
                       .may_create = asks_for(command, "creationBehavior", "create_if_not_exists"),
                       .replaces = asks_for(command, "updateBehavior", "replace")};
}

// --- setActor

bool is_actor(const json::Object& actor, int depth = 1) {
  if (depth > actor_depth_max || json::string_or(actor, "sub").empty()) return false;
  const auto* act = actor.if_contains("act");
  return !act || (act->is_object() && is_actor(act->get_object(), depth + 1));
}

void set_actor(ExchangeVerdict& verdict, const Command& command) {
  const auto& actor = *command.object(0);
  if (!is_actor(actor) || json::serialize(actor).size() > actor_size_max)
    return give_up(verdict, "setActor: not an actor");
  verdict.actor = actor;
}

// --- what each command does

using Apply = void (*)(ExchangeVerdict&, const Command&);

const std::map<std::string_view, Apply>& table() {
  static const std::map<std::string_view, Apply> rows = {
      {"access.deny", [](ExchangeVerdict& v, const Command& c) { deny(v, c.text(0), c.text(1)); }},
      {"access.rejectInvalidSubjectToken",
       [](ExchangeVerdict& v, const Command& c) {
         v.rejects_subject_token = !v.denial;
         deny(v, "invalid_request", c.text(0));
       }},
      {"authentication.setUserById", [](ExchangeVerdict& v, const Command& c) { v.user_id = c.text(0); }},
      {"authentication.setUserByConnection", set_user_by_connection},
      {"authentication.setActor", set_actor},
      {"authentication.setOrganization",
       [](ExchangeVerdict& v, const Command&) {
         deny(v, "invalid_request", "The organization does not exist.");
       }},
      {"user.setUserMetadata", [](ExchangeVerdict& v, const Command& c) { v.metadata.note(c); }},
      {"user.setAppMetadata", [](ExchangeVerdict& v, const Command& c) { v.metadata.note(c); }},
  };
  return rows;
}

void apply(ExchangeVerdict& verdict, const Command& command) {
  const auto row = table().find(command.name);
  if (row != table().end()) row->second(verdict, command);  // api.cache: applied where it is kept
}

bool chooses_user(const Command& command) { return command.name.starts_with("authentication.setUser"); }

void conclude(ExchangeVerdict& verdict, const TriggerOutcome& outcome) {
  std::ptrdiff_t choices = 0;
  for (const auto& performed : outcome.performed) {
    choices += std::ranges::count_if(performed.commands, chooses_user);
    for (const auto& command : performed.commands) apply(verdict, command);
  }
  if (outcome.execution_id.empty()) return give_up(verdict, "the action of the profile is not deployed");
  if (outcome.failure) {
    give_up(verdict, outcome.failure->to_text());
    verdict.denial = outcome.failure->to_error(*std::move(verdict.denial));
    return;
  }
  if (choices != 1) give_up(verdict, "the action has to set the user exactly once");
}

}  // namespace

Async<ExchangeVerdict> custom_token_exchange(const ports::Services& services, ExchangeFacts facts) {
  CO_TRY(auto outcome, co_await run_trigger(services, {.tenant = facts.context.tenant->id,
                                                       .trigger = std::string(trigger),
                                                       .event = event_of(facts),
                                                       .action_id = facts.profile.action_id,
                                                       .now = facts.context.now}));
  ExchangeVerdict verdict;
  conclude(verdict, outcome);
  verdict.trace = outcome.trace();
  verdict.writes = std::move(outcome.writes);
  co_return verdict;
}

}  // namespace durward::extensions
