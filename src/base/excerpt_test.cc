#include "base/excerpt.h"

#include <gtest/gtest.h>

namespace durward {

TEST(Excerpt, what_is_short_enough_stays_and_what_is_longer_is_cut_between_characters) {
  EXPECT_EQ(excerpt("abc", 3), "abc");
  EXPECT_EQ(excerpt("abcd", 3), "abc");
  EXPECT_EQ(excerpt("ab\xc3\xa4", 3), "ab") << "half an ä is none";
  EXPECT_EQ(excerpt("ab\xc3\xa4", 4), "ab\xc3\xa4");
  EXPECT_EQ(excerpt("\xf0\x9f\x90\xa6", 3), "");
}

}  // namespace durward
