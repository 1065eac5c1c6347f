#include "login/bots/page_challenge.h"

namespace durward::login {
namespace {

BotAttempt attempt_of(const Visit& visit, GuardedForm form) {
  return {.context = visit.context,
          .form = form,
          .scope = visit.transaction.id,
          .from_page = true,
          .accept_language = std::string(visit.request.headers.get("Accept-Language")),
          .language = visit.page.language};
}

ChallengeAnswer answer_of(const Visit& visit) {
  auto text = visit.form.get_or("captcha");
  return {visit.form.get_or("captcha_token"), text.empty() ? response_in(visit.form) : std::move(text)};
}

Text words_for(Flaw flaw) {
  switch (flaw) {
    case Flaw::missing:
      return Text::challenge_missing;
    case Flaw::expired:
    case Flaw::replayed:
      return Text::challenge_expired;
    case Flaw::early:
      return Text::challenge_early;
    case Flaw::exhausted:
      return Text::challenge_exhausted;
    case Flaw::unavailable:
      return Text::busy;
    default:
      return Text::challenge_wrong;
  }
}

}  // namespace

Task<> offer_challenge(Visit& visit, GuardedForm form) {
  auto offered = co_await visit.machine->bots().offer(attempt_of(visit, form));
  visit.page.challenge = offered ? std::move(*offered) : std::nullopt;
}

Task<std::optional<Text>> meet_challenge(Visit& visit, GuardedForm form) {
  auto verdict = co_await visit.machine->bots().judge(attempt_of(visit, form), answer_of(visit));
  if (!verdict) co_return Text::busy;
  visit.page.challenge = std::move(verdict->next);
  co_return verdict->flaw ? std::optional(words_for(*verdict->flaw)) : std::nullopt;
}

Task<> count_failure(Visit& visit, GuardedForm form) {
  co_await visit.machine->bots().count_failure(visit.context);
  co_await offer_challenge(visit, form);
}

}  // namespace durward::login
