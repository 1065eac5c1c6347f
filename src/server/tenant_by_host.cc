#include "server/tenant_by_host.h"

#include "management/support/new_tenant.h"

namespace durward::server {
namespace {}  // namespace

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

}  // namespace durward::server
