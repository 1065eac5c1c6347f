#include "login/visit.h"

#include <algorithm>

#include "base/encoding.h"
#include "domain/password_policy.h"
#include "login/session_cookie.h"
#include "login/transaction.h"
#include "standards/oauth/redirect_uri.h"

namespace durward::login {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

// Where a person goes whose transaction is over (Auth0 Authentication API).
std::string way_back(const domain::Client* client, const domain::TenantSettings& settings,
                     const std::string& issuer) {
  const std::string target = client && !client->initiate_login_uri.empty() ? client->initiate_login_uri
                                                                           : settings.default_redirection_uri;
  return target.empty() ? std::string() : oauth::append_query(target, {{"iss", issuer}});
}

http::Response over(const PageContext& page, const domain::Client* client) {
  if (const std::string target = way_back(client, *page.settings, page.issuer); !target.empty()) {
    auto response = http::redirect(302, target);
    set_page_headers(response, page);
    return response;
  }
  const auto say = [&](Text key) { return std::string(text(page.language, key)); };
  return render(page, NoticePage{say(Text::expired_title), say(Text::expired_text), {}, {}}, 400);
}

using Connections = std::shared_ptr<const std::vector<domain::Connection>>;

std::vector<ConnectionPtr> databases_of(const Transaction& transaction, const Connections& connections) {
  std::vector<ConnectionPtr> out;
  for (const auto& connection : *connections)
    if (connection.is_database() &&
        (transaction.connection.empty() || connection.name == transaction.connection))
      out.emplace_back(connections, &connection);
  return out;
}

ConnectionPtr first_open(const std::vector<ConnectionPtr>& databases) {
  const auto open = std::ranges::find_if(databases, [](const auto& one) { return !one->signup_disabled(); });
  return open == databases.end() ? nullptr : *open;
}

// Everything of a visit that is configuration. A missing client is a null pointer.
Async<Visit> furnish(Visit visit) {
  const auto& services = visit.machine->services();
  const auto tenant = visit.context.tenant->id;
  const std::string& client_id = visit.transaction.client_id;
  CO_TRY(visit.page, co_await page_context(services, visit.context, visit.transaction.ui_locales,
                                           std::string(visit.request.headers.get("Accept-Language"))));
  if (client_id.empty()) co_return std::move(visit);
  CO_TRY(visit.client, co_await services.configuration.client(tenant, client_id));
  CO_TRY(const auto connections, co_await services.configuration.connections_of(tenant, client_id));
  if (connections) visit.databases = databases_of(visit.transaction, connections);
  if (!visit.databases.empty()) visit.database = visit.databases.front();
  if (co_await ports::is_on(services.flags, "signup", {.tenant = tenant, .targeting_key = {}}))
    visit.signup_database = first_open(visit.databases);
  if (!visit.transaction.callback_origin.empty())
    visit.page.form_targets.push_back(visit.transaction.callback_origin);
  if (visit.client)
    if (const auto origin = oauth::origin_of(visit.client->initiate_login_uri); origin && !origin->empty())
      visit.page.form_targets.push_back(*origin);
  CO_TRY(const bool is_scripted, co_await extensions::has_login_scripts(services, tenant));
  if (is_scripted) allow_any_target(visit.page);
  co_return std::move(visit);
}

std::string state_of(const Visit& visit) {
  if (auto state = visit.form.get("state"); state && !state->empty()) return *state;
  const auto query = http::parse_form(visit.request.query);
  return query ? query->get_or("state") : std::string();
}

Task<http::Response> page_failure(const Visit& visit, Failure failure) {
  return error_page(visit.machine->services(), visit.context, visit.request.headers, std::move(failure));
}

const Failure busy{503, "temporarily_unavailable", "The server is overloaded. Please try again.", {}, {}};

Text words_of(std::string_view log_type) {
  return log_type == "limit_mu" ? Text::address_blocked : Text::account_blocked;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    while (line.starts_with("*") || line.starts_with("-") || line.starts_with(" ")) line.remove_prefix(1);
    if (!line.empty()) out.emplace_back(line);
  }
  return out;
}

}  // namespace

std::string Visit::link(std::string_view path) const {
  return std::string(path) + "?state=" + percent_encode(state);
}

connections::database::Scene scene_of(const endpoint::RequestContext& context) {
  return {.tenant = *context.tenant,
          .host = context.link_host,
          .ip = context.ip,
          .user_agent = context.user_agent,
          .client_id = {},
          .client_name = {},
          .now = context.now};
}

