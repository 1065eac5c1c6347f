#include "adapters/sandbox/module_builder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "adapters/sandbox/frames.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"

namespace durward::adapters::sandbox {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int registry_away = 75;  // EX_TEMPFAIL of sysexits.h
constexpr size_t said_max = 2000, frame_for_code = 640 << 10;

std::unexpected<Error> unavailable(std::string why) {
  return std::unexpected(Error{ErrorKind::unavailable, "extensions_unavailable",
                               "The modules cannot be fetched at the moment.", std::move(why), 30});
}

// A folder of this process alone, or of the user that the program runs as.
class WorkFolder {
 public:
  explicit WorkFolder(const ConfinementOptions& options) {
    std::string path = (std::filesystem::temp_directory_path() / "durward-modules-XXXXXX").string();
    if (!::mkdtemp(path.data())) return;
    path_ = path;
    if (const auto user = user_of(options)) (void)!::chown(path_.c_str(), *user, *user);
  }
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Pipe {
  Descriptor read, write;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
    ::fcntl(read.get(), F_SETFL, O_NONBLOCK);
  }
};

Descriptor file_with(const std::string& text) {
  Descriptor file(::memfd_create("modules", MFD_CLOEXEC));
  if (file && ::pwrite(file.get(), text.data(), text.size(), 0) != ssize_t(text.size())) file.close();
  return file;
}

// False at the end, or when it said more than it may.
bool read_more(Descriptor& from, std::string& into, size_t max) {
  std::array<char, 64 << 10> piece;
  const auto size = ::read(from.get(), piece.data(), piece.size());
  if (size < 0 && errno == EAGAIN) return true;
  if (size > 0) into.append(piece.data(), size_t(size));
  if (size > 0 && into.size() <= max) return true;
  from.close();
  return false;
}

struct Built {
  int code = -1;
  std::string text, said;
  bool is_late = false;
};

Built wait_for(Process process, Pipe& out, Pipe& complaints, const BuilderOptions& options) {
  Built built;
  const auto end = Clock::now() + options.within;
  while (out.read || complaints.read) {
    std::array<pollfd, 2> wait{{{out.read.get(), POLLIN, 0}, {complaints.read.get(), POLLIN, 0}}};
    const auto left = std::chrono::ceil<Milliseconds>(end - Clock::now()).count();
    if (left <= 0 || ::poll(wait.data(), wait.size(), int(left)) == 0) {
      built.is_late = true;
      break;
    }
    if (wait[0].revents && !read_more(out.read, built.text, options.bundle_max)) out.read.close();
    if (wait[1].revents && !read_more(complaints.read, built.said, said_max)) complaints.read.close();
  }
  if (built.is_late || built.text.size() > options.bundle_max) process.kill();
  built.code = process.reap();
  return built;
}

Result<std::string> judged(Built built, size_t bundle_max) {
  if (built.is_late) return unavailable("too late");
  const std::string said(trim(built.said.substr(0, said_max)));
  // Beside it a frame has to carry a script of 100 kB, however that is escaped.
  const bool fits = json::serialize(json::Value(built.text)).size() + frame_for_code <= frame_max;
  if (built.text.size() > bundle_max || (built.code == 0 && !fits))
    return fail(ErrorKind::invalid, "invalid_dependency", "The modules are too large together.");
  if (built.code == 0) return std::move(built.text);
  if (built.code == registry_away) return unavailable(said);
  if (built.code == 1 && is_valid_utf8(said))
    return fail(ErrorKind::invalid, "invalid_dependency", said.empty() ? "The modules are refused." : said);
  return unavailable("exit " + std::to_string(built.code) + ": " + said);
}

Result<std::string> build(const BuilderOptions& options, const std::vector<ports::ModuleName>& modules) {
  ENSURE(options.confinement.engine.check());
  json::Array list;
  for (const auto& module : modules)
    list.push_back(json::Object{{"name", module.name}, {"version", module.version}});
  const WorkFolder folder(options.confinement);
  const Descriptor in = file_with(json::serialize(json::Value(std::move(list))));
  Pipe out, complaints;
  if (folder.path().empty() || !in || !out.read || !complaints.read) return unavailable(std::strerror(errno));
  Launch launch = builder_launch(options.confinement, folder.path(), options.registry);
  launch.descriptors = {{in.get(), 0}, {out.write.get(), 1}, {complaints.write.get(), 2}};
  TRY(auto process, start(launch));
  out.write.close();
  complaints.write.close();
  return judged(wait_for(std::move(process), out, complaints, options), options.bundle_max);
}

}  // namespace

LocalModuleBuilder::LocalModuleBuilder(BuilderOptions options)
    : options_(std::move(options)), thread_("modules", 1, options_.queue_max) {}

Async<std::string> LocalModuleBuilder::bundle(std::vector<ports::ModuleName> modules) {
  co_return co_await thread_.run([this, &modules] { return build(options_, modules); });
}

}  // namespace durward::adapters::sandbox
