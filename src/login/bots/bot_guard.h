#pragma once
#include <map>
#include <optional>
#include <string>

#include "domain/attack_protection.h"
#include "endpoint/endpoint.h"
#include "login/bots/challenge.h"
#include "login/bots/providers.h"
#include "login/bots/risk.h"
#include "login/text.h"
#include "ports/fetcher.h"
#include "ports/services.h"

// Bot detection (/attack-protection/bot-detection, /captcha): who looks like a program answers a challenge
// before a password is looked at. Works without third parties; see docs/adr/0020.
namespace durward::login {

// Which policy counts, and as what a refused answer is logged.
enum class GuardedForm { sign_in, sign_up, password_reset };

// One attempt as far as this is concerned.
struct BotAttempt {
  endpoint::RequestContext context;
  GuardedForm form = GuardedForm::sign_in;
  std::string scope;  // what an answer counts for: the transaction of a page, the state of an embedded form
  bool from_page = false;
  std::string accept_language;  // of a page
  Language language = Language::english;
};

// What a form shows. Both kinds of our own are there at once: a browser with scripts answers the proof by
// itself and never shows the question.
struct ChallengeView {
  std::string proof_token, seed;  // empty: no proof
  int bits = 0;
  std::string written_token, question, picture;  // the picture is a data URI, or empty
  const CaptchaProvider* provider = nullptr;     // instead of all that
  ProviderSettings settings;
};

// Whether an attempt may go on, and the challenge for its page in case it is shown again.
struct Verdict {
  std::optional<Flaw> flaw;  // why not
  std::optional<ChallengeView> next;
};

// What a form brought.
struct ChallengeAnswer {
  std::string token, text;
};

struct BotOptions {
  ports::Fetcher* fetcher = nullptr;               // asks captcha providers; none: they cannot be asked
  std::map<std::string, std::string> verify_urls;  // by provider, instead of its own address
  Milliseconds deadline{3000};
};

// Thread-safe and cheap to copy; counts are in services.limiter and what is spent in services.cache, so a
// fleet shares them. While those are away auth_challenge.fail_open decides.
class BotGuard {
 public:
  explicit BotGuard(const ports::Services& services, BotOptions options = {})
      : services_(&services), options_(std::move(options)) {}

  // The challenge to show, when this attempt needs one. Error: unavailable only.
  Async<std::optional<ChallengeView>> offer(BotAttempt attempt) const;
  // Judges an attempt that arrived. Logs "pla" when the attempt looks like a program's or the tenant
  // monitors, and "f", "fs" or "fcpr" for a wrong answer. Error: unavailable only.
  Async<Verdict> judge(BotAttempt attempt, ChallengeAnswer answer) const;
  // A wrong password or answer of this address.
  Task<> count_failure(endpoint::RequestContext context) const;

  // For forms embedded in applications (Auth0 Authentication API, challenges): the reply's members. The
  // picture's text is remembered under the attempt's scope.
  Async<json::Object> describe(BotAttempt attempt) const;
  // The answer such a form brings: with a token of ours, else to the picture under this scope.
  Task<ChallengeAnswer> recall(BotAttempt attempt, ChallengeAnswer answer) const;

 private:
  struct Weighed {
    std::shared_ptr<const domain::AttackProtection> protection;
    Assessment assessment;
    bool wanted = false;  // by the policy
    bool asked() const { return wanted && !protection->bot_detection.monitoring; }
  };
  Async<Weighed> weigh(const BotAttempt& attempt) const;
  Task<Signals> signals_of(const BotAttempt& attempt) const;
  ChallengeView view_of(const BotAttempt& attempt, const Weighed& weighed) const;
  Async<std::optional<Flaw>> check(const BotAttempt& attempt, const Weighed& weighed,
                                   const ChallengeAnswer& answer) const;
  Async<std::optional<Flaw>> check_own(const BotAttempt& attempt, bool fail_open,
                                       const ChallengeAnswer& answer) const;
  Task<std::optional<Flaw>> check_provider(const BotAttempt& attempt, const CaptchaProvider& provider,
                                           ProviderSettings settings, std::string answer) const;
  Async<> log(const BotAttempt& attempt, const Weighed& weighed, std::optional<Flaw> flaw) const;

  const ports::Services* services_;
  BotOptions options_;
};

}  // namespace durward::login
