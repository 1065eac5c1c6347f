#include "server/tenant_by_host.h"

#include "management/support/new_tenant.h"

namespace durward::server {
namespace {

bool is_local(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

}  // namespace

std::string_view host_without_port(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.rfind(':'));
}

std::optional<std::string> tenant_label(std::string_view authority, std::string_view base_domain) {
  const std::string_view host = host_without_port(authority);
  if (host.size() < base_domain.size() + 2 || !host.ends_with(base_domain)) return {};
  const std::string_view label = host.substr(0, host.size() - base_domain.size() - 1);
  if (host[label.size()] != '.' || !management::is_tenant_name(label)) return {};
  return std::string(label);
}

Async<std::shared_ptr<const domain::Tenant>> tenant_of_host(ports::Configuration& configuration,
                                                            std::string base_domain, std::string authority) {
  auto label = tenant_label(authority, base_domain);
  if (!label) label = tenant_label(authority, "localhost");
  if (label) {
    CO_TRY(auto named, co_await configuration.tenant_by_name(*label));
    if (named) co_return named;
  }
  co_return co_await configuration.only_tenant();
}

std::string link_host(std::string_view tenant_name, std::string_view base_domain,
                      std::string_view authority) {
  const std::string_view host = host_without_port(authority);
  if (is_local(host) || tenant_label(authority, base_domain) == tenant_name) return std::string(authority);
  const size_t port = authority.starts_with('[') ? authority.find("]:") + 1 : authority.find(':');
  std::string own = std::string(tenant_name) + "." + std::string(base_domain);
  return port == authority.npos || port == 0 ? own : own + std::string(authority.substr(port));
}

}  // namespace durward::server
