#include "login/bots/bot_guard.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "http/address.h"
#include "login/bots/question.h"

namespace durward::login {
namespace {

using std::chrono::microseconds;

// What is remembered of attempts: buckets that are full when nothing happened, so what is missing is the
// count, and it fades by one an interval.
struct Counter {
  std::string_view use;
  ports::Rate rate;
};
constexpr Counter address_failures{"failures", {microseconds(12'000'000), 100}};
constexpr Counter address_sign_ups{"sign-ups", {microseconds(60'000'000), 60}};
constexpr Counter tenant_failures{"tenant", {microseconds(600'000), 2000}};
// Questions can be answered by a program, if slowly: so many of one address count.
constexpr Counter written_answers{"written", {microseconds(120'000'000), 30}};

constexpr std::string_view own_providers[] = {"auth_challenge", "simple_captcha"};

struct FormRow {
  std::string_view name;
  domain::ChallengePolicy domain::BotDetection::* policy;
  std::string_view failed;  // log type of a wrong answer
};
constexpr FormRow forms[] = {{"sign-in", &domain::BotDetection::password, "f"},
                             {"sign-up", &domain::BotDetection::password, "fs"},
                             {"password-reset", &domain::BotDetection::password_reset, "fcpr"}};
const FormRow& row_of(GuardedForm form) { return forms[size_t(form)]; }

std::string who(const endpoint::RequestContext& context) { return http::client_block(context.ip); }

std::string key(std::string_view use, const endpoint::RequestContext& context, std::string_view what) {
  return "bot:" + std::to_string(context.tenant->id.value) + ":" + std::string(use) + ":" + std::string(what);
}

std::string scope_of(const BotAttempt& attempt) {
  return std::string(row_of(attempt.form).name) + " " + attempt.scope;
}

std::string picture_key(const BotAttempt& attempt) {
  return key("picture", attempt.context, to_base64url(crypto::sha256(scope_of(attempt))));
}

bool is_listed(const std::vector<std::string>& allowlist, std::string_view ip) {
  if (allowlist.empty()) return false;
  const auto networks = http::Networks::parse(allowlist);
  return networks && networks->contains(ip);
}

bool is_own(std::string_view provider) {
  return std::ranges::find(own_providers, provider) != std::end(own_providers);
}

ProviderSettings settings_of(const domain::AttackProtection& protection) {
  const auto found = protection.documents.find("captcha");
  if (found == protection.documents.end()) return {};
  return ProviderSettings::from_document(found->second, protection.captcha.active_provider);
}

Task<int64_t> used(ports::Limiter& limiter, std::string bucket, ports::Rate rate, TimePoint now) {
  const auto looked = co_await limiter.take(std::move(bucket), rate, now, 0);
  co_return looked ? rate.burst - looked->remaining : 0;
}

}  // namespace

// ---- how risky an attempt is

Task<Signals> BotGuard::signals_of(const BotAttempt& attempt) const {
  const auto& context = attempt.context;
  const auto count = [&](const Counter& counter, std::string what) {
    return used(services_->limiter, key(counter.use, context, what), counter.rate, context.now);
  };
  Signals out;
  out.address_failures = co_await count(address_failures, who(context));
  out.tenant_failures = co_await count(tenant_failures, "");
  if (attempt.form == GuardedForm::sign_up)
    out.address_sign_ups = co_await count(address_sign_ups, who(context));
  out.tool_user_agent = is_tool(context.user_agent);
  if (!attempt.from_page) co_return out;
  out.no_user_agent = context.user_agent.empty();
  out.no_accept_language = attempt.accept_language.empty();
  co_return out;
}

Async<BotGuard::Weighed> BotGuard::weigh(const BotAttempt& attempt) const {
  Weighed out;
  CO_TRY(out.protection, co_await services_->configuration.attack_protection(attempt.context.tenant->id));
  const auto& settings = out.protection->bot_detection;
  const auto policy = settings.*row_of(attempt.form).policy;
  if (policy == domain::ChallengePolicy::never && !settings.monitoring) co_return std::move(out);
  if (is_listed(settings.allowlist, attempt.context.ip)) co_return std::move(out);
  out.assessment = assess(co_await signals_of(attempt));
  const std::string& provider = out.protection->captcha.active_provider;
  out.wanted = (is_own(provider) || find_provider(provider)) &&
               wants_challenge(policy, settings.level, out.assessment);
  co_return std::move(out);
}

Task<> BotGuard::count_failure(endpoint::RequestContext context) const {
  auto& limiter = services_->limiter;
  (void)co_await limiter.take(key(address_failures.use, context, who(context)), address_failures.rate,
                              context.now);
  (void)co_await limiter.take(key(tenant_failures.use, context, ""), tenant_failures.rate, context.now);
}

// ---- what is asked

ChallengeView BotGuard::view_of(const BotAttempt& attempt, const Weighed& weighed) const {
  ChallengeView out;
  const std::string& active = weighed.protection->captcha.active_provider;
  if ((out.provider = find_provider(active))) {
    out.settings = settings_of(*weighed.protection);
    return out;
  }
  auto& random = services_->random;
  const auto& context = attempt.context;
  const auto sealed = [&](const Challenge& challenge) {
    return seal_challenge(services_->vault, context.tenant->id, scope_of(attempt), challenge);
  };
  auto question = make_question(random, attempt.language);
  out.question = std::move(question.text);
  if (active == "simple_captcha" || !attempt.from_page) {
    auto picture = make_picture(random);
    out.picture = std::move(picture.data_uri);
    question.answers.push_back(std::move(picture.answer));
  }
  out.written_token = sealed(make_written(random, std::move(question.answers), context.now));
  if (active == "simple_captcha") return out;
  const auto proof = make_proof(random, difficulty_for(weighed.assessment), context.now);
  out.proof_token = sealed(proof);
  out.seed = proof.seed;
  out.bits = proof.bits;
  return out;
}

Async<std::optional<ChallengeView>> BotGuard::offer(BotAttempt attempt) const {
  CO_TRY(const auto weighed, co_await weigh(attempt));
  if (!weighed.asked()) co_return std::nullopt;
  co_return std::optional(view_of(attempt, weighed));
}

Async<json::Object> BotGuard::describe(BotAttempt attempt) const {
  CO_TRY(const auto weighed, co_await weigh(attempt));
  if (!weighed.asked()) co_return json::Object{{"required", false}};
  const auto view = view_of(attempt, weighed);
  if (view.provider) {
    json::Object out{
        {"required", true}, {"provider", view.provider->id}, {"siteKey", view.settings.site_key}};
    if (!view.settings.client_subdomain.empty()) out["clientSubdomain"] = view.settings.client_subdomain;
    co_return out;
  }
  CO_ENSURE(co_await services_->cache.put(picture_key(attempt), view.written_token, challenge_life));
  json::Object out{{"required", true}, {"provider", "auth0"}, {"type", "code"}, {"image", view.picture}};
  if (!view.proof_token.empty())
    out["proof_of_work"] =
        json::Object{{"token", view.proof_token}, {"seed", view.seed}, {"bits", view.bits}};
  co_return out;
}

Task<ChallengeAnswer> BotGuard::recall(BotAttempt attempt, ChallengeAnswer answer) const {
  if (!answer.token.empty() || answer.text.empty()) co_return answer;
  const std::string name = picture_key(attempt);
  if (auto token = co_await services_->cache.get(name); token && *token) answer.token = std::move(**token);
  co_return answer;
}

// ---- whether an answer counts

Async<Verdict> BotGuard::judge(BotAttempt attempt, ChallengeAnswer answer) const {
  CO_TRY(const auto weighed, co_await weigh(attempt));
  const auto& context = attempt.context;
  if (attempt.form == GuardedForm::sign_up)
    (void)co_await services_->limiter.take(key(address_sign_ups.use, context, who(context)),
                                           address_sign_ups.rate, context.now);
  Verdict out;
  if (weighed.asked()) {
    CO_TRY(out.flaw, co_await check(attempt, weighed, answer));
    if (out.flaw && *out.flaw != Flaw::missing) co_await count_failure(context);
    out.next = view_of(attempt, weighed);
  }
  if (weighed.wanted || weighed.protection->bot_detection.monitoring)
    CO_ENSURE(co_await log(attempt, weighed, out.flaw));
  co_return std::move(out);
}

Async<std::optional<Flaw>> BotGuard::check(const BotAttempt& attempt, const Weighed& weighed,
                                           const ChallengeAnswer& answer) const {
  const auto& captcha = weighed.protection->captcha;
  if (const auto* provider = find_provider(captcha.active_provider))
    co_return co_await check_provider(attempt, *provider, settings_of(*weighed.protection), answer.text);
  co_return co_await check_own(attempt, captcha.auth_challenge_fail_open, answer);
}

// An answer is used up before it is looked at: of the few answers of a question only one can be tried.
Async<std::optional<Flaw>> BotGuard::check_own(const BotAttempt& attempt, bool fail_open,
                                               const ChallengeAnswer& answer) const {
  const auto& context = attempt.context;
  if (answer.text.empty()) co_return Flaw::missing;
  const auto challenge =
      open_challenge(services_->vault, context.tenant->id, scope_of(attempt), answer.token, context.now);
  if (!challenge) co_return challenge.error();
  const auto first =
      co_await services_->cache.put_if_absent(key("spent", context, challenge->seed), "1", challenge_life);
  if (!first) co_return fail_open ? std::nullopt : std::optional(Flaw::unavailable);
  if (!*first) co_return Flaw::replayed;
  if (challenge->kind == ChallengeKind::written) {
    const auto room = co_await services_->limiter.take(key(written_answers.use, context, who(context)),
                                                       written_answers.rate, context.now);
    if (room && !room->allowed) co_return Flaw::exhausted;
  }
  const auto right = check_answer(*challenge, answer.text, context.now);
  co_return right ? std::nullopt : std::optional(right.error());
}

Task<std::optional<Flaw>> BotGuard::check_provider(const BotAttempt& attempt, const CaptchaProvider& provider,
                                                   ProviderSettings settings, std::string answer) const {
  if (answer.empty()) co_return Flaw::missing;
  const auto away = settings.fail_open ? std::nullopt : std::optional(Flaw::unavailable);
  if (!options_.fetcher) co_return away;
  const auto other = options_.verify_urls.find(std::string(provider.id));
  const auto reply = co_await options_.fetcher->post(
      verification(provider, settings, other == options_.verify_urls.end() ? "" : other->second, answer,
                   attempt.context.ip),
      options_.deadline);
  if (!reply || reply->status >= 500) co_return away;
  const auto body = json::parse_object(reply->body);
  co_return body&& provider.accepts(*body) ? std::nullopt : std::optional(Flaw::provider);
}

// ---- what is told of it

Async<> BotGuard::log(const BotAttempt& attempt, const Weighed& weighed, std::optional<Flaw> flaw) const {
  const auto& context = attempt.context;
  const auto record = [&](std::string_view type, std::string_view description) {
    domain::LogRecord out;
    out.id = services_->sequence.next();
    out.date = context.now;
    out.type = type;
    out.description = description;
    out.ip = context.ip;
    out.user_agent = context.user_agent;
    out.hostname = context.host;
    return out;
  };
  auto assessed = record("pla", "Pre-login assessment");
  json::Array reasons;
  for (const auto reason : weighed.assessment.reasons) reasons.emplace_back(reason);
  assessed.details = {{"form", row_of(attempt.form).name},
                      {"confidence", confidence_of(weighed.assessment)},
                      {"score", weighed.assessment.score},
                      {"reasons", std::move(reasons)},
                      {"challenged", weighed.asked()}};
  if (weighed.asked()) assessed.details["outcome"] = flaw ? flaw_text(*flaw) : "The challenge was answered.";
  ports::Writes writes{ports::AppendLog{std::move(assessed)}};
  if (flaw && *flaw != Flaw::missing)
    writes.push_back(ports::AppendLog{record(row_of(attempt.form).failed, flaw_text(*flaw))});
  co_return co_await services_->committer.commit(context.tenant->id, std::move(writes));
}

}  // namespace durward::login
