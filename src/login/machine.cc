#include "login/machine.h"

#include "base/encoding.h"
#include "base/log.h"
#include "login/session_cookie.h"
#include "login/sessions.h"
#include "login/transaction.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/scope.h"

namespace durward::login {
namespace {

std::string_view path_of(Step step) {
  switch (step) {
    case Step::identifier:
      return "/u/login/identifier";
    case Step::password:
      return "/u/login/password";
    case Step::signup:
      return "/u/signup";
    case Step::consent:
      return "/u/consent";
    default:
      return "/u/login";
  }
}

Facts facts_of(const std::optional<domain::Session>& session, const Transaction& transaction, TimePoint now) {
  Facts out;
  out.now = now;
  if (!session) return out;
  out.signed_in = true;
  out.signed_in_here =
      transaction.sid == session->sid() || session->authenticated_at > transaction.created_at;
  out.user_id = session->user_id;
  out.connection = session->connection;
  out.authenticated_at = session->authenticated_at;
  return out;
}

// The login is another user's: the primary one of a linked identity.
void become(const std::string& user_id, ports::Writes& writes) {
  for (auto& write : writes) {
    if (auto* session = std::get_if<ports::InsertSession>(&write)) session->session.user_id = user_id;
    if (auto* session = std::get_if<ports::ReplaceSession>(&write)) session->session.user_id = user_id;
    if (auto* login = std::get_if<ports::RecordLogin>(&write)) login->user_id = user_id;
  }
}

void merge(http::Response& response, const http::Headers& extra) {
  for (const auto& [name, value] : extra) response.headers.add(name, value);
}

std::string consent_audience(const endpoint::RequestContext& context, const Transaction& transaction) {
  return transaction.audience.empty() ? context.issuer + "userinfo" : transaction.audience;
}

// RFC 6749 §4.1.2.1: the two words for our own trouble.
Error for_application(const Error& error) {
  if (oauth::find_error(error.code) && error.kind != ErrorKind::internal &&
      error.kind != ErrorKind::unavailable)
    return error;
  if (error.kind == ErrorKind::unavailable)
    return {ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded. Please try again.",
            error.debug};
  return {ErrorKind::internal, "server_error", "Internal error.", error.debug};
}

}  // namespace

struct Machine::Run {
  endpoint::RequestContext context;
  Transaction transaction;
  std::shared_ptr<const domain::Client> client;
  std::shared_ptr<const domain::TenantSettings> settings;
  std::optional<domain::Session> session;
  http::Headers out;                     // cookies of the answer
  std::optional<domain::Handle> cookie;  // of a session that begins
  bool has_scripts = false;              // then `request` is known
  extensions::RequestFacts request;
  // Of a person who came back from where a script sent them.
  std::optional<extensions::Progress> progress;
  std::optional<json::Object> came_back;
  bool consent_known = false, consent_stored = false;
  json::Object trace;  // why the decision was what it was; goes into the log record (docs/architecture.md)

  json::Object decision_trace() const {
    json::Object told = trace;
    if (!transaction.prompt.empty()) told["prompt"] = transaction.prompt;
    if (transaction.max_age) told["max_age"] = transaction.max_age->count();
    if (!transaction.screen_hint.empty()) told["screen_hint"] = transaction.screen_hint;
    told["consent"] = !transaction.needs_consent && !transaction.prompts("consent") ? "not needed"
                      : transaction.consented                                       ? "given"
                      : consent_stored                                              ? "stored"
                                                                                    : "missing";
    if (session) told["authenticated_at"] = to_iso8601(session->authenticated_at);
    return told;
  }

  // Of the session as it is in the end: scripts may have changed how long it lives.
  void add_session_cookies() {
    if (cookie) set_session_cookies(out, *session, *cookie, context.now);
  }

  // What scripts made of somebody who may go on.
  void accept(Authenticated& who, extensions::LoginVerdict verdict, ports::Writes& writes) {
    if (verdict.user.user_id != who.user.user_id) become(verdict.user.user_id, writes);
    const bool changed = verdict.session || verdict.user.user_id != session->user_id;
    if (verdict.session) session = std::move(verdict.session);
    session->user_id = verdict.user.user_id;
    if (changed) writes.push_back(ports::ReplaceSession{*session});
    std::ranges::move(verdict.writes, std::back_inserter(writes));
    trace["scripts"] = std::move(verdict.trace);
    who.session = *session;
    who.user = std::move(verdict.user);
    who.changes = std::move(verdict.tokens);
  }