connections::database::Scene Visit::scene() const {
  auto out = scene_of(context);
  out.client_id = client->client_id;
  out.client_name = client->name;
  return out;
}

Result<http::Parameters> read_form(const http::Request& request) {
  const std::string type = to_lower(request.headers.get("Content-Type"));
  if (trim(std::string_view(type).substr(0, type.find(';'))) != form_type)
    return fail(ErrorKind::invalid, "invalid_request", "This page accepts forms only.");
  return http::parse_form(request.body);
}

Task<Opened> open_visit(std::shared_ptr<Machine> machine, endpoint::RequestContext context,
                        http::Request request) {
  Visit visit;
  visit.machine = std::move(machine);
  visit.context = std::move(context);
  visit.request = std::move(request);
  const bool is_post = visit.request.method == http::Method::post;
  if (is_post) {
    auto form = read_form(visit.request);
    if (!form)
      co_return std::unexpected(
          co_await page_failure(visit, {400, "invalid_request", form.error().message, {}, {}}));
    visit.form = std::move(*form);
  }
  visit.state = state_of(visit);
  const auto& services = visit.machine->services();
  auto opened = open_state(services.vault, visit.context.tenant->id, visit.state, visit.request.headers,
                           visit.context.now);
  if (opened.transaction) visit.transaction = std::move(*opened.transaction);
  auto furnished = co_await furnish(visit);
  if (!furnished) co_return std::unexpected(co_await page_failure(visit, busy));
  visit = std::move(*furnished);
  if (opened.problem || !visit.client) co_return std::unexpected(over(visit.page, visit.client.get()));
  if (is_post && !is_same_origin_post(visit.request, visit.context.issuer))
    co_return std::unexpected(co_await page_failure(
        visit, {403, "invalid_request", "This form came from another site.", visit.client->client_id, {}}));
  co_return std::move(visit);
}

Async<bool> is_done_already(const Visit& visit) {
  CO_TRY(const auto session,
         co_await session_of(visit.machine->services(), visit.context, visit.request.headers));
  co_return session &&
      (session->sid() == visit.transaction.sid || session->authenticated_at > visit.transaction.created_at);
}

Async<> settle_database(Visit& visit, std::string identifier) {
  if (visit.databases.size() < 2) co_return Result<>();
  auto& users = visit.machine->services().users;
  ConnectionPtr chosen;
  for (const auto& database : visit.databases) {
    CO_TRY(const auto found,
           co_await users.find_by_identifier(visit.context.tenant->id, database->name,
                                             domain::normalise_identifier("email", identifier)));
    if (!found || chosen) continue;
    chosen = database;
  }
  if (chosen) visit.database = chosen;
  co_return Result<>();
}

Async<Admitted> admit(const Visit& visit, Stage stage, std::string identifier) {
  const auto protection = visit.machine->protection();
  CO_TRY(
      auto admission,
      co_await protection.admit(
          {.stage = stage, .scene = visit.scene(), .connection = visit.database, .identifier = identifier}));
  if (admission) co_return Admitted(std::move(*admission));
  Barred barred = std::move(admission.error());
  Transaction transaction = visit.transaction;
  transaction.connection = visit.database->name;
  const bool committed = co_await visit.machine->log_failure(
      visit.context, std::move(transaction), barred.log_type, barred.error.message, barred.user_id,
      identifier.substr(0, 320), std::move(barred.writes));
  co_await protection.settle(std::move(barred.permit), committed);
  co_return Admitted(std::unexpect, words_of(barred.log_type));
}

std::optional<PasswordComplaint> complaint_of(const Error& error, const domain::Connection& connection,
                                              Language language) {
  struct Row {
    std::string_view code;
    Text words;
  };
  static constexpr Row rows[] = {{"PasswordStrengthError", Text::password_weak},
                                 {"PasswordHistoryError", Text::password_used_before},
                                 {"PasswordDictionaryError", Text::password_common},
                                 {"PasswordNoUserInfoError", Text::password_personal},
                                 {"password_leaked", Text::password_leaked}};
  for (const Row& row : rows) {
    if (row.code != error.code) continue;
    PasswordComplaint out{std::string(text(language, row.words)), {}};
    if (row.words == Text::password_weak) {
      const auto policy = domain::PasswordPolicy::from_options(connection.options);
      out.rules = lines_of(domain::password_policy_text(policy));
    }
    return out;
  }
  return std::nullopt;
}

}  // namespace durward::login
