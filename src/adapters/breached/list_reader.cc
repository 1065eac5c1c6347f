#include "adapters/breached/list_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

#include "adapters/breached/filter_image.h"
#include "crypto/hash.h"

namespace durward::adapters {
namespace {

namespace fs = std::filesystem;
using Use = std::function<Result<>(ListedHash)>;

constexpr size_t block = 1 << 20, line_max = 64 << 10, sha1_digits = 40, prefix_digits = 5;

// One file with where we are in it.
struct Source {
  std::string name, prefix;  // the hex digits that a range file's lines lack
  ListFormat format;
  uint64_t line = 0;

  std::unexpected<Error> wrong(const std::string& why) const {
    return fail(ErrorKind::invalid, "bad_list", name + " line " + std::to_string(line) + ": " + why);
  }
};

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The first 64 bits of a SHA-1 in hex, all of whose digits must be digits.
bool parse_hash(std::string_view prefix, std::string_view rest, uint64_t& key) {
  if (prefix.size() + rest.size() != sha1_digits) return false;
  size_t seen = 0;
  key = 0;
  for (const std::string_view part : {prefix, rest})
    for (const char c : part) {
      const int value = digit(c);
      if (value < 0) return false;
      if (++seen <= 16) key = key << 4 | uint64_t(value);
    }
  return true;
}

Result<> take_hash(const Source& source, std::string_view line, const Use& use) {
  const size_t colon = std::min(line.find(':'), line.size());
  ListedHash out{0, 1};
  if (!parse_hash(source.prefix, line.substr(0, colon), out.key))
    return source.wrong("must be " + std::to_string(sha1_digits - source.prefix.size()) +
                        " hex digits and a count, such as ...A0:25");
  if (colon == line.size()) return use(out);
  const std::string_view digits = line.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.count);
  if (error != std::errc() || end != digits.data() + digits.size())
    return source.wrong("the count must be a whole number");
  return use(out);
}

Result<> take(const Source& source, std::string_view line, const Use& use) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (source.format == ListFormat::hashes) return take_hash(source, line, use);
  if (line.empty()) return {};
  return use({filter_key(crypto::sha1(line)), 1});
}

Result<> read_lines(int fd, Source& source, const Use& use) {
  std::string buffer(line_max + block, '\0');
  size_t held = 0;
  for (bool ended = false; !ended;) {
    const ssize_t got = ::read(fd, buffer.data() + held, block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::unavailable, "unreadable", source.name + ": " + std::strerror(errno));
    ended = got == 0;
    std::string_view rest(buffer.data(), held + size_t(got));
    if (ended && !rest.empty()) buffer[rest.size()] = '\n', rest = {buffer.data(), rest.size() + 1};
    for (size_t end; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
      ++source.line;
      ENSURE(take(source, rest.substr(0, end), use));
    }
    if (rest.size() > line_max) return ++source.line, source.wrong("is too long");
    held = rest.size();
    std::memmove(buffer.data(), rest.data(), held);
  }
  return {};
}

Result<uint64_t> read_one(const std::string& path, Source source, const Use& use) {
  const bool standard_input = path == "-";
  const int fd = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(ErrorKind::not_found, "no_list", path + ": " + std::strerror(errno));
  const auto done = read_lines(fd, source, use);
  if (!standard_input) ::close(fd);
  if (!done) return std::unexpected(done.error());
  return source.line;
}

bool is_range_name(const std::string& stem) {
  return stem.size() == prefix_digits && std::ranges::all_of(stem, [](char c) { return digit(c) >= 0; });
}

Result<uint64_t> read_folder(const std::string& folder, ListFormat format, const Use& use) {
  if (format == ListFormat::plain)
    return fail(ErrorKind::invalid, "bad_list", folder + " is a folder; a plain list is a file");
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.is_regular_file()) files.push_back(entry.path());
  if (error) return fail(ErrorKind::unavailable, "unreadable", folder + ": " + error.message());
  std::ranges::sort(files);
  uint64_t lines = 0;
  for (const auto& file : files) {
    const std::string stem = file.stem().string();
    if (!is_range_name(stem))
      return fail(ErrorKind::invalid, "bad_list",
                  file.string() + " is not named by five hex digits, as the files of a range download are");
    TRY(const uint64_t more, read_one(file.string(), {file.string(), stem, format}, use));
    lines += more;
  }
  return lines;
}

}  // namespace

Result<uint64_t> read_list(const std::string& from, ListFormat format, const Use& use) {
  if (from != "-" && fs::is_directory(from)) return read_folder(from, format, use);
  return read_one(from, {from == "-" ? "standard input" : from, "", format}, use);
}

}  // namespace durward::adapters
