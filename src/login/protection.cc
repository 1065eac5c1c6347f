#include "login/protection.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"

namespace durward::login {

// A rule counts attempts of one stage against one rate. The table below is all there is.
struct Rule {
  enum class Counts { address, account };
  Counts counts;
  Stage stage;
  bool failures_only;  // a right password gives the attempt back
  std::string_view log_type, sentence;
};

namespace {

using Counts = Rule::Counts;

constexpr std::string_view account_sentence =
    "Your account has been blocked after multiple consecutive login attempts.";
constexpr std::string_view mail_sentence = " We've sent you an email with instructions on how to unblock it.";
constexpr std::string_view address_sentence =
    "We have detected suspicious login behavior and further attempts will be blocked. Please contact the "
    "administrator.";

// In this order: what one address may do at all comes before what it may do to one account.
constexpr Rule rules[] = {
    {Counts::address, Stage::sign_in, true, "limit_mu", address_sentence},
    {Counts::address, Stage::sign_up, false, "limit_mu", address_sentence},
    {Counts::address, Stage::reset, false, "limit_mu", address_sentence},
    {Counts::address, Stage::token_exchange, true, "limit_mu", address_sentence},
    {Counts::account, Stage::sign_in, true, "limit_wc", account_sentence},
};
constexpr const Rule& account_rule = rules[std::size(rules) - 1];

// Longer than any verification takes: whoever holds an attempt for so long has died with it.
constexpr Seconds verification_max{60};
constexpr ports::Rate warning_rate{std::chrono::hours(1), 1};
constexpr size_t name_max = 320;

bool applies(const Rule& rule, const Permit& permit) {
  if (rule.stage != permit.attempt.stage) return false;
  const auto& settings = *permit.settings;
  const std::string& ip = permit.attempt.scene.ip;
  if (rule.counts == Counts::address)
    return settings.suspicious_ip.enabled && !is_of_this_machine(ip) &&
           !is_listed(settings.suspicious_ip.allowlist, ip);
  // The connection's own switch, which is on unless it says otherwise.
  return settings.brute_force.enabled &&
         json::boolean_or(permit.attempt.connection->options, "brute_force_protection", true) &&
         !is_listed(settings.brute_force.allowlist, ip);
}

bool blocks(const Rule& rule, const domain::AttackProtection& settings) {
  return rule.counts == Counts::account ? settings.brute_force.block : settings.suspicious_ip.block;
}

std::string account_ip(const Permit& permit) {
  return permit.settings->brute_force.per_ip ? permit.ip : std::string();
}

std::string key_of(const Rule& rule, const Permit& permit) {
  const auto tenant = permit.attempt.scene.tenant.id;
  if (rule.counts == Counts::address) return address_key(tenant, rule.stage, permit.ip);
  return account_key(tenant, permit.attempt.connection->name, permit.identifier, account_ip(permit));
}

ports::Rate rate_of(const Rule& rule, const domain::AttackProtection& settings) {
  if (rule.counts == Counts::address) return address_rate(settings.suspicious_ip, rule.stage);
  return account_rate(settings.brute_force);
}

Error error_of(const Rule& rule, const domain::AttackProtection& settings) {
  std::string sentence(rule.sentence);
  // Told whether or not there is somebody to write to.
  if (rule.counts == Counts::account && settings.brute_force.notify_user) sentence += mail_sentence;
  return {ErrorKind::limited, "too_many_attempts", std::move(sentence), {}};
}

// Since when the count is used up without a block.
std::string held_key(const std::string& account) { return account + ":held"; }

const Permit::Hold* account_hold(const Permit& permit) {
  const auto found = std::ranges::find(permit.held, &account_rule, &Permit::Hold::rule);
  return found == permit.held.end() ? nullptr : &*found;
}

// Nothing was tried, a store that is away must not use up anybody's attempts.
Task<> give_back(ports::Limiter& limiter, std::vector<Permit::Hold> held, TimePoint now) {
  for (const auto& hold : held) (void)co_await limiter.take(hold.key, hold.rate, now, -1);
}

void append(ports::Writes& to, ports::Writes from) {
  for (auto& write : from) to.push_back(std::move(write));
}

}  // namespace

ports::Write Protection::record(const Permit& permit, const Rule& rule, const domain::User* user) const {
  static const domain::Connection none;
  const auto& attempt = permit.attempt;
  const auto& connection = attempt.connection ? *attempt.connection : none;
  auto write =
      database_.log(attempt.scene, connection, std::string(rule.log_type), std::string(rule.sentence), user);
  if (write.record.user_name.empty()) write.record.user_name = attempt.identifier.substr(0, name_max);
  return write;
}

Async<Admission> Protection::admit(Attempt attempt) const {
  Permit permit{.attempt = std::move(attempt)};
  const auto tenant = permit.attempt.scene.tenant.id;
  CO_TRY(permit.settings, co_await services_.configuration.attack_protection(tenant));
  if (!permit.settings) permit.settings = std::make_shared<const domain::AttackProtection>();
  permit.ip = counted_address(permit.attempt.scene.ip);
  permit.identifier = counted_identifier(permit.attempt.identifier);
  for (const Rule& rule : rules) {
    if (!applies(rule, permit)) continue;
    auto barred = co_await reserve(permit, rule);
    if (!barred) {
      co_await give_back(services_.limiter, permit.held, permit.attempt.scene.now);
      co_return std::unexpected(std::move(barred).error());
    }
    if (*barred) co_return Admission(std::unexpect, std::move(**barred));
  }
  auto barred = co_await find_block(permit);
  if (!barred) {
    co_await give_back(services_.limiter, permit.held, permit.attempt.scene.now);
    co_return std::unexpected(std::move(barred).error());
  }
  if (*barred) co_return Admission(std::unexpect, std::move(**barred));
  co_return Admission(std::move(permit));
}

Async<std::optional<Barred>> Protection::reserve(Permit& permit, const Rule& rule) const {
  Permit::Hold hold{&rule, key_of(rule, permit), rate_of(rule, *permit.settings)};
  CO_TRY(const auto taken, co_await services_.limiter.take(hold.key, hold.rate, permit.attempt.scene.now));
  if (taken.allowed) {
    hold.remaining = taken.remaining;
    permit.is_last |= rule.counts == Counts::account && taken.remaining == 0;
    permit.held.push_back(std::move(hold));
    co_return std::nullopt;
  }
  if (!blocks(rule, *permit.settings)) {
    permit.notes.push_back(record(permit, rule, nullptr));
    co_return std::nullopt;
  }
  auto barred = co_await refuse(permit, rule);
  if (!barred) {
    permit.held.pop_back();  // nothing was taken of it
    co_return std::unexpected(std::move(barred).error());
  }
  co_return std::move(*barred);
}

Async<Barred> Protection::refuse(Permit& permit, const Rule& rule) const {
  Barred out{.error = error_of(rule, *permit.settings), .log_type = std::string(rule.log_type)};
  permit.held.push_back({&rule, key_of(rule, permit), rate_of(rule, *permit.settings)});
  if (rule.counts == Counts::account) {
    CO_TRY(out.writes, co_await block_if_abandoned(permit));
  }
  if (rule.counts == Counts::address) {
    CO_TRY(out.writes, co_await warn_admin(permit));
  }
  out.permit = std::move(permit);
  co_return out;
}

// Read after the count was taken from: whoever writes a block frees the count only when it is committed, so
// there is no moment at which neither stands in the way.
Async<std::optional<Barred>> Protection::find_block(Permit& permit) const {
  if (!account_hold(permit) || !permit.settings->brute_force.block) co_return std::nullopt;
  const auto& attempt = permit.attempt;
  CO_TRY(const auto found, co_await services_.blocks.find(attempt.scene.tenant.id, attempt.connection->name,
                                                          permit.identifier, permit.ip));
  if (!found) co_return std::nullopt;
  const auto* hold = account_hold(permit);
  (void)co_await services_.limiter.take(hold->key, hold->rate, attempt.scene.now, -1);
  co_return Barred{.error = error_of(account_rule, *permit.settings),
                   .log_type = std::string(account_rule.log_type),
                   .user_id = found->user_id,
                   .permit = std::move(permit)};
}

Async<ports::Writes> Protection::passed(Permit permit) const {
  ports::Writes writes = std::move(permit.notes);
  for (const auto& hold : permit.held) {
    if (hold.rule->counts == Counts::account) {
      (void)co_await services_.limiter.forget(hold.key);
      // Failures came before it: somebody who failed beside it may have written a block meanwhile.
      if (hold.remaining + 1 < hold.rate.burst) {
        writes.push_back(
            ports::RemoveBlocks{permit.identifier, permit.attempt.connection->name, account_ip(permit)});
        (void)co_await services_.cache.remove(held_key(hold.key));
      }
    } else if (hold.rule->failures_only) {
      (void)co_await services_.limiter.take(hold.key, hold.rate, permit.attempt.scene.now, -1);
    }
  }
  co_return writes;
}

Async<FailedAttempt> Protection::failed(Permit& permit, connections::database::Refused refusal) const {
  if (refusal.error.code != "invalid_user_password") {
    permit.is_last = false;
    CO_TRY(auto writes, co_await passed(permit));
    co_return FailedAttempt{.writes = std::move(writes)};
  }
  const auto& user = refusal.user;
  FailedAttempt out{.writes = std::move(permit.notes)};
  if (!permit.is_last) co_return out;
  out.writes.push_back(record(permit, account_rule, user ? &*user : nullptr));
  if (!permit.settings->brute_force.block) co_return out;
  CO_TRY(auto writes, co_await block(permit, user));
  append(out.writes, std::move(writes));
  out.instead = error_of(account_rule, *permit.settings);
  co_return out;
}

Async<ports::Writes> Protection::block(Permit& permit, const std::optional<domain::User>& user) const {
  const auto& attempt = permit.attempt;
  const TimePoint now = attempt.scene.now;
  permit.has_ended = true;
  ports::Writes writes{ports::PutBlock{{.connection = attempt.connection->name,
                                        .identifier = permit.identifier,
                                        .ip = account_ip(permit),
                                        .user_id = user ? user->user_id : std::string(),
                                        .created_at = now,
                                        .expires_at = now + block_life}}};
  if (!user || user->email().empty() || !permit.settings->brute_force.notify_user) co_return writes;
  CO_TRY(const auto settings, co_await services_.configuration.settings(attempt.scene.tenant.id));
  static const domain::TenantSettings defaults;
  append(writes,
         database_.send_unblock(attempt.scene, settings ? *settings : defaults, *attempt.connection, *user,
                                connections::database::BlockedSignIn{permit.identifier, account_ip(permit)}));
  co_return writes;
}

// The count is used up: whoever took the last attempt is verifying it still, or ended with its process before
// it wrote the block. Then the next one writes it.
Async<ports::Writes> Protection::block_if_abandoned(Permit& permit) const {
  const auto& attempt = permit.attempt;
  const std::string key = held_key(key_of(account_rule, permit));
  const int64_t now_ms = to_unix_ms(attempt.scene.now);
  const auto seen = co_await services_.cache.get(key);
  if (!seen || !*seen) {
    (void)co_await services_.cache.put(key, std::to_string(now_ms), Seconds(86400));
    co_return ports::Writes();
  }
  int64_t since = now_ms;
  std::from_chars((*seen)->data(), (*seen)->data() + (*seen)->size(), since);
  if (now_ms - since < Milliseconds(verification_max).count()) co_return ports::Writes();
  CO_TRY(const auto there, co_await services_.blocks.find(attempt.scene.tenant.id, attempt.connection->name,
                                                          permit.identifier, permit.ip));
  permit.has_ended = true;
  if (there) co_return ports::Writes();
  CO_TRY(auto found, co_await services_.users.find_by_identifier(
                         attempt.scene.tenant.id, attempt.connection->name, permit.identifier));
  std::optional<domain::User> user;
  if (found) user = std::move(found->user);
  co_return co_await block(permit, user);
}

// At most one warning an hour, however many addresses.
Async<ports::Writes> Protection::warn_admin(const Permit& permit) const {
  const auto& scene = permit.attempt.scene;
  if (!permit.settings->suspicious_ip.notify_admin) co_return ports::Writes();
  CO_TRY(const auto settings, co_await services_.configuration.settings(scene.tenant.id));
  if (!settings || settings->support_email.empty()) co_return ports::Writes();
  CO_TRY(const auto taken,
         co_await services_.limiter.take(warning_key(scene.tenant.id), warning_rate, scene.now));
  if (!taken.allowed) co_return ports::Writes();
  co_return database_.warn_of_address(scene, *settings, permit.ip);
}

Task<> Protection::settle(Permit permit, bool committed) const {
  const auto* hold = account_hold(permit);
  if (!hold || !permit.has_ended) co_return;
  // Without the block the last attempt was not used: the next one who fails tries again to write it.
  if (!committed) {
    (void)co_await services_.limiter.take(hold->key, hold->rate, permit.attempt.scene.now, -1);
    co_return;
  }
  if (const auto done = co_await services_.limiter.forget(hold->key); !done)
    log::warning("a count outlives its block", {{"error", done.error().code}});
  (void)co_await services_.cache.remove(held_key(hold->key));
}

Task<> Protection::cancelled(Permit permit) const {
  for (const auto& hold : permit.held)
    if (hold.rule->failures_only)
      (void)co_await services_.limiter.take(hold.key, hold.rate, permit.attempt.scene.now, -1);
}

}  // namespace durward::login
