#include <algorithm>

#include "login/screens.h"
#include "login/session_cookie.h"
#include "login/visit.h"

// /u/consent
namespace durward::login {
namespace {

struct KnownScope {
  std::string_view scope;
  Text words;
};
constexpr KnownScope known_scopes[] = {
    {"openid", Text::scope_openid},   {"profile", Text::scope_profile},
    {"email", Text::scope_email},     {"phone", Text::scope_phone},
    {"address", Text::scope_address}, {"offline_access", Text::scope_offline_access},
};

std::string describe(const Visit& visit, const domain::ResourceServer* api, const std::string& scope) {
  for (const auto& known : known_scopes)
    if (known.scope == scope) return visit.words(known.words);
  if (api)
    for (const auto& own : api->scopes())
      if (own.value == scope && !own.description.empty()) return own.description;
  return scope;
}

Async<ConsentPage> page_of(const Visit& visit, std::string user_name) {
  std::shared_ptr<const domain::ResourceServer> api;
  if (!visit.transaction.audience.empty()) {
    CO_TRY(api, co_await visit.machine->services().configuration.resource_server(visit.context.tenant->id,
                                                                                 visit.transaction.audience));
  }
  ConsentPage page{.state = visit.state,
                   .client_name = visit.client_name().empty() ? visit.client->client_id : visit.client_name(),
                   .client_logo = visit.client->logo_uri,
                   .user_name = std::move(user_name)};
  if (api) page.api_name = api->name;
  for (const std::string& scope : visit.transaction.scope)
    page.scopes.push_back(describe(visit, api.get(), scope));
  co_return page;
}

// The name of the person who is asked; nothing when somebody else, or nobody, is signed in by now.
Async<std::optional<std::string>> person_asked(const Visit& visit) {
  const auto& services = visit.machine->services();
  CO_TRY(const auto session, co_await session_of(services, visit.context, visit.request.headers));
  if (!session || session->sid() != visit.transaction.sid) co_return std::nullopt;
  CO_TRY(const auto user, co_await services.users.find(visit.context.tenant->id, session->user_id));
  if (!user) co_return std::nullopt;
  co_return user->email().empty() ? json::string_or(user->profile, "name", user->user_id) : user->email();
}

}  // namespace

Task<http::Response> show_consent(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                  endpoint::PathParameters) {
  auto opened = co_await open_visit(machine, std::move(context), std::move(request));
  if (!opened) co_return std::move(opened.error());
  const Visit& visit = *opened;
  const auto person = co_await person_asked(visit);
  if (person && !*person) co_return co_await machine->resume(visit.context, visit.request, visit.transaction);
  if (person) {
    const auto page = co_await page_of(visit, **person);
    if (page) co_return render(visit.page, *page);
  }
  co_return co_await error_page(
      machine->services(), visit.context, visit.request.headers,
      {503, "temporarily_unavailable", "The server is overloaded. Please try again.", {}, {}});
}

Task<http::Response> post_consent(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                  endpoint::PathParameters) {
  auto opened = co_await open_visit(machine, std::move(context), std::move(request));
  if (!opened) co_return std::move(opened.error());
  const Visit& visit = *opened;
  if (visit.form.get_or("action") == "accept")
    co_return co_await machine->consented(visit.context, visit.request, visit.transaction);
  co_return co_await machine->refuse(
      visit.context, visit.transaction,
      {ErrorKind::forbidden, "access_denied", "User did not authorize the request", {}}, "f");
}

}  // namespace durward::login
