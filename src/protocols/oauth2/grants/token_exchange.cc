#include "extensions/custom_token_exchange.h"
#include "protocols/oauth2/grants/user_tokens.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/scope.h"
#include "standards/oidc/claims.h"
#include "tokens/verify.h"

// RFC 8693 with tokens that the tenant's own code judges: each profile of the tenant names the action for one
// subject_token_type (Auth0, custom token exchange; docs/adr/0025-token-exchange.md).
namespace durward::protocols::oauth2 {

namespace {

namespace database = connections::database;
using extensions::ExchangeVerdict;

constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token",
                           id_token_type = "urn:ietf:params:oauth:token-type:id_token";
constexpr int race_attempts_max = 3;

// --- the request

// RFC 8693 §2.1.
Result<> check_parameters(const Body& body) {
  const std::string wanted = body.get("requested_token_type");
  if (!wanted.empty() && wanted != access_token_type)
    return oauth::refuse("invalid_request", "The requested_token_type is not supported.");
  const bool has_actor = !body.get("actor_token").empty(), has_type = !body.get("actor_token_type").empty();
  if (has_actor != has_type)
    return oauth::refuse("invalid_request", "actor_token and actor_token_type belong together.");
  return {};
}

Async<domain::TokenExchangeProfile> find_profile(Exchange& exchange) {
  const std::string type = exchange.body.get("subject_token_type");
  CO_TRY(const auto scripts, co_await exchange.services().configuration.scripts(exchange.tenant()));
  const auto found = scripts->token_exchange_profiles.find(type);
  if (found == scripts->token_exchange_profiles.end())
    co_return oauth::refuse("invalid_request",
                            "There is no token exchange profile for this subject_token_type.");
  exchange.log.details["token_exchange"] =
      json::Object{{"profile", found->second.id}, {"subject_token_type", type}};
  co_return found->second;
}

std::unexpected<Error> bad_actor() {
  return oauth::refuse("invalid_request", "The actor_token is not a valid ID token of this tenant.");
}

// An actor token that says to be an ID token is one that this tenant issued to one of its clients; tokens of
// any other type are the action's business. RFC 8693 §2.2.2: whatever is wrong is invalid_request.
Async<std::optional<domain::User>> find_actor(Exchange& exchange) {
  if (exchange.body.get("actor_token_type") != id_token_type) co_return std::nullopt;
  const auto& context = exchange.context;
  auto jwt = co_await tokens::verify_own_id_token(exchange.services(), exchange.tenant(),
                                                  exchange.body.get("actor_token"));
  if (!jwt && jwt.error().kind == ErrorKind::unauthenticated) co_return bad_actor();
  if (!jwt) co_return std::unexpected(std::move(jwt).error());
  const auto hint = durward::oidc::read_id_token_hint(*jwt, context.issuer, context.now);
  if (!hint || hint->audiences.size() != 1) co_return bad_actor();
  if (json::integer_or(jwt->payload, "exp", 0) <= to_unix_seconds(context.now)) co_return bad_actor();
  CO_TRY(const auto client,
         co_await exchange.services().configuration.client(exchange.tenant(), hint->audiences.front()));
  if (!client) co_return bad_actor();
  CO_TRY(auto user, co_await exchange.services().users.find(exchange.tenant(), hint->subject));
  if (!user || user->blocked()) co_return bad_actor();
  co_return user;
}

json::Object transaction_event(const Exchange& exchange, const WantedAccess& wanted,
                               const std::optional<domain::User>& actor) {
  json::Object out{{"requested_token_type", access_token_type},
                   {"requested_scopes", json::array_of(wanted.scope)}};
  for (const std::string_view name :
       {"subject_token", "subject_token_type", "actor_token", "actor_token_type"})
    if (const auto value = exchange.body.get(name); !value.empty()) out[name] = value;
  if (actor) out["actor_token_user"] = extensions::user_event(*actor);
  return out;
}

// --- the verdict

Async<ExchangeVerdict> run_action(Exchange& exchange, domain::TokenExchangeProfile profile,
                                  WantedAccess wanted, std::optional<domain::User> actor) {
  const auto& api = wanted.api;
  co_return co_await extensions::custom_token_exchange(
      exchange.services(), {.context = exchange.context,
                            .request = request_facts(exchange),
                            .client = exchange.client,
                            .profile = std::move(profile),
                            .audience = api.server ? api.audience : exchange.context.issuer + "userinfo",
                            .transaction = transaction_event(exchange, wanted, actor)});
}

// To be kept however the request ends.
void keep(Exchange& exchange, ports::Writes writes) {
  append(exchange.penalty, writes);
  append(exchange.writes, std::move(writes));
}

void note_run(Exchange& exchange, ExchangeVerdict& verdict) {
  exchange.log.details["token_exchange"].as_object()["scripts"] = std::move(verdict.trace);
  if (!verdict.log_text.empty()) exchange.log.details["reason"] = verdict.log_text;
  keep(exchange, std::move(verdict.writes));
}

// An attempt of the address is taken before the action runs and given back unless the action calls the token
// invalid, so that guesses in parallel get no further than one after the other.
Async<ExchangeVerdict> judge(Exchange& exchange, domain::TokenExchangeProfile profile, WantedAccess wanted,
                             std::optional<domain::User> actor) {
  const login::Protection protection(exchange.services(), exchange.parts.database);
  CO_TRY(auto admission,
         co_await protection.admit({.stage = login::Stage::token_exchange, .scene = scene_of(exchange)}));
  if (!admission) co_return barred(exchange, std::move(admission.error()));
  auto verdict = co_await run_action(exchange, std::move(profile), std::move(wanted), std::move(actor));
  if (!verdict) {
    co_await protection.cancelled(std::move(*admission));
    co_return std::unexpected(std::move(verdict).error());
  }
  note_run(exchange, *verdict);
  if (verdict->rejects_subject_token) {
    keep(exchange, std::move(admission->notes));
  } else {
    CO_TRY(auto notes, co_await protection.passed(std::move(*admission)));
    keep(exchange, std::move(notes));
  }
  if (verdict->denial) co_return std::unexpected(std::move(*verdict->denial));
  co_return verdict;
}

// --- the user

Async<domain::Connection> find_connection(Exchange& exchange, std::string name) {
  CO_TRY(auto enabled, co_await exchange.services().configuration.connections_of(exchange.tenant(),
                                                                                 exchange.client->client_id));
  if (enabled)
    for (const auto& connection : *enabled)
      if (connection.name == name) co_return connection;
  co_return oauth::refuse("invalid_request",
                          "The connection does not exist or is not enabled for the client.");
}

database::NewUser profile_of(const json::Object& attributes) {
  database::NewUser out{.user_id = json::string_or(attributes, "user_id"),
                        .email = json::string_or(attributes, "email"),
                        .username = json::string_or(attributes, "username"),
                        .phone_number = json::string_or(attributes, "phone_number"),
                        .email_verified = json::boolean_or(attributes, "email_verified", false),
                        .phone_verified = json::boolean(attributes, "phone_verified")};
  for (const std::string_view name : {"name", "nickname", "given_name", "family_name", "picture"})
    if (const auto* value = attributes.if_contains(name)) out.attributes[name] = *value;
  return out;
}

// For whom the tokens are, at which connection.
struct Subject {
  database::KnownUser known;
  domain::Connection connection;
  bool verify_email = false;  // what is written wants a mail
};

Async<Subject> by_connection(Exchange& exchange, extensions::UserByConnection wanted) {
  CO_TRY(auto connection, co_await find_connection(exchange, wanted.connection));
  auto known = co_await exchange.parts.database.vouched_user(exchange.tenant(), connection,
                                                             {.profile = profile_of(wanted.attributes),
                                                              .may_create = wanted.may_create,
                                                              .replaces = wanted.replaces},
                                                             exchange.context.now);
  if (!known && (known.error().kind == ErrorKind::invalid || known.error().kind == ErrorKind::not_found))
    co_return oauth::refuse("invalid_request", known.error().message);
  if (!known) co_return std::unexpected(std::move(known).error());
  const auto& user = known->user;
  const bool verify_email = json::boolean_or(wanted.attributes, "verify_email", false) &&
                            (known->is_new || known->is_changed) && !user.email().empty() &&
                            !user.email_verified();
  co_return Subject{std::move(*known), std::move(connection), verify_email};
}

Async<Subject> by_id(Exchange& exchange, std::string user_id) {
  CO_TRY(auto user, co_await exchange.services().users.find(exchange.tenant(), std::move(user_id)));
  if (!user) co_return oauth::refuse("invalid_request", "The user does not exist.");
  Subject out{.known = {.user = std::move(*user)}};
  if (!out.known.user.identities.empty()) {
    out.connection.name = out.known.user.identities.front().connection;
    out.connection.strategy = out.known.user.identities.front().provider;
  }
  co_return out;
}

Async<Subject> find_subject(Exchange& exchange, const ExchangeVerdict& verdict) {
  if (verdict.by_connection) co_return co_await by_connection(exchange, *verdict.by_connection);
  co_return co_await by_id(exchange, verdict.user_id);
}

void change_metadata(Subject& subject, const extensions::MetadataChanges& changes, TimePoint now) {
  auto& user = subject.known.user;
  const json::Object before = user.profile;
  changes.apply_to(user.profile);
  if (user.profile == before) return;
  subject.known.is_changed = true;
  user.updated_at = now;
}

Async<ports::Writes> writes_of(Exchange& exchange, const Subject& subject) {
  ports::Writes out{database::write_of(subject.known)};
  if (!subject.verify_email) co_return out;
  CO_TRY(const auto settings, co_await exchange.services().configuration.settings(exchange.tenant()));
  static const domain::TenantSettings defaults;
  append(out, exchange.parts.database.send_verification(
                  scene_of(exchange), settings ? *settings : defaults, subject.connection, subject.known.user,
                  {.client_id = exchange.client->client_id, .result_url = {}}));
  co_return out;
}

// The user as the action wants them, found again when somebody else made or changed them at the same time.
Async<Subject> prepared(Exchange& exchange, const ExchangeVerdict& verdict) {
  CO_TRY(auto subject, co_await find_subject(exchange, verdict));
  log_connection(exchange, subject.connection);
  CO_ENSURE(admit_user(exchange, subject.known.user));
  change_metadata(subject, verdict.metadata, exchange.context.now);
  co_return subject;
}

bool is_race(const Error& error) { return error.code == "version_changed" || error.code == "user_exists"; }

Error lost_race(const Error& error) {
  if (error.code == "user_exists")
    return oauth::refuse("invalid_request", "A user with this identifier exists already.").error();
  return {
      ErrorKind::unavailable, "temporarily_unavailable", "The user is being changed. Please try again.", {}};
}

// The change is a commit of its own: the actions that run next find the user there, and of two exchanges at
// the same time none has to run its action again.
Async<Subject> settle(Exchange& exchange, ExchangeVerdict verdict) {
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto subject, co_await prepared(exchange, verdict));
    if (!subject.known.is_new && !subject.known.is_changed) co_return subject;
    CO_TRY(auto writes, co_await writes_of(exchange, subject));
    const auto done = co_await exchange.services().committer.commit(exchange.tenant(), std::move(writes));
    if (done) {
      if (!subject.known.is_new) ++subject.known.user.version;
      co_return subject;
    }
    if (!is_race(done.error())) co_return std::unexpected(done.error());
    if (attempt == race_attempts_max) co_return std::unexpected(lost_race(done.error()));
  }
}

