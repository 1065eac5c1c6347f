#include "operator/entitlements.h"

#include <set>

#include "domain/rate_limits.h"

namespace durward::operators {
namespace {

using endpoint::Call;
using endpoint::Reply;
using endpoint::Type;

constexpr endpoint::Field fields[] = {
    {.path = "rate_profile",
     .flags = endpoint::nullable,
     .values = "free paid unlimited",
     .doc = "limits of requests; null: those of the installation (rate-profile)"},
    {.path = "rate_limits",
     .type = Type::array,
     .flags = endpoint::nullable,
     .max = 50,
     .doc = "limits of its own, in place of the profile's"},
    {.path = "rate_limits[].class", .flags = endpoint::required, .min = 1, .max = 30},
    {.path = "rate_limits[].scope",
     .flags = endpoint::required,
     .values = "tenant client ip user identifier"},
    {.path = "rate_limits[].units",
     .type = Type::integer,
     .flags = endpoint::required,
     .min = 0,
     .max = 1'000'000,
     .doc = "so many in `seconds`; 0: no limit"},
    {.path = "rate_limits[].seconds", .type = Type::integer, .min = 1, .max = 86'400, .fallback = "1"},
    {.path = "rate_limits[].burst",
     .type = Type::integer,
     .min = 1,
     .max = 1'000'000,
     .doc = "at once; without it `units`"},
    {.path = "password_scheme",
     .flags = endpoint::nullable,
     .values = "bcrypt argon2id",
     .doc = "of new password hashes; null: bcrypt"},
};
const endpoint::Schema& schema() {
  static const endpoint::Schema made("Entitlements", fields);
  return made;
}

std::unexpected<Error> invalid(const std::string& text) {
  return fail(ErrorKind::invalid, "invalid_body",
              "Payload validation error: '" + text + "' on property rate_limits.");
}

Result<> check_limit(const json::Object& item, std::set<std::string>& seen) {
  const std::string rate = json::string_or(item, "class"), scope = json::string_or(item, "scope");
  const auto known = domain::rate_class_named(rate);
  if (!known || !domain::find_limit(*known, *domain::limit_scope_named(scope)))
    return invalid("There is no limit of class " + rate + " by " + scope);
  if (!seen.insert(rate + ":" + scope).second)
    return invalid("The limit of class " + rate + " by " + scope + " is given twice");
  return {};
}

Async<Reply> read(TenantEntitlements& tenants, Call call) {
  CO_TRY(auto body, co_await tenants.entitlements(call.parameter("name")));
  co_return Reply{.body = std::move(body)};
}

Async<Reply> change(TenantEntitlements& tenants, Call call) {
  json::Object patch = call.object();
  CO_ENSURE(check_entitlements(patch));
  const std::string name = call.parameter("name");
  CO_TRY(auto body, co_await tenants.entitle(name, std::move(patch), std::move(call)));
  co_return Reply{.body = std::move(body)};
}

}  // namespace

Result<> check_entitlements(json::Object& patch) {
  ENSURE(schema().check_update(patch));
  std::set<std::string> seen;
  if (const auto* limits = json::array(patch, "rate_limits"))
    for (const auto& item : *limits) ENSURE(check_limit(item.get_object(), seen));
  return {};
}

std::vector<endpoint::Endpoint> entitlement_rows(TenantEntitlements& entitlements) {
  const std::string path = "/operator/v1/tenants/{name}/entitlements", tag = "tenants";
  return {{.id = "operator_get_entitlements",
           .method = http::Method::get,
           .path = path,
           .tag = tag,
           .summary = "What the installation grants a tenant",
           .scopes = {"read:tenants"},
           .reply = &schema(),
           .handler = endpoint::ManagementHandler(
               [&entitlements](Call call) { return read(entitlements, std::move(call)); })},
          {.id = "operator_update_entitlements",
           .method = http::Method::patch,
           .path = path,
           .tag = tag,
           .summary = "Grant a tenant something else",
           .scopes = {"update:tenants"},
           .body = &schema(),
           .reply = &schema(),
           .handler = endpoint::ManagementHandler(
               [&entitlements](Call call) { return change(entitlements, std::move(call)); })}};
}

}  // namespace durward::operators