  Policy policy() const { return {settings->identifier_first, !client->sso_disabled}; }

  ports::Write log(const ports::Services& services, std::string type, std::string description,
                   const domain::User* user) const {
    domain::LogRecord record;
    record.id = services.sequence.next();
    record.date = context.now;
    record.type = std::move(type);
    record.description = std::move(description);
    record.client_id = client->client_id;
    record.client_name = client->name;
    record.ip = context.ip;
    record.user_agent = context.user_agent;
    record.hostname = context.host;
    record.audience = transaction.audience;
    record.scope = oauth::ScopeSet(transaction.scope).join();
    if (session) {
      record.connection = session->connection;
      record.strategy = session->strategy;
      record.strategy_type = session->strategy == "auth0" ? "database" : "social";
      record.details["session_id"] = session->sid();
    }
    record.details["trace"] = decision_trace();
    if (user) {
      record.user_id = user->user_id;
      record.user_name = user->email().empty() ? json::string_or(user->profile, "name") : user->email();
    }
    return ports::AppendLog{std::move(record)};
  }
};

Machine::Machine(const ports::Services& services, connections::database::Database& database,
                 Protocols protocols, BotOptions bots)
    : services_(services),
      database_(database),
      protocols_(std::move(protocols)),
      bots_(services, std::move(bots)),
      fresh_logins_(services.metrics.counter("durward_logins_total", "Ways through the login machine",
                                             "result=\"signed_in\"")),
      single_sign_ons_(services.metrics.counter("durward_logins_total", "Ways through the login machine",
                                                "result=\"single_sign_on\"")),
      refusals_(services.metrics.counter("durward_logins_total", "Ways through the login machine",
                                         "result=\"refused\"")),
      failures_(services.metrics.counter("durward_logins_total", "Ways through the login machine",
                                         "result=\"failed\"")) {}

http::Response Machine::go_to(const endpoint::RequestContext& context, std::string_view path,
                              const Transaction& transaction) const {
  auto response = http::redirect(
      302, std::string(path) + "?state=" + seal(services_.vault, context.tenant->id, transaction));
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Referrer-Policy", "no-referrer");
  return response;
}

Async<Machine::Run> Machine::load(endpoint::RequestContext context, http::Request request,
                                  Transaction transaction) {
  Run run;
  run.context = std::move(context);
  run.transaction = std::move(transaction);
  // What scripts made of one session never counts for another: only `continued` takes it up.
  run.transaction.progress.clear();
  const auto tenant = run.context.tenant->id;
  CO_TRY(run.settings, co_await services_.configuration.settings(tenant));
  CO_TRY(run.client, co_await services_.configuration.client(tenant, run.transaction.client_id));
  if (!run.settings) run.settings = std::make_shared<const domain::TenantSettings>();
  if (!run.client) co_return fail(ErrorKind::forbidden, "unauthorized_client", "Unknown client.");
  CO_TRY(run.session, co_await session_of(services_, run.context, request.headers));
  CO_TRY(run.has_scripts, co_await extensions::has_login_scripts(services_, tenant));
  if (run.has_scripts) run.request = extensions::facts_of(request);
  co_return std::move(run);
}

Task<http::Response> Machine::begin(endpoint::RequestContext context, http::Request request,
                                    Transaction transaction) {
  http::Headers cookies;
  transaction.id = services_.random.url_safe(16);
  transaction.created_at = context.now;
  transaction.binding = binding_of(request.headers, services_.random, cookies);
  auto run = co_await load(context, std::move(request), transaction);
  if (!run) co_return co_await refuse(context, transaction, for_application(run.error()), "");
  run->out = std::move(cookies);
  co_return co_await advance(std::move(*run));
}

Task<http::Response> Machine::resume(endpoint::RequestContext context, http::Request request,
                                     Transaction transaction) {
  auto run = co_await load(context, std::move(request), transaction);
  if (!run) co_return co_await refuse(context, transaction, for_application(run.error()), "");
  co_return co_await advance(std::move(*run));
}

Async<bool> Machine::consent_is_stored(Run& run, std::string user_id) {
  if (run.consent_known || !run.transaction.needs_consent) co_return run.consent_stored;
  CO_TRY(const auto grant,
         co_await services_.grants.find(run.context.tenant->id, std::move(user_id), run.client->client_id,
                                        consent_audience(run.context, run.transaction)));
  run.consent_known = true;
  run.consent_stored =
      grant && oauth::ScopeSet(run.transaction.scope).is_subset_of(oauth::ScopeSet(grant->scope));
  co_return run.consent_stored;
}

Task<http::Response> Machine::advance(Run run) {
  Facts facts = facts_of(run.session, run.transaction, run.context.now);
  if (session_is_enough(run.transaction, facts, run.policy())) {
    const auto stored = co_await consent_is_stored(run, facts.user_id);
    if (!stored) co_return co_await give_up(std::move(run), stored.error());
    facts.consent_stored = *stored;
  }
  const Decision decision = next_step(run.transaction, facts, run.policy());
  if (decision.step == Step::done) co_return co_await single_sign_on(std::move(run), {});
  if (decision.step == Step::refuse)
    co_return co_await refuse(
        run.context, run.transaction,
        {ErrorKind::forbidden, std::string(decision.error), std::string(decision.description), {}}, "fsa");
  if (decision.step == Step::consent) run.transaction.sid = run.session->sid();
  auto response = go_to(run.context, path_of(decision.step), run.transaction);
  if (response.headers.get("Location").size() > page_url_size_max)
    co_return co_await refuse(run.context, run.transaction,
                              {ErrorKind::invalid, "invalid_request", "The request is too large.", {}}, "");
  merge(response, run.out);
  co_return response;
}

Task<http::Response> Machine::single_sign_on(Run run, ports::Writes writes) {
  auto user = co_await services_.users.find(run.context.tenant->id, run.session->user_id);
  if (!user) co_return co_await give_up(std::move(run), user.error());
  if (!*user) {  // deleted meanwhile
    run.session.reset();
    co_return co_await advance(std::move(run));
  }
  if ((*user)->blocked())
    co_return co_await refuse(run.context, run.transaction,
                              {ErrorKind::forbidden, "unauthorized", "user is blocked", {}}, "f");
  run.session = touched(std::move(*run.session), *run.settings, run.context, run.client->client_id);
  writes.push_back(ports::ReplaceSession{*run.session});
  const bool fresh = run.transaction.sid == run.session->sid();
  auto answer = co_await finish(run, {*run.session, std::move(**user), fresh}, std::move(writes));
  if (answer) {
    single_sign_ons_.add();
    co_return std::move(*answer);
  }
  if (answer.error().kind != ErrorKind::not_found) co_return co_await give_up(std::move(run), answer.error());
  run.session.reset();  // revoked between the read and the commit
  co_return co_await advance(std::move(run));
}

Async<http::Response> Machine::signed_in(endpoint::RequestContext context, http::Request request,
                                         Transaction transaction, Proof proof) {
  CO_TRY(auto run, co_await load(context, std::move(request), std::move(transaction)));
  auto started = start_session(services_, *run.settings, context, proof, run.client->client_id, run.session);
  run.session = started.session;
  run.transaction.sid = started.session.sid();
  run.cookie = started.cookie;

  ports::Writes writes = std::move(proof.writes);
  std::ranges::move(started.writes, std::back_inserter(writes));
  writes.push_back(ports::RecordLogin{proof.user.user_id, context.ip, context.now});
  ++proof.user.logins_count;
  proof.user.last_login = context.now;
  proof.user.last_ip = context.ip;

  Facts facts = facts_of(run.session, run.transaction, context.now);
  CO_TRY(facts.consent_stored, co_await consent_is_stored(run, facts.user_id));
  if (next_step(run.transaction, facts, run.policy()).step == Step::consent) {
    CO_ENSURE(co_await services_.committer.commit(context.tenant->id, std::move(writes)));
    fresh_logins_.add();
    run.add_session_cookies();
    auto response = go_to(context, path_of(Step::consent), run.transaction);
    merge(response, run.out);
    co_return std::move(response);
  }
  const domain::Session session = *run.session;
  CO_TRY(auto response,
         co_await finish(std::move(run), {session, std::move(proof.user), true}, std::move(writes)));
  fresh_logins_.add();
  co_return std::move(response);
}

Task<http::Response> Machine::consented(endpoint::RequestContext context, http::Request request,
                                        Transaction transaction) {
  auto run = co_await load(context, std::move(request), transaction);
  if (!run) co_return co_await refuse(context, transaction, for_application(run.error()), "");
  // The person who saw the page must be the one who is signed in now.
  if (!run->session || transaction.sid.empty() || run->session->sid() != transaction.sid)
    co_return co_await advance(std::move(*run));
  const std::string audience = consent_audience(context, transaction);
  const auto before = co_await services_.grants.find(context.tenant->id, run->session->user_id,
                                                     transaction.client_id, audience);
  if (!before) co_return co_await give_up(std::move(*run), before.error());
  domain::Grant grant;
  if (*before) grant = **before;
  if (!*before) {
    grant.row = services_.sequence.next();
    grant.id = services_.random.hex(24);
    grant.created_at = context.now;
  }
  grant.user_id = run->session->user_id;
  grant.client_id = transaction.client_id;
  grant.audience = audience;
  grant.scope = oauth::ScopeSet(grant.scope).unite(oauth::ScopeSet(transaction.scope)).words();
  run->transaction.consented = true;
  ports::Writes writes;
  writes.push_back(ports::PutGrant{std::move(grant)});
  co_return co_await single_sign_on(std::move(*run), std::move(writes));
}

json::Object Machine::told(const Transaction& transaction) const {
  const auto protocol = protocols_.find(transaction.protocol);
  return protocol == protocols_.end() ? json::Object() : protocol->second.describe(transaction).transaction;
}

Task<http::Response> Machine::continued(endpoint::RequestContext context, http::Request request,
                                        Transaction transaction, json::Object came_back) {
  auto run = co_await load(context, std::move(request), transaction);
  if (!run) co_return co_await refuse(context, transaction, for_application(run.error()), "");
  // The session that the person left with; without it, or without scripts by now, the way begins anew.
  const bool same = run->session && !transaction.sid.empty() && run->session->sid() == transaction.sid;
  if (!same || transaction.progress.empty() || !run->has_scripts) co_return co_await advance(std::move(*run));
  run->progress = extensions::Progress::from_json(transaction.progress);
  run->came_back = std::move(came_back);
  co_return co_await single_sign_on(std::move(*run), {});
}

Async<extensions::LoginVerdict> Machine::run_scripts(Run& run, const Authenticated& who) {
  const auto protocol = protocols_.find(run.transaction.protocol);
  const Told told = protocol->second.describe(run.transaction);
  extensions::LoginFacts facts{.context = run.context,
                               .request = run.request,
                               .client = run.client,
                               .user = who.user,
                               .session = who.session,
                               .transaction = told.transaction,
                               .resource_server = told.resource_server,
                               .may_redirect = !run.transaction.prompts("none"),
                               .progress = run.progress,
                               .came_back = run.came_back,
                               .users_token = protocol->second.users_token};
  facts.request.query = told.query;
  CO_TRY(facts.connection,
         co_await services_.configuration.connection_by_name(run.context.tenant->id, who.session.connection));
  co_return co_await extensions::post_login(services_, std::move(facts));
}

// What proved the person stays (an account that was made, a better hash), the session does not begin.
Async<http::Response> Machine::denied(Run run, Authenticated who, extensions::LoginVerdict verdict,
                                      ports::Writes writes) {
  const extensions::Denial denial = std::move(*verdict.denial);
  std::erase_if(writes, [](const ports::Write& write) {
    return std::holds_alternative<ports::InsertSession>(write) ||
           std::holds_alternative<ports::ReplaceSession>(write) ||
           std::holds_alternative<ports::RecordLogin>(write);
  });
  std::ranges::move(verdict.writes, std::back_inserter(writes));
  if (denial.revokes_session) writes.push_back(ports::RemoveSession{who.session.id});
  if (denial.revokes_refresh_tokens)
    writes.push_back(ports::RevokeRefreshTokensOf{who.user.user_id, run.client->client_id, {}});
  run.trace["scripts"] = std::move(verdict.trace);
  writes.push_back(run.log(services_, denial.log_type, denial.log_text, &who.user));
  CO_ENSURE(co_await services_.committer.commit(run.context.tenant->id, std::move(writes)));
  if (denial.on_page)
    co_return co_await error_page(
        services_, run.context, {},
        {400, denial.error.code, denial.error.message, run.client->client_id, run.client->name});
  auto response = co_await refuse(run.context, run.transaction, denial.error, "");
  if (denial.revokes_session) clear_session_cookies(response.headers);
  co_return std::move(response);
}

// The person leaves with a session and comes back with the state that is sealed here.
Async<http::Response> Machine::send_away(Run run, extensions::LoginVerdict verdict, ports::Writes writes) {
  std::ranges::move(verdict.writes, std::back_inserter(writes));
  if (verdict.session) {
    run.session = std::move(verdict.session);
    writes.push_back(ports::ReplaceSession{*run.session});
  }
  run.transaction.sid = run.session->sid();
  run.transaction.progress = verdict.progress.to_json();
  const std::string& url = *verdict.redirect;
  auto response = http::redirect(302, url + (url.find('?') == std::string::npos ? "?" : "&") + "state=" +
                                          seal(services_.vault, run.context.tenant->id, run.transaction));
  if (response.headers.get("Location").size() > page_url_size_max)
    co_return fail(ErrorKind::invalid, "invalid_request", "What the scripts want to remember is too large.");
  response.headers.set("Cache-Control", "no-store");
  CO_ENSURE(co_await services_.committer.commit(run.context.tenant->id, std::move(writes)));
  run.add_session_cookies();
  merge(response, run.out);
  co_return std::move(response);
}

Async<http::Response> Machine::finish(Run run, Authenticated who, ports::Writes writes) {
  const auto protocol = protocols_.find(run.transaction.protocol);
  if (protocol == protocols_.end())
    co_return fail(ErrorKind::internal, "server_error", "Internal error.", "no such protocol");
  if (run.has_scripts) {
    CO_TRY(auto verdict, co_await run_scripts(run, who));
    if (verdict.denial)
      co_return co_await denied(std::move(run), std::move(who), std::move(verdict), std::move(writes));
    if (verdict.redirect) co_return co_await send_away(std::move(run), std::move(verdict), std::move(writes));
    run.accept(who, std::move(verdict), writes);
  }
  auto answer = co_await protocol->second.complete(run.context, run.transaction, who, writes);
  if (!answer) co_return co_await refuse(run.context, run.transaction, for_application(answer.error()), "f");
  const bool silent = run.transaction.prompts("none");
  run.trace["fresh"] = who.fresh;
  writes.push_back(run.log(services_, silent ? "ssa" : "s",
                           silent ? "Successful silent authentication" : "Successful login", &who.user));
  CO_ENSURE(co_await services_.committer.commit(run.context.tenant->id, std::move(writes)));
  run.add_session_cookies();
  merge(*answer, run.out);
  co_return std::move(*answer);
}

Task<http::Response> Machine::give_up(Run run, Error error) {
  auto response = co_await refuse(run.context, run.transaction, for_application(error), "");
  merge(response, run.out);
  co_return response;
}

Task<http::Response> Machine::refuse(endpoint::RequestContext context, Transaction transaction, Error error,
                                     std::string log_type) {
  refusals_.add();
  if (!log_type.empty())
    (void)co_await log_failure(context, transaction, std::move(log_type), error.message, "", "");
  const auto protocol = protocols_.find(transaction.protocol);
  if (protocol == protocols_.end())
    co_return co_await error_page(services_, context, {}, {500, "server_error", "Internal error.", {}, {}});
  co_return co_await protocol->second.refuse(context, std::move(transaction), std::move(error));
}

Task<bool> Machine::log_failure(endpoint::RequestContext context, Transaction transaction, std::string type,
                                std::string description, std::string user_id, std::string user_name,
                                ports::Writes more) {
  failures_.add();
  Run run;
  run.context = context;
  run.transaction = std::move(transaction);
  const auto client = co_await services_.configuration.client(context.tenant->id, run.transaction.client_id);
  run.client = client && *client ? *client : std::make_shared<const domain::Client>();
  auto write = run.log(services_, std::move(type), std::move(description), nullptr);
  auto& record = std::get<ports::AppendLog>(write).record;
  record.connection = run.transaction.connection;
  record.user_id = std::move(user_id);
  record.user_name = std::move(user_name);
  more.push_back(std::move(write));
  const auto committed = co_await services_.committer.commit(context.tenant->id, std::move(more));
  if (!committed)
    log::warning("a log record of a failed sign-in was lost", {{"error", committed.error().code}});
  co_return committed.has_value();
}

}  // namespace durward::login
