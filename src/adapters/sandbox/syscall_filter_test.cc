#include "adapters/sandbox/syscall_filter.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace durward::adapters::sandbox {
namespace {

struct Call {
  const char* name;
  long number;
  int expected;  // errno
  long a = 0, b = 0, c = 0;
};
// Each would be a way out, or to another process, if it did anything.
constexpr Call refused[] = {
    {"fork", SYS_fork, EPERM},
    {"vfork", SYS_vfork, EPERM},
    {"clone of a process", SYS_clone, EPERM, SIGCHLD},
    {"clone of a namespace", SYS_clone, EPERM, 0x10000 | 0x10000000},
    {"clone3", SYS_clone3, ENOSYS},
    {"unshare", SYS_unshare, EPERM, 0x10000000},
    {"setns", SYS_setns, EPERM},
    {"mount", SYS_mount, EPERM},
    {"umount", SYS_umount2, EPERM},
    {"pivot_root", SYS_pivot_root, EPERM},
    {"chroot", SYS_chroot, EPERM},
    {"ptrace", SYS_ptrace, EPERM},
    {"process_vm_readv", SYS_process_vm_readv, EPERM},
    {"pidfd_open", SYS_pidfd_open, EPERM, 1},
    {"pidfd_getfd", SYS_pidfd_getfd, EPERM},
    {"kill", SYS_kill, EPERM, 1, 0},
    {"tkill", SYS_tkill, EPERM, 1, 0},
    {"tgkill of another", SYS_tgkill, EPERM, 4711, 4711, 0},
    {"keyctl", SYS_keyctl, EPERM},
    {"add_key", SYS_add_key, EPERM},
    {"bpf", SYS_bpf, EPERM},
    {"perf_event_open", SYS_perf_event_open, EPERM},
    {"userfaultfd", SYS_userfaultfd, EPERM},
    {"io_uring_setup", SYS_io_uring_setup, ENOSYS},
    {"memfd_create", SYS_memfd_create, ENOSYS},
    {"open_by_handle_at", SYS_open_by_handle_at, EPERM},
    {"name_to_handle_at", SYS_name_to_handle_at, EPERM},
    {"init_module", SYS_init_module, EPERM},
    {"kexec_load", SYS_kexec_load, EPERM},
    {"reboot", SYS_reboot, EPERM},
    {"swapon", SYS_swapon, EPERM},
    {"personality", SYS_personality, EPERM},
    {"setuid", SYS_setuid, EPERM},
    {"setgroups", SYS_setgroups, EPERM},
    {"execveat", SYS_execveat, EPERM},
    {"prlimit64 of another", SYS_prlimit64, EPERM, 1},
    {"prctl of a filter", SYS_prctl, EPERM, PR_SET_SECCOMP},
    {"seccomp", SYS_seccomp, EPERM},
    {"ioctl of a terminal", SYS_ioctl, EPERM, 0, TIOCSTI},
    {"bind", SYS_bind, EPERM},
    {"listen", SYS_listen, EPERM},
    {"accept4", SYS_accept4, EPERM},
    {"an internet socket", SYS_socket, EAFNOSUPPORT, AF_INET, SOCK_STREAM},
    {"an IPv6 socket", SYS_socket, EAFNOSUPPORT, AF_INET6, SOCK_DGRAM},
    {"a netlink socket", SYS_socket, EAFNOSUPPORT, AF_NETLINK, SOCK_RAW},
    {"a packet socket", SYS_socket, EAFNOSUPPORT, AF_PACKET, SOCK_RAW},
    {"a vsock", SYS_socket, EAFNOSUPPORT, AF_VSOCK, SOCK_STREAM},
};

// In a child that puts itself behind the filter: the index of the first call that went through, or fine.
constexpr int fine = 200, no_filter = 201;

int index_of_a_leak() {
  for (size_t i = 0; i < std::size(refused); ++i) {
    const Call& call = refused[i];
    errno = 0;
    if (::syscall(call.number, call.a, call.b, call.c, 0L, 0L) != -1 || errno != call.expected) return int(i);
  }
  return fine;
}

bool go_behind(const std::string& filter) {
  sock_fprog program{static_cast<unsigned short>(filter.size() / sizeof(sock_filter)),
                     reinterpret_cast<sock_filter*>(const_cast<char*>(filter.data()))};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int exit_code_of(int (*check)()) {
  const std::string filter = syscall_filter().value();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(go_behind(filter) ? check() : no_filter);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(SyscallFilter, what_leads_out_of_the_sandbox_or_to_others_is_refused) {
  const int code = exit_code_of(index_of_a_leak);
  ASSERT_EQ(code, fine) << (code >= 0 && size_t(code) < std::size(refused) ? refused[code].name : "");
}

int threads_and_unix_sockets_work() {
  pthread_t thread;
  if (::pthread_create(&thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0) return 1;
  if (::pthread_join(thread, nullptr) != 0) return 2;
  if (::socket(AF_UNIX, SOCK_STREAM, 0) < 0) return 3;
  return fine;
}

TEST(SyscallFilter, threads_and_unix_sockets_work) {
  EXPECT_EQ(exit_code_of(threads_and_unix_sockets_work), fine);
}

}  // namespace
}  // namespace durward::adapters::sandbox
