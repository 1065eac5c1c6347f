#include "base/task.h"

#include <gtest/gtest.h>

#include "base/executor.h"

// The compile-and-run table of coroutine patterns that other compilers break (docs/adr/0002-compiler.md): it
// runs first in CI, so that a wrong compiler is noticed before anything else is believed.
namespace durward {
namespace {

struct Big {
  std::string text;
  std::vector<int> numbers;
};

Task<Big> big(std::string text) { co_return Big{std::move(text), {1, 2, 3}}; }
Task<bool> truth(bool b) { co_return b; }
Task<size_t> size_of(Big b) { co_return b.text.size() + b.numbers.size(); }
Task<size_t> call(std::function<size_t()> f) { co_return f(); }
Task<int> one() { co_return 1; }

Task<Big> either(bool first) { co_return first ? co_await big("first") : co_await big("second"); }
Task<bool> conditions() {
  if (co_await truth(true) && !co_await truth(false) && (co_await truth(false) || co_await truth(true)))
    co_return true;
  co_return false;
}
Task<size_t> temporaries() {
  const std::string captured = "captured by a lambda that lives across the await";
  const size_t aggregate =
      co_await size_of(Big{.text = "a temporary longer than the small buffer", .numbers = {1}});
  const size_t lambda = co_await call([captured] { return captured.size(); });
  auto [text, numbers] = Big{.text = (co_await big("structured")).text, .numbers = {4}};
  co_return aggregate + lambda + text.size() + numbers.size();
}
Task<long> many(int n) {
  long sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await one();
  co_return sum;
}
Task<int> throws() {
  throw std::runtime_error("lost");
  co_return 0;
}
Async<int> failing() { co_return fail(ErrorKind::invalid, "bad"); }
Async<int> passing_on() {
  CO_TRY(const int n, co_await failing());
  co_return n + 1;
}

TEST(Coroutines, conditional_expression_with_two_awaits) {
  EXPECT_EQ(run_sync(either(true)).text, "first");
  EXPECT_EQ(run_sync(either(false)).text, "second");
}
TEST(Coroutines, awaits_in_conditions) { EXPECT_TRUE(run_sync(conditions())); }
TEST(Coroutines, temporaries_live_until_the_end_of_the_full_expression) {
  EXPECT_EQ(run_sync(temporaries()), 100u);
}
TEST(Coroutines, exceptions_reach_the_awaiter) { EXPECT_THROW(run_sync(throws()), std::runtime_error); }
TEST(Coroutines, errors_are_passed_on) { EXPECT_EQ(run_sync(passing_on()).error().code, "bad"); }
TEST(Coroutines, long_loops_of_synchronous_awaits) {
#ifdef NDEBUG
  EXPECT_EQ(run_sync(many(2'000'000)), 2'000'000);
#else
  EXPECT_EQ(run_sync(many(1'000)), 1'000);  // no guaranteed tail calls without optimisation
#endif
}

Async<std::thread::id> where(ThreadPool& pool) {
  CO_TRY(auto id, co_await pool.run([]() -> Result<std::thread::id> { return std::this_thread::get_id(); }));
  EXPECT_NE(id, std::this_thread::get_id());
  co_return std::this_thread::get_id();
}

TEST(ThreadPool, runs_elsewhere_and_comes_home) {
  ThreadPool pool("test", 2, 10);
  EXPECT_EQ(*run_sync(where(pool)), std::this_thread::get_id());
}

Async<int> refused(ThreadPool& pool) {
  co_return co_await pool.run([]() -> Result<int> { return 1; });
}
TEST(ThreadPool, refuses_beyond_its_bound) {
  ThreadPool pool("test", 1, 0);
  EXPECT_EQ(run_sync(refused(pool)).error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace durward
