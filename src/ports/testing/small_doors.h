#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>

#include "domain/attack_protection.h"
#include "domain/entitlements.h"
#include "domain/event_stream.h"
#include "domain/flags.h"
#include "domain/notification.h"
#include "domain/script.h"
#include "ports/breached_passwords.h"
#include "ports/configuration.h"
#include "ports/flags.h"
#include "ports/limiter.h"
#include "ports/scripts.h"
#include "ports/short_cache.h"
#include "ports/storage/blocks.h"
#include "ports/storage/commit.h"
#include "ports/storage/event_deliveries.h"
#include "ports/storage/executions.h"

// The doors that most tests need and few speak of. One thread.
namespace durward::testing {

// Configuration whose settings were never changed.
struct UnchangedConfiguration : ports::Configuration {
  Async<Ptr<domain::AttackProtection>> attack_protection(domain::TenantId) override {
    co_return std::make_shared<const domain::AttackProtection>(protection);
  }
  Async<Ptr<domain::Entitlements>> entitlements(domain::TenantId) override {
    co_return std::make_shared<const domain::Entitlements>(entitled);
  }
  Async<Ptr<domain::FlagRules>> flags(domain::TenantId) override {
    co_return std::make_shared<const domain::FlagRules>();
  }
  Async<Ptr<domain::TenantScripts>> scripts(domain::TenantId) override {
    co_return std::make_shared<const domain::TenantScripts>(tenant_scripts);
  }
  Async<Ptr<domain::NotificationProviders>> notification_providers(domain::TenantId) override {
    co_return std::make_shared<const domain::NotificationProviders>(providers);
  }
  domain::NotificationProviders providers;
  Async<Ptr<std::vector<domain::EventStream>>> event_streams(domain::TenantId) override {
    co_return std::make_shared<const std::vector<domain::EventStream>>(streams);
  }
  domain::AttackProtection protection = domain::AttackProtection::from_documents({});
  domain::Entitlements entitled;
  domain::TenantScripts tenant_scripts;
  std::vector<domain::EventStream> streams;
};

struct MapLimiter : ports::Limiter {
  Async<ports::Allowance> take(std::string key, ports::Rate rate, TimePoint now, int64_t units) override {
    const int64_t now_us = to_unix_ms(now) * 1000;
    int64_t& paid_at = paid[key];
    const int64_t after = std::max(std::max(paid_at, now_us) + units * ports::unit_us(rate), now_us);
    const bool allowed = after <= now_us + ports::burst_us(rate);
    if (allowed) paid_at = after;
    co_return ports::allowance(rate, allowed, paid_at, now_us, units);
  }
  Async<> forget(std::string key) override {
    paid.erase(key);
    co_return Result<>();
  }
  std::map<std::string, int64_t> paid;
};

// Nothing in it ends.
struct MapCache : ports::ShortCache {
  Async<std::optional<std::string>> get(std::string key) override {
    const auto found = values.find(key);
    co_return found == values.end() ? std::nullopt : std::optional(found->second);
  }
  Async<> put(std::string key, std::string value, Milliseconds) override {
    values[key] = std::move(value);
    co_return Result<>();
  }
  Async<bool> put_if_absent(std::string key, std::string value, Milliseconds) override {
    co_return values.emplace(std::move(key), std::move(value)).second;
  }
  Async<> remove(std::string key) override {
    values.erase(key);
    co_return Result<>();
  }
  std::map<std::string, std::string> values;
};

// Blocks as a committer of a test puts and removes them; nothing in it ends.
struct ListedBlocks : ports::Blocks {
  Async<std::optional<domain::Block>> find(domain::TenantId, std::string connection, std::string identifier,
                                           std::string ip) override {
    ++finds;
    for (const auto& block : all)
      if (block.connection == connection && block.identifier == identifier &&
          (block.ip.empty() || block.ip == ip))
        co_return block;
    co_return std::nullopt;
  }
  Async<std::vector<domain::Block>> list(domain::TenantId, std::string identifier) override {
    std::vector<domain::Block> out;
    for (const auto& block : all)
      if (block.identifier == identifier) out.push_back(block);
    co_return out;
  }
  void apply(const ports::PutBlock& write) { all.push_back(write.block); }
  void apply(const ports::RemoveBlocks& w) {
    std::erase_if(all, [&](const auto& block) {
      return block.identifier == w.identifier && (w.connection.empty() || block.connection == w.connection) &&
             (!w.ip || block.ip == *w.ip);
    });
  }
  std::vector<domain::Block> all;
  int finds = 0;
};

// What a test lists.
struct ListedPasswords : ports::BreachedPasswords {
  bool contains(std::string_view password) const override {
    ++asked;
    return listed.contains(std::string(password));
  }
  std::set<std::string> listed;
  mutable int asked = 0;
};

// The table's values, or what a test sets.
struct TableFlags : ports::Flags {
  Task<domain::FlagResolution> resolve(std::string key, domain::FlagContext) override {
    if (const auto set = values.find(key); set != values.end())
      co_return domain::FlagResolution{.value = set->second, .variant = {}, .error_code = {}};
    const auto* flag = domain::find_flag(key);
    domain::FlagResolution out;
    if (flag) out.value = domain::resolve_flag(*flag, {}, {}, "", {}).value;
    co_return out;
  }
  std::map<std::string, json::Value> values;
};

// Code of customers as a test plays it; without a `played` nothing runs here.
struct PlayedScripts : ports::Scripts {
  Async<ports::ScriptOutcome> run(domain::TenantId tenant, ports::ScriptCall call) override {
    calls.push_back(call);
    if (!played)
      co_return fail(ErrorKind::unavailable, "extensions_disabled", "This installation runs no scripts.");
    co_return played(tenant, std::move(call));
  }
  std::function<Result<ports::ScriptOutcome>(domain::TenantId, ports::ScriptCall)> played;
  std::vector<ports::ScriptCall> calls;
};
struct PlayedModules : ports::ModuleBuilder {
  Async<std::string> bundle(std::vector<ports::ModuleName> modules) override {
    std::string out;
    for (const auto& module : modules) {
      if (unknown.contains(module.name))
        co_return fail(ErrorKind::invalid, "invalid_dependency", "No module " + module.name + ".");
      out += "exports['" + module.name + "'] = () => ({});\n";
    }
    co_return out;
  }
  std::set<std::string> unknown;
};

// What a test lists; of one tenant.
struct ListedExecutions : ports::Executions {
  Async<std::optional<domain::Execution>> find(domain::TenantId, std::string id) override {
    for (const auto& execution : all)
      if (execution.id == id) co_return execution;
    co_return std::nullopt;
  }
  Async<std::vector<domain::Execution>> list(domain::TenantId, ports::ExecutionQuery query) override {
    std::vector<domain::Execution> out;
    for (const auto& execution : all)
      if (execution.key > query.after.value_or(0)) out.push_back(execution);
    const auto limit = size_t(query.limit);
    if (out.size() > limit && query.after) out.resize(limit);
    if (out.size() > limit) out.erase(out.begin(), out.end() - query.limit);
    co_return out;
  }
  std::vector<domain::Execution> all;
};

// Deliveries of one tenant as a test lists them; nothing is claimed here.
struct ListedDeliveries : ports::EventDeliveries {
  Async<std::optional<domain::EventDelivery>> find(domain::TenantId, std::string stream,
                                                   int64_t id) override {
    for (const auto& one : all)
      if (one.stream == stream && one.id == id) co_return one;
    co_return std::nullopt;
  }
  Async<std::vector<domain::EventDelivery>> list(domain::TenantId, std::string stream,
                                                 ports::EventDeliveryQuery query) override {
    last_query = query;
    std::vector<domain::EventDelivery> out;
    for (const auto& one : all)
      if (one.stream == stream && (!query.before || one.id < *query.before)) out.push_back(one);
    if (out.size() > size_t(query.limit)) out.resize(size_t(query.limit));
    co_return out;
  }
  Async<std::vector<ports::StreamClaim>> claim(ports::StreamClaiming) override {
    co_return std::vector<ports::StreamClaim>();
  }
  Async<std::vector<domain::EventDelivery>> due(ports::StreamClaim, TimePoint, int64_t) override {
    co_return std::vector<domain::EventDelivery>();
  }
  Async<> delivered(domain::TenantId, std::string, int64_t) override { co_return Result<>(); }
  Async<> failed(domain::TenantId, domain::EventDelivery) override { co_return Result<>(); }
  Async<> release(ports::StreamClaim, TimePoint) override { co_return Result<>(); }
  std::vector<domain::EventDelivery> all;
  ports::EventDeliveryQuery last_query;
};

}  // namespace durward::testing
