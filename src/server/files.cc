#include "server/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "server/options.h"

namespace durward::server {
namespace {

std::unexpected<Error> file_error(const std::string& path, int number) {
  return fail(ErrorKind::unavailable, "file_error", path + ": " + std::strerror(number));
}

Result<> write_all(int fd, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error(path, errno);
    content.remove_prefix(size_t(n));
  }
  if (::fsync(fd) != 0) return file_error(path, errno);
  return {};
}

// A finished file beside `path`, to be renamed or linked.
Result<std::string> write_beside(const std::string& path, const std::string& content, unsigned mode) {
  const std::string beside = path + "." + std::to_string(::getpid()) + ".new";
  ::unlink(beside.c_str());
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return file_error(beside, errno);
  auto written = write_all(fd, beside, content);
  ::close(fd);
  if (!written) {
    ::unlink(beside.c_str());
    return std::unexpected(written.error());
  }
  return beside;
}

}  // namespace

Result<> make_directory(const std::string& path) {
  if (std::filesystem::is_directory(path)) return {};
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(ErrorKind::unavailable, "file_error", path + ": " + error.message());
  if (::chmod(path.c_str(), 0700) != 0) return file_error(path, errno);
  return {};
}

Result<> write_file(const std::string& path, const std::string& content, unsigned mode) {
  TRY(const std::string beside, write_beside(path, content, mode));
  if (::rename(beside.c_str(), path.c_str()) == 0) return {};
  const int number = errno;
  ::unlink(beside.c_str());
  return file_error(path, number);
}

Result<std::string> write_file_once(const std::string& path, const std::string& content, unsigned mode) {
  TRY(const std::string beside, write_beside(path, content, mode));
  const int linked = ::link(beside.c_str(), path.c_str());
  const int number = errno;
  ::unlink(beside.c_str());
  if (linked == 0) return content;
  if (number == EEXIST) return read_file(path);
  return file_error(path, number);
}

Result<std::string> key_file_once(const std::string& path, const std::string& content, std::string code) {
  ENSURE(make_directory(std::filesystem::path(path).parent_path().string()));
  auto found = read_file(path);
  if (!found) found = write_file_once(path, content, 0600);
  if (!found) return std::unexpected(found.error());
  ENSURE(check_private(path, std::move(code)));
  return found;
}

Result<> check_private(const std::string& path, std::string code) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 077))
    return fail(ErrorKind::forbidden, std::move(code),
                path + " may be read by others; make it private with chmod 600");
  return {};
}

}  // namespace durward::server
