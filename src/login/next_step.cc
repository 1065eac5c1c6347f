#include "login/machine.h"

namespace durward::login {
namespace {

bool is_recent(const Transaction& transaction, const Facts& facts) {
  // OpenID Connect Core §3.1.2.1, max_age: older authentications are repeated; 0 asks for one now.
  return !transaction.max_age || facts.authenticated_at + *transaction.max_age > facts.now;
}

Decision sign_in_step(const Transaction& transaction, const Policy& policy) {
  if (transaction.screen_hint == "signup") return {Step::signup, {}, {}};
  if (!policy.identifier_first) return {Step::login, {}, {}};
  return {transaction.identifier.empty() ? Step::identifier : Step::password, {}, {}};
}

bool consent_is_missing(const Transaction& transaction, const Facts& facts) {
  if (transaction.consented) return false;
  // OpenID Connect Core §3.1.2.1: prompt=consent asks again, whatever is stored.
  return transaction.prompts("consent") || (transaction.needs_consent && !facts.consent_stored);
}

}  // namespace

bool session_is_enough(const Transaction& transaction, const Facts& facts, const Policy& policy) {
  if (!facts.signed_in) return false;
  if (facts.signed_in_here) return true;
  // OpenID Connect Core §3.1.2.1: prompt=login and select_account need a new authentication.
  if (transaction.prompts("login") || transaction.prompts("select_account")) return false;
  // OpenID Connect Core §3.1.2.1, id_token_hint: only that user will do.
  if (!transaction.hint_subject.empty() && transaction.hint_subject != facts.user_id) return false;
  if (!transaction.connection.empty() && transaction.connection != facts.connection) return false;
  return policy.single_sign_on && is_recent(transaction, facts);
}

Decision next_step(const Transaction& transaction, const Facts& facts, const Policy& policy) {
  // OpenID Connect Core §3.1.2.3 and §3.1.2.6: with prompt=none no page may be shown.
  const bool silent = transaction.prompts("none");
  if (!session_is_enough(transaction, facts, policy)) {
    if (silent) return {Step::refuse, "login_required", "Login required"};
    return sign_in_step(transaction, policy);
  }
  if (consent_is_missing(transaction, facts)) {
    if (silent) return {Step::refuse, "consent_required", "Consent required"};
    return {Step::consent, {}, {}};
  }
  return {Step::done, {}, {}};
}

}  // namespace durward::login
