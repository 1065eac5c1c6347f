#include "login/transaction.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "login/session_cookie.h"

namespace durward::login {
namespace {

constexpr std::string_view purpose = "login transaction";

// One row per text member: written when not empty, read back as it was.
struct TextMember {
  std::string_view key;
  std::string Transaction::* member;
};
constexpr TextMember text_members[] = {
    {"i", &Transaction::id},
    {"b", &Transaction::binding},
    {"c", &Transaction::client_id},
    {"p", &Transaction::protocol},
    {"cn", &Transaction::connection},
    {"lh", &Transaction::login_hint},
    {"sh", &Transaction::screen_hint},
    {"ul", &Transaction::ui_locales},
    {"pr", &Transaction::prompt},
    {"au", &Transaction::audience},
    {"hs", &Transaction::hint_subject},
    {"co", &Transaction::callback_origin},
    {"id", &Transaction::identifier},
    {"sid", &Transaction::sid},
};

std::string associated(domain::TenantId tenant) {
  return std::string(purpose) + " " + std::to_string(tenant.value);
}

}  // namespace

bool Transaction::prompts(std::string_view word) const {
  std::string_view rest = prompt;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) == word) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

json::Object Transaction::to_json() const {
  json::Object out;
  for (const auto& [key, member] : text_members)
    if (!(this->*member).empty()) out[key] = this->*member;
  out["r"] = request;
  if (!scope.empty()) out["sc"] = json::array_of(scope);
  if (max_age) out["ma"] = max_age->count();
  if (needs_consent) out["nc"] = true;
  if (consented) out["cd"] = true;
  if (!progress.empty()) out["pg"] = progress;
  out["t"] = to_unix_ms(created_at);
  return out;
}

Result<Transaction> Transaction::from_json(const json::Object& object) {
  const json::Object* request = json::object(object, "r");
  const auto created_at = json::integer(object, "t");
  if (!request || !created_at) return fail(ErrorKind::invalid, "invalid_state");
  Transaction out;
  for (const auto& [key, member] : text_members) out.*member = json::string_or(object, key);
  out.request = *request;
  out.scope = json::strings(object, "sc");
  if (const auto age = json::integer(object, "ma")) out.max_age = Seconds(*age);
  out.needs_consent = json::boolean_or(object, "nc", false);
  out.consented = json::boolean_or(object, "cd", false);
  if (const auto* progress = json::object(object, "pg")) out.progress = *progress;
  out.created_at = from_unix_ms(*created_at);
  return out;
}

std::string seal(ports::Vault& vault, domain::TenantId tenant, const Transaction& transaction) {
  return vault.seal_local(associated(tenant), json::serialize(transaction.to_json()));
}

OpenedState open_state(ports::Vault& vault, domain::TenantId tenant, std::string_view state,
                       const http::Headers& headers, TimePoint now) {
  const auto text = vault.open_local(associated(tenant), state);
  if (!text) return {{}, StateProblem::unknown};
  const auto object = json::parse_object(*text);
  if (!object) return {{}, StateProblem::unknown};
  auto transaction = Transaction::from_json(*object);
  if (!transaction) return {{}, StateProblem::unknown};
  OpenedState out{std::move(*transaction), std::nullopt};
  if (now >= out.transaction->created_at + transaction_lifetime)
    out.problem = StateProblem::expired;
  else if (!holds_binding(headers, out.transaction->binding))
    out.problem = StateProblem::foreign;
  return out;
}

bool holds_binding(const http::Headers& headers, std::string_view binding) {
  return std::ranges::any_of(cookie_values(headers, binding_cookie), [&](const std::string& value) {
    return crypto::equal_constant_time(to_base64url(crypto::sha256(value)), binding);
  });
}

std::string binding_of(const http::Headers& request, Random& random, http::Headers& out) {
  for (const std::string& value : cookie_values(request, binding_cookie))
    if (value.size() == 43) return to_base64url(crypto::sha256(value));
  const std::string value = to_base64url(random.bytes(32));
  // Lax: the way from the application to the page is a top-level navigation; a frame never needs it.
  out.add("Set-Cookie",
          std::string(binding_cookie) + "=" + value + "; Path=/; HttpOnly; Secure; SameSite=Lax");
  return to_base64url(crypto::sha256(value));
}

bool is_same_origin_post(const http::Request& request, std::string_view issuer) {
  const std::string_view origin = request.headers.get("Origin");
  // A page with Referrer-Policy no-referrer sends "null" for its own forms (Fetch, "append a request Origin
  // header"), so that word says nothing.
  if (!origin.empty() && origin != "null") return std::string(origin) + "/" == issuer;
  const std::string_view site = request.headers.get("Sec-Fetch-Site");
  return site.empty() || site == "same-origin" || site == "none";
}

}  // namespace durward::login
