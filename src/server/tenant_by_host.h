#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.h"
#include "ports/configuration.h"

namespace durward::server {

// The authority's host without port and brackets: "a.example:8443" -> "a.example", "[::1]:1" -> "::1".
std::string_view host_without_port(std::string_view authority);
// "acme.example.com:8443" under "example.com" -> "acme". Nothing for deeper names and for the base domain
// itself.
std::optional<std::string> tenant_label(std::string_view authority, std::string_view base_domain);

// NAME.<base domain>, else NAME.localhost, else the only tenant, whatever the host. Null when there is none.
Async<std::shared_ptr<const domain::Tenant>> tenant_of_host(ports::Configuration& configuration,
                                                            std::string base_domain, std::string authority);

// `authority` when it is NAME.<base domain> of this tenant or of this machine (localhost, loopback
// addresses); else NAME.<base domain> with the port of the authority.
std::string link_host(std::string_view tenant_name, std::string_view base_domain, std::string_view authority);

}  // namespace durward::server
