#include "server/degradation.h"

#include <algorithm>
#include <iterator>

namespace durward::server {
namespace {

constexpr std::string_view core_paths[] = {
    "/authorize",   "/oauth/",  "/userinfo",  "/.well-known/",     "/v2/logout",
    "/oidc/logout", "/u/login", "/u/consent", "/u/logout-confirm", "/pem",
    "/cer",         "/rawpem",  "/pb7",       "/fingerprint",
};

}  // namespace

std::string_view to_string(Dependency dependency) {
  constexpr std::string_view names[] = {"store", "redis", "events", "hashing", "extensions"};
  return names[size_t(dependency)];
}

bool is_core(std::string_view path) {
  return std::ranges::any_of(core_paths, [&](std::string_view core) { return path.starts_with(core); });
}

}  // namespace durward::server
