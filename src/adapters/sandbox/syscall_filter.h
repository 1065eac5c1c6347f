#pragma once
#include <string>

#include "base/result.h"

namespace durward::adapters::sandbox {

// The system calls that a worker may make, as a program for the kernel (seccomp(2)): an allow list. Threads
// but no processes, sockets of the family AF_UNIX only, nothing that looks into or changes another process, a
// namespace, a mount, a key or the kernel. The rest fails with EPERM, or as an older kernel would. Error:
// unavailable/"no_seccomp".
Result<std::string> syscall_filter();

}  // namespace durward::adapters::sandbox
