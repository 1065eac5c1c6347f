#include "domain/mail_address.h"

#include <gtest/gtest.h>

namespace durward::domain {
namespace {

TEST(mail_address, one_plain_address_may_have_a_name) {
  const auto named = *parse_mail_address("\"A\tB\" <a@b.test>");
  EXPECT_EQ(named.name, "A B");
  EXPECT_EQ(named.address, "a@b.test");
  EXPECT_EQ(named.domain(), "b.test");
  for (std::string_view good : {"a@b", "Name <a@b.test>", "\"N, M\" <a.b+c@d.test>", " a@b "})
    EXPECT_TRUE(parse_mail_address(good)) << good;
}

TEST(mail_address, everything_else_is_refused) {
  for (std::string_view bad : {"", "a", "@b", "a@", "a@b, c@d", "a@b\r\nBcc: c@d", "<a@b> <c@d> x", "a b@c",
                               "ä@b.test", "a@b> RCPT TO:<c", "a@<b>", "Name <a@b\r\n>"}) {
    const auto address = parse_mail_address(bad);
    ASSERT_FALSE(address.has_value()) << bad;
    EXPECT_EQ(address.error().code, "invalid_address");
  }
}

}  // namespace
}  // namespace durward::domain
