#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

// What may be asked how often: a table of token buckets. Numbers of `free` follow Auth0's free tier;
// `paid`, which a fresh installation grants its tenants, limits what people do (by address and by account)
// and leaves what programs do to the operator, who knows the machine (docs/adr/0021-rate-limits.md).
namespace durward::domain {

// What a request is; endpoint rows name theirs. Some are a part of a wider class, whose buckets count too.
enum class RateClass : uint8_t {
  none,
  authentication,  // everything that signs in and gives tokens
  login,           // pages
  login_attempt,   // a password that was given, wherever
  token,
  userinfo,
  well_known,
  signup,
  change_password,  // mails asked for
  passwordless,
  otp_challenge,
  mfa_otp,
  mfa_sms,
  scim,
  management,
  management_read,
  management_write,
};
inline constexpr size_t rate_class_count = size_t(RateClass::management_write) + 1;

// Whose bucket it is, always of one tenant.
enum class LimitScope : uint8_t {
  tenant,     // one for all
  client,     // an application that proved itself; one that did not, at one address
  ip,         // an address (http::client_block); those of this machine have no limit
  user,       // a user known by a token
  identifier  // what a person claims to be; at one address where the class says so
};

struct Bucket {
  int64_t units = 0, seconds = 1, burst = 0;  // so many units in so many seconds; units 0: no limit
  bool operator==(const Bucket&) const = default;
};

enum class RateProfile : uint8_t { free, paid, unlimited };

struct LimitRow {
  RateClass rate_class;
  LimitScope scope;
  Bucket free, paid;
  // Whether a request waits for the fleet's counter (one round trip), so that the number is kept to the
  // unit. The rest is decided at once and told afterwards.
  bool exact;
};

inline constexpr LimitRow limits[] = {
    // class                      whose                   free             paid                exact
    {RateClass::authentication, LimitScope::tenant, {300, 60, 300}, {}, false},
    {RateClass::login, LimitScope::ip, {5, 1, 50}, {50, 1, 500}, false},
    {RateClass::login, LimitScope::tenant, {}, {}, false},
    {RateClass::login_attempt, LimitScope::identifier, {10, 60, 20}, {10, 60, 20}, true},
    {RateClass::token, LimitScope::client, {}, {}, false},
    {RateClass::token, LimitScope::tenant, {30, 1, 30}, {}, false},
    {RateClass::userinfo, LimitScope::user, {5, 60, 10}, {}, false},
    {RateClass::userinfo, LimitScope::tenant, {}, {}, false},
    {RateClass::well_known, LimitScope::ip, {}, {}, false},
    {RateClass::well_known, LimitScope::tenant, {20, 1, 20}, {}, false},
    {RateClass::signup, LimitScope::ip, {50, 3600, 50}, {60, 60, 60}, true},
    {RateClass::change_password, LimitScope::ip, {50, 3600, 50}, {60, 60, 60}, true},
    {RateClass::change_password, LimitScope::identifier, {1, 60, 10}, {1, 60, 10}, true},
    {RateClass::passwordless, LimitScope::ip, {50, 3600, 50}, {50, 3600, 50}, true},
    {RateClass::otp_challenge, LimitScope::ip, {50, 3600, 50}, {50, 3600, 50}, true},
    {RateClass::mfa_otp, LimitScope::user, {1, 360, 10}, {1, 360, 10}, true},
    {RateClass::mfa_sms, LimitScope::user, {10, 3600, 10}, {10, 3600, 10}, true},
    {RateClass::scim, LimitScope::client, {5, 1, 5}, {25, 1, 25}, false},
    {RateClass::management, LimitScope::client, {}, {}, false},
    {RateClass::management, LimitScope::tenant, {2, 1, 10}, {1000, 1, 1000}, false},
};

std::string_view to_string(RateClass rate_class);
std::string_view to_string(LimitScope scope);
std::string_view to_string(RateProfile profile);
std::optional<RateClass> rate_class_named(std::string_view name);
std::optional<LimitScope> limit_scope_named(std::string_view name);
std::optional<RateProfile> rate_profile_named(std::string_view name);

// The class whose buckets a request of this class takes from as well; none for none.
RateClass part_of(RateClass rate_class);
// Null for what the table does not limit.
const LimitRow* find_limit(RateClass rate_class, LimitScope scope);

}  // namespace durward::domain
