#include "server/roles.h"

#include <algorithm>

namespace durward::server {
namespace {

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ", ") + item;
  return out;
}

}  // namespace

bool has_role(const std::vector<std::string>& roles, std::string_view role) {
  return std::ranges::find(roles, role) != roles.end();
}

bool needs_no_store(const Settings& settings) {
  return std::ranges::all_of(settings.list("role"),
                             [](const auto& role) { return role == "hashing" || role == "extensions"; });
}

std::string describe_roles(const Settings& settings) {
  std::string out = joined(settings.list("role"));
  if (const auto& listen = settings.text("internal-listen"); !listen.empty())
    out += "; serves other roles on " + listen;
  if (const auto& listen = settings.text("operator-listen"); !listen.empty())
    out += "; serves the operator's API on " + listen;
  const std::vector<std::string> here{"local"};
  const auto &hasher = settings.list("hasher"), &extensions = settings.list("extensions");
  if (hasher != here) out += "; passwords are hashed at " + joined(hasher);
  if (extensions != here) out += "; scripts are run at " + joined(extensions);
  return out;
}

}  // namespace durward::server
