#include "adapters/sandbox/reactor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <future>
#include <vector>

namespace durward::adapters::sandbox {
namespace {

using std::chrono::milliseconds;

class ReactorTest : public testing::Test {
 protected:
  // Runs the job on the reactor's thread and waits for it.
  void on_it(const Reactor::Job& job) {
    std::promise<void> done;
    reactor_.post([&] {
      job();
      done.set_value();
    });
    done.get_future().wait();
  }
  Reactor reactor_{"test"};
};

TEST_F(ReactorTest, what_is_posted_runs_in_order_on_one_thread) {
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) reactor_.post([&order, i] { order.push_back(i); });
  on_it([] {});
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(ReactorTest, times_come_in_their_order_and_cancelled_ones_never) {
  std::vector<int> order;
  std::promise<void> last;
  reactor_.post([&] {
    reactor_.after(milliseconds(20), [&] {
      order.push_back(2);
      last.set_value();
    });
    reactor_.after(milliseconds(1), [&] { order.push_back(1); });
    auto never = reactor_.after(milliseconds(5), [&] { order.push_back(0); });
    reactor_.cancel(never);
    EXPECT_EQ(never, 0u);
    reactor_.cancel(never);
  });
  last.get_future().wait();
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST_F(ReactorTest, a_handler_may_forget_itself_and_others) {
  std::array<int, 2> a{}, b{};
  ASSERT_EQ(::pipe2(a.data(), O_CLOEXEC | O_NONBLOCK), 0);
  ASSERT_EQ(::pipe2(b.data(), O_CLOEXEC | O_NONBLOCK), 0);
  int heard = 0;
  on_it([&] {
    const auto both = [&](uint32_t) {
      ++heard;
      reactor_.forget(a[0]);
      reactor_.forget(b[0]);
    };
    reactor_.watch(a[0], EPOLLIN, both);
    reactor_.watch(b[0], EPOLLIN, both);
    (void)!::write(a[1], "x", 1);
    (void)!::write(b[1], "x", 1);
  });
  std::promise<void> later;
  reactor_.post([&] { reactor_.after(milliseconds(10), [&] { later.set_value(); }); });
  later.get_future().wait();
  EXPECT_EQ(heard, 1);
  for (const int descriptor : {a[0], a[1], b[0], b[1]}) ::close(descriptor);
}

TEST(Reactor, its_last_job_runs_after_all_posted_and_nothing_after_it) {
  std::vector<int> order;
  Reactor reactor("test");
  reactor.post([&] { order.push_back(1); });
  reactor.stop([&] {
    order.push_back(2);
    reactor.post([&] { order.push_back(3); });
  });
  reactor.post([&] { order.push_back(4); });
  EXPECT_EQ(order, (std::vector{1, 2}));
}

}  // namespace
}  // namespace durward::adapters::sandbox
