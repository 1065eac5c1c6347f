#include "domain/execution.h"

#include <gtest/gtest.h>

namespace durward::domain {
namespace {

const std::string random("\xff\x01\x02\x03\x04\x05\x06\x07", 8);

TEST(Execution, an_id_is_a_uuid_that_its_key_is_read_from) {
  for (const int64_t key : {int64_t(0), int64_t(1), int64_t(0x123456789abcdef0), INT64_MAX}) {
    const auto id = Execution::id_of(key, random);
    EXPECT_EQ(id.size(), 36u);
    EXPECT_EQ(id[14], '8');
    EXPECT_EQ(Execution::key_of(id), key);
  }
  EXPECT_EQ(Execution::id_of(0x0123456789abcdef, random), "01234567-89ab-8cde-bfff-010203040506");
}

TEST(Execution, what_is_no_such_uuid_has_no_key) {
  for (const char* text : {"", "01234567-89ab-4cde-bfff-010203040506", "01234567-89ab-8cde-3fff-010203040506",
                           "0123456789ab8cdebfff010203040506", "01234567-89ab-8cde-bfff-01020304050",
                           "01234567+89ab-8cde-bfff-010203040506", "g1234567-89ab-8cde-bfff-010203040506"})
    EXPECT_FALSE(Execution::key_of(text)) << text;
}

}  // namespace
}  // namespace durward::domain
