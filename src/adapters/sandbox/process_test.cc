#include "adapters/sandbox/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace durward::adapters::sandbox {
namespace {

Launch shell(std::string command) {
  Launch out;
  out.arguments = {"/bin/sh", "-c", std::move(command)};
  return out;
}

int code_of(const Launch& launch) { return start(launch).value().reap(); }

TEST(Process, its_end_is_told_as_a_shell_counts) {
  EXPECT_EQ(code_of(shell("exit 7")), 7);
  EXPECT_EQ(code_of(shell("kill -TERM $$")), 128 + SIGTERM);
}

TEST(Process, a_program_that_cannot_be_started_is_named) {
  Launch launch;
  launch.arguments = {"/nowhere/program"};
  const auto process = start(launch);
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, "no_process");
  EXPECT_NE(process.error().message.find("/nowhere/program"), std::string::npos);
  EXPECT_EQ(process.error().debug, "No such file or directory");
}

TEST(Process, it_has_the_descriptors_it_is_given_and_no_other) {
  const Descriptor open(::fcntl(STDERR_FILENO, F_DUPFD, 50));  // without close-on-exec, as some library may
  const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  auto launch =
      shell("test ! -e /proc/self/fd/" + std::to_string(open.get()) + " && test -e /proc/self/fd/4");
  launch.descriptors = {{null.get(), 0}, {null.get(), 4}};
  EXPECT_EQ(code_of(launch), 0);
}

TEST(Process, descriptors_may_change_places) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor out(ends[0]), in(ends[1]);
  auto launch = shell("echo x >&" + std::to_string(out.get()));
  launch.descriptors = {{in.get(), out.get()}, {out.get(), in.get()}};
  if (out.get() > 9) GTEST_SKIP() << "a shell knows one digit only";
  EXPECT_EQ(code_of(launch), 0);
  char text[2] = {};
  EXPECT_EQ(::read(out.get(), text, sizeof text), 2);
  EXPECT_EQ(text[0], 'x');
}

TEST(Process, limits_environment_and_signals_are_its_own) {
  ::signal(SIGPIPE, SIG_IGN);
  auto launch =
      shell("test \"$(ulimit -n)\" = 40 && test \"$ONLY\" = this && test -z \"$HOME\" && kill -PIPE $$");
  launch.environment = {"ONLY=this"};
  launch.limits = {{RLIMIT_NOFILE, 40}};
  EXPECT_EQ(code_of(launch), 128 + SIGPIPE);
}

TEST(Process, whoever_forgets_it_ends_it) {
  pid_t pid;
  {
    const auto process = start(shell("exec sleep 100")).value();
    pid = process.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Process, what_it_started_ends_with_it) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  auto launch = shell("sleep 100 & echo x >&4; wait");
  launch.descriptors = {{in.get(), 4}};
  {
    const auto process = start(launch).value();
    in.close();
    char text[2] = {};
    ASSERT_EQ(::read(out.get(), text, sizeof text), 2) << "both are there";
  }
  pollfd wait{out.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 10'000), 1) << "the other one still holds the pipe";
  char none = 0;
  EXPECT_EQ(::read(out.get(), &none, 1), 0);
}

}  // namespace
}  // namespace durward::adapters::sandbox
