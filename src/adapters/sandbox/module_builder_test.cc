#include "adapters/sandbox/module_builder.h"

#include "adapters/sandbox/testing.h"

namespace durward::adapters::sandbox {
namespace {

class ModuleBuilderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::why_not().empty()) GTEST_SKIP() << testing::why_not();
  }
  // A registry that cannot be there: these tests need no network.
  Result<std::string> bundle(std::vector<ports::ModuleName> modules,
                             Milliseconds within = Milliseconds(60'000)) {
    BuilderOptions options;
    options.confinement.engine = testing::checkout_engine();
    options.confinement.nice = 0;
    options.registry = "http://127.0.0.1:1/";
    options.within = within;
    LocalModuleBuilder builder(options);
    return run_sync(builder.bundle(std::move(modules)));
  }
};

TEST_F(ModuleBuilderTest, no_modules_are_an_empty_bundle) {
  const auto text = bundle({});
  ASSERT_TRUE(text) << text.error().message << text.error().debug;
  EXPECT_NE(text->find("module.exports"), std::string::npos);
}

TEST_F(ModuleBuilderTest, what_is_no_name_is_refused_with_the_reason) {
  const auto refused = bundle({{"../../etc", "1.0.0"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "invalid_dependency");
  EXPECT_NE(refused.error().message.find("../../etc"), std::string::npos);
}

TEST_F(ModuleBuilderTest, a_registry_that_is_away_is_nobodys_fault) {
  const auto refused = bundle({{"left-pad", "1.3.0"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable) << refused.error().message;
}

TEST_F(ModuleBuilderTest, a_build_that_takes_too_long_is_ended) {
  const auto refused = bundle({}, Milliseconds(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(refused.error().debug, "too late");
}

}  // namespace
}  // namespace durward::adapters::sandbox
