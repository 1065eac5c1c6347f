#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "login/login.h"

// Sealing of transactions and their binding to one browser.
namespace durward::login {

inline constexpr Seconds transaction_lifetime{3600};
// One per browser and host; a transaction holds the SHA-256 of its value. `__Host-` keeps sibling hosts from
// planting one (RFC 6265bis §4.1.3.2).
inline constexpr std::string_view binding_cookie = "__Host-durward-browser";
// A longer address would not pass as the URL of the next page (docs/architecture.md: 8 KiB), which repeats
// its state in links.
inline constexpr size_t page_url_size_max = 6500;

std::string seal(ports::Vault& vault, domain::TenantId tenant, const Transaction& transaction);

enum class StateProblem { unknown, expired, foreign };
struct OpenedState {
  std::optional<Transaction> transaction;  // also set when expired or foreign: it names the client
  std::optional<StateProblem> problem;
};
// `unknown`: forged, damaged, of another tenant. `expired`: older than transaction_lifetime. `foreign`: the
// browser does not hold the cookie it was started with.
OpenedState open_state(ports::Vault& vault, domain::TenantId tenant, std::string_view state,
                       const http::Headers& headers, TimePoint now);

// Whether the browser holds the cookie of this binding value.
bool holds_binding(const http::Headers& headers, std::string_view binding);
// The browser's binding value; makes one (and its Set-Cookie in `out`) when the request has none.
std::string binding_of(const http::Headers& request, Random& random, http::Headers& out);

// A page's form comes from the page itself: Origin, or Sec-Fetch-Site, must not say otherwise. A browser that
// sends neither passes; the sealed state bound to the cookie is the first line.
bool is_same_origin_post(const http::Request& request, std::string_view issuer);

}  // namespace durward::login
