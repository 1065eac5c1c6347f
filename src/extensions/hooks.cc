#include "extensions/hooks.h"

#include "base/excerpt.h"
#include "base/log.h"
#include "extensions/execution_record.h"

namespace durward::extensions {
namespace {

// Auth0: a hook has 20 seconds.
constexpr Milliseconds hook_time{20'000};

struct HookResult {
  bool ran = false;
  std::optional<ports::ScriptError> error;
  json::Value answer;  // the first argument of the callback after its error
};

json::Value first_argument(const json::Object& output) {
  const auto* arguments = json::array(output, "arguments");
  return arguments && !arguments->empty() ? arguments->front() : json::Value();
}

Async<HookResult> run_hook(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                           json::Array arguments) {
  HookResult out;
  CO_TRY(const auto scripts, co_await services.configuration.scripts(tenant));
  const auto hook = scripts->hooks.find(trigger);
  if (hook == scripts->hooks.end()) co_return out;
  out.ran = true;
  ports::ScriptCall call{.contract = ports::Contract::hook,
                         .trigger = trigger,
                         .handler = {},
                         .scripts = {hook->second.script},
                         .input = {{"arguments", std::move(arguments)}},
                         .within = hook_time};
  CO_TRY(auto outcome, co_await services.scripts.run(tenant, std::move(call)));
  if (outcome.results.empty())
    out.error = ports::ScriptError{.kind = "crashed", .name = {}, .message = "The hook told nothing."};
  else
    out.error = std::move(outcome.results.back().error);
  out.answer = first_argument(outcome.output);
  co_return out;
}

json::Object request_of(const endpoint::RequestContext& context, const RequestFacts& facts) {
  json::Object out{
      {"ip", context.ip},           {"hostname", context.host}, {"userAgent", context.user_agent},
      {"language", facts.language}, {"query", facts.query},     {"body", facts.body},
      {"geoip", json::Object()}};
  return out;
}

void apply_credentials(ProgramVerdict& verdict, const json::Object& answer) {
  for (const auto& member : answer) {
    const std::string_view name = member.key();
    if (name == "scope" && member.value().is_array())
      verdict.scope = json::strings(answer, "scope");
    else if (judge_claim(name) == ClaimName::free)
      verdict.claims.insert_or_assign(name, member.value());
  }
}

}  // namespace

Async<ProgramVerdict> credentials_exchange_hook(const ports::Services& services, ProgramFacts facts,
                                                ProgramVerdict verdict) {
  const json::Object client{{"id", facts.client->client_id},
                            {"name", facts.client->name},
                            {"tenant", facts.context.tenant->name},
                            {"metadata", client_event(*facts.client).at("metadata")}};
  auto done = co_await run_hook(services, facts.context.tenant->id, "credentials-exchange",
                                {client, json::array_of(facts.scope), json::Value(facts.audience),
                                 json::Object{{"request", request_of(facts.context, facts.request)}}});
  if (!done) {
    verdict.denial = done.error();
    co_return verdict;
  }
  if (!done->ran) co_return verdict;
  verdict.trace = {{"hook", "credentials-exchange"}};
  if (done->error)
    verdict.denial = Error{ErrorKind::internal, "server_error", "The token request could not be completed.",
                           done->error->kind};
  else if (const auto* answer = done->answer.if_object())
    apply_credentials(verdict, *answer);
  co_return verdict;
}

Async<RegistrationVerdict> pre_user_registration_hook(const ports::Services& services,
                                                      RegistrationFacts facts, RegistrationVerdict verdict) {
  json::Object context{{"request", request_of(facts.context, facts.request)},
                       {"connection", connection_event(facts.connection)}};
  if (facts.client) context["clientID"] = facts.client->client_id;
  auto done = co_await run_hook(services, facts.context.tenant->id, "pre-user-registration",
                                {facts.user, std::move(context)});
  if (!done) {
    verdict.denial = done.error();
    co_return verdict;
  }
  if (!done->ran) co_return verdict;
  verdict.trace = {{"hook", "pre-user-registration"}};
  if (const auto& error = done->error) {
    const std::string words = error->name == "PreUserRegistrationError"
                                  ? json::string_or(error->members, "userMessage", "")
                                  : std::string();
    verdict.denial =
        Error{ErrorKind::invalid, "extensibility_error",
              words.empty() ? "The registration could not be completed." : excerpt(words, words_max),
              excerpt(error->message, words_max)};
    co_return verdict;
  }
  const auto* answer = done->answer.if_object();
  if (const auto* user = answer ? json::object(*answer, "user") : nullptr) {
    if (const auto* metadata = json::object(*user, "user_metadata")) verdict.metadata.user = *metadata;
    if (const auto* metadata = json::object(*user, "app_metadata")) verdict.metadata.app = *metadata;
  }
  co_return verdict;
}

Task<void> notify_hook(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                       json::Object user, json::Object context) {
  auto done = co_await run_hook(services, tenant, trigger, {std::move(user), std::move(context)});
  if (!done || done->error)
    log::warning("a hook failed", {{"tenant", std::to_string(tenant.value)},
                                   {"trigger", trigger},
                                   {"reason", done ? done->error->kind : done.error().code}});
}

}  // namespace durward::extensions