// --- the tokens

// Nobody is there to be asked: a consent that the API wants must have been given before.
Async<> check_consent(Exchange& exchange, Api api, const domain::Authorization& authorization) {
  if (!api.server || api.server->skip_consent_for_verifiable_first_party_clients) co_return Result<>();
  CO_TRY(const auto grant, co_await exchange.services().grants.find(exchange.tenant(), authorization.user_id,
                                                                    authorization.client_id, api.audience));
  if (grant && oauth::ScopeSet(authorization.scope).is_subset_of(oauth::ScopeSet(grant->scope)))
    co_return Result<>();
  co_return oauth::refuse("consent_required", "Consent required");
}

LoginScripts login_scripts(const Exchange& exchange, const domain::Connection& connection) {
  LoginScripts out{.protocol = "oauth2-token-exchange", .connection = connection.name, .method = {}};
  for (const std::string_view name : {"subject_token_type", "actor_token_type"})
    if (const auto value = exchange.body.get(name); !value.empty()) out.transaction[name] = value;
  return out;
}

}  // namespace

Async<json::Object> redeem_token_exchange(Exchange& exchange) {
  CO_ENSURE(check_organization(exchange));
  CO_ENSURE(check_parameters(exchange.body));
  CO_TRY(auto profile, co_await find_profile(exchange));
  CO_TRY(auto wanted, co_await wanted_access(exchange));
  CO_TRY(auto actor, co_await find_actor(exchange));
  CO_TRY(auto verdict, co_await judge(exchange, std::move(profile), wanted, std::move(actor)));
  const json::Object act = std::move(verdict.actor);
  CO_TRY(auto subject, co_await settle(exchange, std::move(verdict)));
  auto& user = subject.known.user;
  CO_TRY(auto authorization,
         co_await authorization_for(exchange, wanted, user.user_id, subject.connection.name));
  CO_ENSURE(co_await check_consent(exchange, wanted.api, authorization));
  if (!act.empty()) authorization.extra[actor_member] = act;
  CO_TRY(auto reply, co_await sign_in(exchange,
                                      {.authorization = std::move(authorization),
                                       .user = std::move(user),
                                       .gty = tokens::gty_token_exchange},
                                      login_scripts(exchange, subject.connection)));
  reply["issued_token_type"] = access_token_type;  // RFC 8693 §2.2.1
  co_return reply;
}

}  // namespace durward::protocols::oauth2
