#pragma once
#include <functional>
#include <string_view>
#include <vector>

// What a process does while something it needs is away. docs/degradation.md is this table, and its test says
// so.
namespace durward::server {

enum class Dependency { store, redis, events, hashing, extensions };
std::string_view to_string(Dependency dependency);

struct Degradation {
  Dependency away;
  std::string_view use;   // what it is needed for
  std::string_view then;  // what happens instead
};
inline constexpr Degradation degradations[] = {
    {Dependency::store, "Tenants, clients, connections, APIs, settings, keys",
     "What this process knew when the store went serves on, for stale-max; what it did not know is 503."},
    {Dependency::store, "Keys (JWKS), discovery", "Answered from what is known."},
    {Dependency::store, "Tokens for programs (client credentials)",
     "Issued, for eight minutes at least (the time of a process's node number); the log record waits in "
     "memory, "
     "bounded, and is written when the store is back. It is lost when the process ends before."},
    {Dependency::store, "Sign-in, codes, refresh, userinfo, sign-out, revocation",
     "503 with Retry-After, or temporarily_unavailable by redirect: each needs a read or a commit, and "
     "nobody is "
     "told of one that was not made."},
    {Dependency::store, "Management API", "503 with Retry-After."},
    {Dependency::store, "Feature flags",
     "What was known serves on; what was not has the default of its table, and the evaluation says "
     "GENERAL."},
    {Dependency::store, "Mail and other jobs", "Wait in the store."},
    {Dependency::redis, "Rate limits of the fleet",
     "Each process counts by itself, from what it knew: a bucket it knows to be empty stays empty, N "
     "processes allow at most N buckets. What it decided alone it tells Redis afterwards."},
    {Dependency::redis, "Replay check of internal calls across processes", "Each process checks its own."},
    {Dependency::redis, "Counts of wrong passwords, and of what an address tries",
     "Each process counts by itself, so N processes allow N times the attempts. What is blocked is in the "
     "store and stays blocked."},
    {Dependency::redis, "Bot detection",
     "Each process counts by itself; a challenge that is asked for is accepted or refused as the tenant's "
     "auth_challenge.fail_open says."},
    {Dependency::redis, "Mails about leaked passwords",
     "Each process keeps its own hour, so N processes may send N of them."},
    {Dependency::redis, "Which worker sweeps", "Every worker does."},
    {Dependency::events, "Mail, jobs and streams",
     "Wait in the outbox and in the store; a person notices nothing."},
    {Dependency::hashing, "Sign-in and sign-up with a password, users with passwords",
     "503 with Retry-After within hasher-timeout; live sessions and refresh tokens work on."},
    {Dependency::hashing, "More passwords than can be hashed in time, in process or by the role",
     "What would be late is 503 with Retry-After at once, each tenant keeps its share; tokens, keys and "
     "userinfo go on."},
    {Dependency::extensions, "Actions, rules and hooks at sign-in, sign-up, password reset and tokens",
     "Each binding does what its failure_policy says: open goes on without the code, closed (the default) is "
     "503 with Retry-After. Where no code is bound nobody notices."},
    {Dependency::extensions, "Database scripts of connections", "503 with Retry-After."},
    {Dependency::extensions, "Deploying and testing code",
     "503 with Retry-After; what is deployed stays deployed."},
    {Dependency::extensions, "Mails and phone messages that a tenant's action sends",
     "Wait in the store and are tried again with growing pauses, for six hours."},
    {Dependency::extensions, "More calls of scripts than there are processes for",
     "Each tenant waits in its own queue; what is too much is refused at once with Retry-After, which is as "
     "if "
     "extensions were away for it."},
};

// Whether what this process needs is there, asked at the time of the question.
struct Probe {
  Dependency dependency;
  std::function<bool()> is_reachable;
};

// Core-only mode: whether a row is a part of signing in, tokens, keys, userinfo and signing out.
bool is_core(std::string_view path);

}  // namespace durward::server
