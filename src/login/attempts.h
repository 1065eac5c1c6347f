#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "domain/attack_protection.h"
#include "domain/tenant.h"
#include "ports/limiter.h"

// Whose attempts are counted together, and what their counters are called (ports/limiter.h). Keys hold no
// e-mail address: what a person typed is in them as a SHA-256.
namespace durward::login {

// What somebody who is not signed in yet tries.
enum class Stage { sign_in, sign_up, reset, token_exchange };

// An address as it is counted: of IPv6 the /64 network, all of which one machine may use, as text.
std::string counted_address(std::string_view ip);
// What was typed, normalised as users are found by it. A text that no store can index is its digest.
std::string counted_identifier(std::string_view typed);
// Whether an allow list (addresses and CIDR blocks) has the address.
bool is_listed(const std::vector<std::string>& list, std::string_view ip);
// RFC 6890 §2.2.2: an address of this machine is no person's, but that of a tool, or of a proxy that nobody
// told this server of (--trusted-proxies); counting it would block everybody behind it.
bool is_of_this_machine(std::string_view ip);

// How long a block lasts, and after how long a used-up count is whole again.
inline constexpr Seconds block_life{30 * 86400};

// Wrong passwords of an account at a connection; `ip` is empty when they count from everywhere.
std::string account_key(domain::TenantId tenant, std::string_view connection, std::string_view identifier,
                        std::string_view ip);
ports::Rate account_rate(const domain::BruteForceProtection& settings);
// Attempts of an address, whatever the account.
std::string address_key(domain::TenantId tenant, Stage stage, std::string_view address);
ports::Rate address_rate(const domain::SuspiciousIpThrottling& settings, Stage stage);
// Mails to administrators about addresses.
std::string warning_key(domain::TenantId tenant);

}  // namespace durward::login
