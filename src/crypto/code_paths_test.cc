#include "crypto/code_paths.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace durward::crypto {
namespace {

TEST(CodePaths, adx_is_masked_on_zen_3_alone) {
  std::ostringstream text;
  text << std::ifstream("/proc/cpuinfo").rdbuf();
  const std::string cpu = text.str();
  const auto says = [&](const char* part) { return cpu.find(part) != cpu.npos; };
  const bool zen_3 = says("AuthenticAMD") && says("cpu family\t: 25\n") && !says("avx512ifma");
  const char* chosen = preferred_openssl_ia32cap();
  EXPECT_EQ(chosen ? std::string(chosen) : "", zen_3 ? ":~0x80000" : "");
}

}  // namespace
}  // namespace durward::crypto
