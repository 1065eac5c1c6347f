#include "base/encoding.h"
#include "login/screens.h"
#include "login/transaction.h"
#include "login/visit.h"

// /continue: people come back from where a script sent them (Auth0, Actions: redirects).
namespace durward::login {
namespace {

constexpr size_t back_max = 4096;  // bytes that come back in a form

json::Object object_of(const http::Parameters& parameters) {
  json::Object out;
  for (const auto& [name, value] : parameters) out.emplace(name, value);
  return out;
}

Task<http::Response> lost(const MachinePtr& machine, endpoint::RequestContext context,
                          http::Headers headers) {
  co_return co_await error_page(
      machine->services(), context, headers,
      {400, "invalid_request", "This page has expired, or it belongs to another browser.", {}, {}});
}

// The cookie that binds a transaction to its browser is not sent with a form of another site (SameSite=Lax,
// RFC 6265bis §5.2), but with the page that this answer leads to.
http::Response again_as_page(const http::Parameters& form, const std::string& state) {
  std::string target = "/continue?state=" + percent_encode(state);
  for (const auto& [name, value] : form)
    if (name != "state") target += "&" + percent_encode(name) + "=" + percent_encode(value);
  auto response = http::redirect(303, target);
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace

Task<http::Response> continue_login(MachinePtr machine, endpoint::RequestContext context,
                                    http::Request request, endpoint::PathParameters) {
  const auto query = http::parse_form(request.query);
  if (!query) co_return co_await lost(machine, context, request.headers);
  http::Parameters form;
  if (request.method == http::Method::post && request.body.size() <= back_max)
    if (auto read = read_form(request)) form = std::move(*read);
  const std::string state = query->get_or("state", form.get_or("state"));
  auto& vault = machine->services().vault;
  const auto tenant = context.tenant->id;
  auto reset = open_pass(vault, tenant, PassKind::away, state, request.headers, context.now);
  const bool is_reset = reset.problem != StateProblem::unknown;
  auto opened = is_reset ? OpenedState{{}, reset.problem}
                         : open_state(vault, tenant, state, request.headers, context.now);
  if (opened.problem == StateProblem::foreign && request.method == http::Method::post)
    co_return again_as_page(form, state);
  if (opened.problem) co_return co_await lost(machine, context, request.headers);
  json::Object came_back{{"state", state}, {"query", object_of(*query)}, {"body", object_of(form)}};
  if (is_reset)
    co_return co_await continue_reset(machine, context, std::move(request), std::move(reset.pass),
                                      std::move(came_back));
  co_return co_await machine->continued(context, std::move(request), std::move(*opened.transaction),
                                        std::move(came_back));
}

}  // namespace durward::login
