#include "adapters/sandbox/syscall_filter.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "adapters/sandbox/process.h"

namespace durward::adapters::sandbox {
namespace {

// Names, since a processor that lacks one has no number for it. What Node.js, V8 and glibc call. execve is
// there because bubblewrap itself makes it behind the filter; what it can reach is the sandbox's own files,
// and the new program stays behind the filter.
constexpr const char* allowed[] = {
    // memory
    "brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "msync", "mincore", "membarrier", "pkey_alloc",
    "pkey_free", "pkey_mprotect",
    // threads and time
    "futex", "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "sched_yield",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
    "sched_get_priority_min", "getcpu", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres",
    "gettimeofday", "time", "times", "restart_syscall", "exit", "exit_group", "execve",
    // signals within itself
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack",
    // who and where it is
    "getpid", "getppid", "gettid", "getpgrp", "getuid", "geteuid", "getgid", "getegid", "getresuid",
    "getresgid", "getgroups", "getrandom", "getrlimit", "getrusage", "getpriority", "sysinfo", "uname",
    "arch_prctl", "capget",
    // descriptors
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2",
    "close", "close_range", "lseek", "dup", "dup2", "dup3", "fcntl", "flock", "pipe", "pipe2", "poll",
    "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "eventfd", "eventfd2", "sendfile", "copy_file_range", "fadvise64", "fsync", "fdatasync",
    "ftruncate", "fallocate",
    // files, all of which are read-only but those in /tmp
    "open", "openat", "access", "faccessat", "faccessat2", "stat", "fstat", "lstat", "newfstatat", "statx",
    "statfs", "fstatfs", "readlink", "readlinkat", "getdents64", "getcwd", "chdir", "mkdir", "mkdirat",
    "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "truncate", "chmod", "fchmod",
    "fchmodat", "utimensat", "futimesat", "umask",
    // the way out: one Unix socket
    "connect", "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown", "getsockopt", "setsockopt",
    "getsockname", "getpeername"};

// What programs try first and do without when a kernel does not know it.
constexpr const char* unknown_here[] = {
    "clone3",       "io_uring_setup", "io_uring_enter", "io_uring_register",
    "memfd_create", "openat2",        "statmount",      "futex_waitv"};

constexpr unsigned long thread_flags = CLONE_THREAD,
                        namespace_flags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                          CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr unsigned long ioctls[] = {FIONBIO, FIONREAD, FIOCLEX, FIONCLEX};
constexpr unsigned long prctls[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA};
constexpr unsigned long init_pid = 1;  // a worker is the first process of its namespace

// Adds rules until one fails.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}
  template <class... Comparisons>
  void add(uint32_t action, const char* name, Comparisons... comparisons) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || number < 0) return;  // not of this processor
    const scmp_arg_cmp all[] = {comparisons..., scmp_arg_cmp()};
    if (const int failed =
            seccomp_rule_add_array(filter_, action, number, unsigned(sizeof...(comparisons)), all);
        failed != 0)
      error_ = failed;
  }
  int error() const { return error_; }

 private:
  scmp_filter_ctx filter_;
  int error_ = 0;
};

scmp_arg_cmp argument(unsigned index, scmp_compare compare, uint64_t a, uint64_t b = 0) {
  return {index, compare, a, b};
}

void fill(Rules& rules) {
  for (const char* name : allowed) rules.add(SCMP_ACT_ALLOW, name);
  for (const char* name : unknown_here) rules.add(SCMP_ACT_ERRNO(ENOSYS), name);
  rules.add(SCMP_ACT_ALLOW, "clone",
            argument(0, SCMP_CMP_MASKED_EQ, thread_flags | namespace_flags, thread_flags));
  for (const char* name : {"socket", "socketpair"}) {
    rules.add(SCMP_ACT_ALLOW, name, argument(0, SCMP_CMP_EQ, AF_UNIX));
    rules.add(SCMP_ACT_ERRNO(EAFNOSUPPORT), name, argument(0, SCMP_CMP_NE, AF_UNIX));
  }
  for (const auto request : ioctls) rules.add(SCMP_ACT_ALLOW, "ioctl", argument(1, SCMP_CMP_EQ, request));
  for (const auto option : prctls) rules.add(SCMP_ACT_ALLOW, "prctl", argument(0, SCMP_CMP_EQ, option));
  // Of itself only; hard limits go down, never up.
  rules.add(SCMP_ACT_ALLOW, "prlimit64", argument(0, SCMP_CMP_EQ, 0));
  rules.add(SCMP_ACT_ALLOW, "tgkill", argument(0, SCMP_CMP_EQ, init_pid));  // abort(3)
}

std::unexpected<Error> no_seccomp(const char* why) {
  return fail(ErrorKind::unavailable, "no_seccomp", "The list of system calls cannot be made.", why);
}

Result<std::string> exported(scmp_filter_ctx filter) {
  const Descriptor file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file || seccomp_export_bpf(filter, file.get()) != 0) return no_seccomp("export");
  std::string out(size_t(::lseek(file.get(), 0, SEEK_END)), '\0');
  if (::pread(file.get(), out.data(), out.size(), 0) != ssize_t(out.size())) return no_seccomp("read");
  return out;
}

}  // namespace

Result<std::string> syscall_filter() {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                 seccomp_release);
  if (!filter) return no_seccomp("init");
  Rules rules(filter.get());
  fill(rules);
  if (rules.error() != 0) return no_seccomp("rule");
  return exported(filter.get());
}

}  // namespace durward::adapters::sandbox
