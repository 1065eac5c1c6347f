#include "server/tenant_by_host.h"

#include <gtest/gtest.h>

#include "base/executor.h"
#include "server/fake_configuration.h"

namespace durward::server {
namespace {

std::string served(FakeConfiguration& configuration, std::string authority,
                   std::string base = "login.example") {
  const auto tenant = run_sync(tenant_of_host(configuration, std::move(base), std::move(authority)));
  return tenant && *tenant ? (*tenant)->name : "none";
}

TEST(TenantByHost, the_first_label_below_the_base_domain_names_the_tenant) {
  EXPECT_EQ(tenant_label("acme.login.example:8443", "login.example"), "acme");
  EXPECT_EQ(tenant_label("login.example", "login.example"), std::nullopt);
  EXPECT_EQ(tenant_label("a.acme.login.example", "login.example"), std::nullopt);
  EXPECT_EQ(tenant_label("acmelogin.example", "login.example"), std::nullopt);
  EXPECT_EQ(tenant_label("-acme.login.example", "login.example"), std::nullopt);
  EXPECT_EQ(tenant_label("[::1]:8443", "login.example"), std::nullopt);
}

TEST(TenantByHost, ports_and_brackets_are_no_part_of_the_host) {
  EXPECT_EQ(host_without_port("[::1]:8443"), "::1");
  EXPECT_EQ(host_without_port("127.0.0.1:1"), "127.0.0.1");
  EXPECT_EQ(host_without_port("localhost"), "localhost");
}

TEST(TenantByHost, links_lead_to_a_name_of_the_tenant_whatever_host_was_asked) {
  EXPECT_EQ(link_host("acme", "login.example", "acme.login.example"), "acme.login.example");
  EXPECT_EQ(link_host("acme", "login.example", "acme.login.example:8443"), "acme.login.example:8443");
  EXPECT_EQ(link_host("acme", "login.example", "evil.example:8443"), "acme.login.example:8443");
  EXPECT_EQ(link_host("acme", "login.example", "other.login.example"), "acme.login.example");
  EXPECT_EQ(link_host("acme", "login.example", "10.0.0.1"), "acme.login.example");
  EXPECT_EQ(link_host("acme", "login.example", "127.0.0.1.evil.example"), "acme.login.example");
  EXPECT_EQ(link_host("acme", "login.example", "127.0.0.1:8443"), "127.0.0.1:8443");
  EXPECT_EQ(link_host("acme", "login.example", "[::1]:8443"), "[::1]:8443");
  EXPECT_EQ(link_host("acme", "login.example", "localhost:8443"), "localhost:8443");
}

TEST(TenantByHost, a_single_tenant_is_reached_by_every_host) {
  FakeConfiguration configuration;
  configuration.add("acme");
  EXPECT_EQ(served(configuration, "127.0.0.1:8443"), "acme");
  EXPECT_EQ(served(configuration, "other.login.example"), "acme");
}

TEST(TenantByHost, of_several_tenants_only_the_named_one_answers) {
  FakeConfiguration configuration;
  configuration.add("acme");
  configuration.add("northwind");
  EXPECT_EQ(served(configuration, "northwind.login.example"), "northwind");
  EXPECT_EQ(served(configuration, "acme.localhost:8443"), "acme");
  EXPECT_EQ(served(configuration, "127.0.0.1:8443"), "none");
  EXPECT_EQ(served(configuration, "third.login.example"), "none");
}

TEST(TenantByHost, without_tenants_nobody_answers) {
  FakeConfiguration configuration;
  EXPECT_EQ(served(configuration, "acme.login.example"), "none");
}

}  // namespace
}  // namespace durward::server
