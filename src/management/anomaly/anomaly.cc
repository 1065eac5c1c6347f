#include "management/anomaly/anomaly.h"

#include "http/address.h"
#include "login/attempts.h"
#include "management/support/audit.h"

namespace durward::management::anomaly {
namespace {

using login::Stage;
constexpr Stage stages[] = {Stage::sign_in, Stage::sign_up, Stage::reset, Stage::token_exchange};

Result<std::string> address_of(const Call& call) {
  const std::string& text = call.parameter("id");
  if (!http::parse_ip(text) || text.find_first_of("[]") != std::string::npos)
    return fail(ErrorKind::invalid, "invalid_uri",
                "Path validation error: 'Object didn't pass validation for format ip: " + text.substr(0, 64) +
                    "' on property id.");
  return login::counted_address(text);
}

Async<bool> is_blocked(const ports::Services& services, domain::TenantId tenant, std::string address,
                       TimePoint now) {
  CO_TRY(const auto settings, co_await services.configuration.attack_protection(tenant));
  const auto& throttling = settings->suspicious_ip;
  if (!throttling.enabled || !throttling.block || login::is_listed(throttling.allowlist, address))
    co_return false;
  for (const Stage stage : stages) {
    CO_TRY(const auto left, co_await services.limiter.take(login::address_key(tenant, stage, address),
                                                           login::address_rate(throttling, stage), now, 0));
    if (left.remaining == 0) co_return true;
  }
  co_return false;
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto address, address_of(call));
  CO_TRY(const bool blocked,
         co_await is_blocked(services, call.tenant(), std::move(address), call.context.now));
  if (!blocked) co_return fail(ErrorKind::not_found, "", "Not Found");
  co_return Reply();
}

Async<Reply> remove(const ports::Services& services, Call call) {
  CO_TRY(const auto address, address_of(call));
  ports::Writes writes{api_record(services, call)};
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  for (const Stage stage : stages)
    CO_ENSURE(co_await services.limiter.forget(login::address_key(call.tenant(), stage, address)));
  co_return no_content();
}

}  // namespace

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string path = "/api/v2/anomaly/blocks/ips/{id}";
  return {
      {.id = "get_blocked_ip",
       .method = get,
       .path = path,
       .tag = "anomaly",
       .summary = "Check if an IP address is blocked",
       .scopes = {"read:anomaly_blocks"},
       .rate = management_read,
       .handler = handler<read>(services)},
      {.id = "delete_blocked_ip",
       .method = delete_,
       .path = path,
       .tag = "anomaly",
       .summary = "Remove the blocked IP address",
       .scopes = {"delete:anomaly_blocks"},
       .rate = management_write,
       .success = 204,
       .handler = handler<remove>(services)},
  };
}

}  // namespace durward::management::anomaly
