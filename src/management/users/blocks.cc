// Blocks after too many wrong passwords (login/protection.h).
#include "login/attempts.h"
#include "management/support/audit.h"
#include "management/users/handlers.h"

namespace durward::management::users {

namespace {

using Blocks = std::vector<domain::Block>;

// With protection switched off a block is in nobody's way; whoever asks may want to leave those out.
Async<bool> is_in_force(const ports::Services& services, domain::TenantId tenant, std::string connection) {
  CO_TRY(const auto settings, co_await services.configuration.attack_protection(tenant));
  if (!settings->brute_force.enabled || !settings->brute_force.block) co_return false;
  CO_TRY(const auto found, co_await services.configuration.connection_by_name(tenant, connection));
  co_return found&& json::boolean_or(found->options, "brute_force_protection", true);
}

Async<Reply> show(const ports::Services& services, Call call, Blocks blocks) {
  const bool only_in_force = flag(call.query, "consider_brute_force_enablement");
  json::Array shown;
  for (const auto& block : blocks) {
    CO_TRY(const bool in_force, co_await is_in_force(services, call.tenant(), block.connection));
    if (only_in_force && !in_force) continue;
    json::Object one{{"identifier", block.identifier}};
    if (!block.ip.empty()) one["ip"] = block.ip;
    one["connection"] = block.connection;
    shown.push_back(std::move(one));
  }
  co_return ok(json::Object{{"blocked_for", std::move(shown)}});
}

// The block is gone with the commit; counts that outlived theirs begin anew.
Async<Reply> lift(const ports::Services& services, Call call, ports::Writes writes, Blocks blocks) {
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  for (const auto& block : blocks)
    (void)co_await services.limiter.forget(
        login::account_key(call.tenant(), block.connection, block.identifier, block.ip));
  co_return no_content();
}

Async<Blocks> blocks_of(const ports::Services& services, domain::TenantId tenant, domain::User user) {
  Blocks out;
  for (const auto& identifier : connections::database::all_identifiers(user)) {
    CO_TRY(auto found, co_await services.blocks.list(tenant, identifier.value));
    for (auto& block : found)
      if (block.connection == identifier.connection) out.push_back(std::move(block));
  }
  co_return out;
}

std::string identifier_of(const Call& call) {
  return login::counted_identifier(call.query.get_or("identifier"));
}

}  // namespace

Async<Reply> list_blocks(const ports::Services& services, Call call) {
  CO_TRY(auto user, co_await load_user(services, call.tenant(), call.parameter("id")));
  CO_TRY(auto blocks, co_await blocks_of(services, call.tenant(), std::move(user)));
  co_return co_await show(services, std::move(call), std::move(blocks));
}

Async<Reply> remove_blocks(const ports::Services& services, Call call) {
  CO_TRY(auto user, co_await load_user(services, call.tenant(), call.parameter("id")));
  auto writes = connections::database::Database::lift_blocks(user);
  CO_TRY(auto blocks, co_await blocks_of(services, call.tenant(), std::move(user)));
  co_return co_await lift(services, std::move(call), std::move(writes), std::move(blocks));
}

Async<Reply> list_blocks_of_identifier(const ports::Services& services, Call call) {
  CO_TRY(auto blocks, co_await services.blocks.list(call.tenant(), identifier_of(call)));
  co_return co_await show(services, std::move(call), std::move(blocks));
}

Async<Reply> remove_blocks_of_identifier(const ports::Services& services, Call call) {
  CO_TRY(auto blocks, co_await services.blocks.list(call.tenant(), identifier_of(call)));
  ports::Writes writes{ports::RemoveBlocks{identifier_of(call)}};
  co_return co_await lift(services, std::move(call), std::move(writes), std::move(blocks));
}

}  // namespace durward::management::users
