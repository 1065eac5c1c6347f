#include "domain/rate_limits.h"

#include <algorithm>
#include <iterator>
#include <span>

namespace durward::domain {
namespace {

constexpr std::string_view class_names[] = {
    "none",       "authentication", "login",           "login_attempt",   "token",           "userinfo",
    "well_known", "signup",         "change_password", "passwordless",    "otp_challenge",   "mfa_otp",
    "mfa_sms",    "scim",           "management",      "management_read", "management_write"};
static_assert(std::size(class_names) == rate_class_count);
constexpr std::string_view scope_names[] = {"tenant", "client", "ip", "user", "identifier"};
constexpr std::string_view profile_names[] = {"free", "paid", "unlimited"};

template <class Enum>
std::optional<Enum> named(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return {};
  return Enum(found - names.begin());
}

}  // namespace

std::string_view to_string(RateClass rate_class) { return class_names[size_t(rate_class)]; }
std::string_view to_string(LimitScope scope) { return scope_names[size_t(scope)]; }
std::string_view to_string(RateProfile profile) { return profile_names[size_t(profile)]; }

std::optional<RateClass> rate_class_named(std::string_view name) {
  return named<RateClass>(class_names, name);
}
std::optional<LimitScope> limit_scope_named(std::string_view name) {
  return named<LimitScope>(scope_names, name);
}
std::optional<RateProfile> rate_profile_named(std::string_view name) {
  return named<RateProfile>(profile_names, name);
}

RateClass part_of(RateClass rate_class) {
  switch (rate_class) {
    case RateClass::management_read:
    case RateClass::management_write:
      return RateClass::management;
    case RateClass::none:
    case RateClass::authentication:
    case RateClass::management:
    case RateClass::scim:
      return RateClass::none;
    default:
      return RateClass::authentication;
  }
}

const LimitRow* find_limit(RateClass rate_class, LimitScope scope) {
  const auto found = std::ranges::find_if(
      limits, [&](const LimitRow& row) { return row.rate_class == rate_class && row.scope == scope; });
  return found == std::end(limits) ? nullptr : found;
}

}  // namespace durward::domain
