#include "adapters/sandbox/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace durward::adapters::sandbox {
namespace {

// Everything the child needs, laid out before: between vfork(2) and execve(2) it shares this process's
// memory, so it allocates nothing, takes no lock and makes system calls only (signal-safety(7)).
struct Plan {
  std::vector<char*> arguments, environment;
  std::vector<std::pair<int, int>> descriptors;
  const std::vector<Limit>& limits;
  int first_free = 3;
  volatile int failure = 0;  // errno of the step that failed
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// A number that one side wants may be another's number here: all go out of the way first.
Result<std::vector<Descriptor>> set_aside(const Launch& launch, Plan& plan) {
  std::vector<Descriptor> aside;
  for (const auto& [ours, there] : launch.descriptors) {
    plan.first_free = std::max(plan.first_free, there + 1);
    aside.emplace_back(::fcntl(ours, F_DUPFD_CLOEXEC, 64));
    if (!aside.back()) return fail(ErrorKind::unavailable, "no_process", "", std::strerror(errno));
    plan.descriptors.emplace_back(aside.back().get(), there);
  }
  return aside;
}

bool prepare(const Plan& plan) {
  if (::setpgid(0, 0) != 0) return false;
  for (const auto& [ours, there] : plan.descriptors)
    if (::dup2(ours, there) < 0) return false;
  if (::close_range(unsigned(plan.first_free), ~0U, 0) != 0) return false;
  for (const Limit& limit : plan.limits) {
    const rlimit both{limit.value, limit.value};
    if (::setrlimit(limit.resource, &both) != 0) return false;
  }
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

// No inlining: the child must not return from the function that forked, nor change its variables.
[[gnu::noinline]] pid_t fork_and_run(Plan& plan) {
  const pid_t pid = ::vfork();
  if (pid != 0) return pid;
  if (prepare(plan)) ::execve(plan.arguments[0], plan.arguments.data(), plan.environment.data());
  plan.failure = errno;
  ::_exit(127);
}

// A handler of this process would run in the child, in this process's memory.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

void Descriptor::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

// glibc 2.36 declares its own without extern "C".
Descriptor handle_of(pid_t pid) { return Descriptor(int(::syscall(SYS_pidfd_open, pid, 0))); }
bool send_signal(const Descriptor& handle, int signal) {
  return handle && ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0) == 0;
}

void stand_back(pid_t pid, int nice) {
  if (nice > 0) ::setpriority(PRIO_PROCESS, id_t(pid), std::min(19, ::getpriority(PRIO_PROCESS, 0) + nice));
}

Result<Process> start(const Launch& launch) {
  Plan plan{pointers(launch.arguments), pointers(launch.environment), {}, launch.limits};
  TRY(const auto aside, set_aside(launch, plan));
  pid_t pid;
  {
    const SignalsBlocked blocked;
    pid = fork_and_run(plan);
  }
  const int cause = pid < 0 ? errno : plan.failure;
  if (pid > 0) {
    Process process(pid, handle_of(pid));
    stand_back(pid, launch.nice);
    if (cause == 0 && process.handle() >= 0) return process;
  }
  return fail(ErrorKind::unavailable, "no_process", launch.arguments[0] + " cannot be started",
              std::strerror(cause ? cause : errno));
}

Process::~Process() {
  if (pid_ <= 0 || !handle_) return;
  kill();
  reap();
}

// Nobody else can have the number before it is waited for. A child of bubblewrap that it did not set up yet
// waits for it without end, and belongs to its group.
void Process::kill() const {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

int Process::reap() {
  siginfo_t info = {};
  if (pid_ <= 0 || ::waitid(P_PIDFD, id_t(handle_.get()), &info, WEXITED) != 0) return -1;
  pid_ = 0;
  handle_.close();
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace durward::adapters::sandbox
