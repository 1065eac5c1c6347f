#pragma once
#include <span>
#include <string_view>

namespace durward::domain {

// A place where actions run (Auth0 Management API, GET /actions/triggers).
struct Trigger {
  std::string_view id, version;     // "post-login", "v3": the one actions are written for
  std::string_view handler;         // what an action exports for it
  std::string_view resume_handler;  // after a redirect; empty: none
  // Chosen by what names the action (a provider, a profile, a stream) instead of being bound in an order.
  bool is_entity_bound = false;
  // A tenant has one action of it at most, which whatever names the trigger means.
  bool has_one_action = false;
};

std::span<const Trigger> triggers();
const Trigger* find_trigger(std::string_view id);

// What an action may say it was written for. All run on the same Node.js.
inline constexpr std::string_view runtimes[] = {"node22", "node18-actions", "node18", "node16", "node12"};

}  // namespace durward::domain
