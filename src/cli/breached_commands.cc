#include <termios.h>
#include <unistd.h>

#include <charconv>
#include <iostream>

#include "adapters/breached/breached_file.h"
#include "adapters/breached/filter_builder.h"
#include "cli/handlers.h"
#include "crypto/hash.h"
#include "domain/password_policy.h"

// The offline list of breached passwords: made, asked and described
// (docs/adr/0020-breached-passwords-and-bots.md).
namespace durward::cli {
namespace {

using adapters::FilterImage;

constexpr std::string_view setting = "breached-passwords";
constexpr uint64_t probes = 1'000'000;

std::unexpected<Error> misused(std::string text) {
  return fail(ErrorKind::invalid, usage_code, std::move(text));
}

Result<adapters::FilterBuild> wanted_build(const Invocation& invocation) {
  adapters::FilterBuild build{.from = invocation.value("from"), .out = invocation.value("out")};
  if (build.from.empty()) return misused("--from is missing: a file, a folder of range files, or -");
  if (build.out.empty()) return misused("--out is missing: the file to make");
  if (invocation.has("plain")) build.format = adapters::ListFormat::plain;
  if (!invocation.has("min-count")) return build;
  const std::string text = invocation.value("min-count");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), build.min_count);
  if (error != std::errc() || end != text.data() + text.size() || build.min_count == 0)
    return misused("--min-count must be a whole number from 1 on, not " + text);
  if (invocation.has("plain")) return misused("--min-count needs counts, which a plain list has not");
  return build;
}

// What is typed at a terminal stays unseen.
class QuietTerminal {
 public:
  QuietTerminal() {
    if (!::isatty(STDIN_FILENO) || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~tcflag_t(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

Result<std::string> password_of_standard_input() {
  std::string line;
  const QuietTerminal quiet;
  if (::isatty(STDIN_FILENO)) std::cerr << "Password: " << std::flush;
  std::getline(std::cin, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return misused("the password is read from standard input, which is empty");
  return line;
}

Result<std::unique_ptr<ports::BreachedPasswords>> list_in_use(const Invocation& invocation,
                                                              const Clock& clock) {
  const std::string& path = invocation.settings.text(setting);
  if (path.empty()) return std::make_unique<adapters::CommonPasswords>();
  return adapters::BreachedFile::open(path, clock);
}

Result<bool> is_breached(const Invocation& invocation) {
  const SystemClock clock;
  TRY(const auto list, list_in_use(invocation, clock));
  TRY(std::string password, password_of_standard_input());
  const bool found = list->contains(password);
  crypto::wipe(password);
  return found;
}

// Strangers that the filter takes for members: keys of a fixed sequence, none of which anybody chose.
double measured_false_positives(const FilterImage& image) {
  uint64_t taken = 0, key = 0;
  for (uint64_t i = 0; i < probes; ++i) taken += image.contains_key(key += 0x9e3779b97f4a7c15u);
  return double(taken) / probes;
}

Result<json::Object> about(const Invocation& invocation) {
  const std::string& path = invocation.settings.text(setting);
  if (path.empty())
    return json::Object{{"file", nullptr}, {"kind", "built-in"}, {"count", domain::common_password_count()}};
  TRY(const auto image, FilterImage::open(path));
  ENSURE(image->verify());
  const auto& header = image->header();
  return json::Object{{"file", path},
                      {"kind", "binary fuse filter, 16 bits, of SHA-1"},
                      {"version", header.version},
                      {"count", header.count},
                      {"min_count", header.min_count},
                      {"bytes", header.file_size},
                      {"bits_per_hash", double(header.file_size) * 8 / double(header.count)},
                      {"partitions", image->partitions()},
                      {"false_positive_rate", adapters::fuse_false_positive_rate},
                      {"false_positive_rate_measured", measured_false_positives(*image)}};
}

}  // namespace

Exit run_breached_build(Invocation& invocation) {
  auto build = wanted_build(invocation);
  if (!build) return invocation.out.fail(build.error());
  if (::isatty(STDERR_FILENO))
    build->progress = [](uint64_t lines) { std::cerr << '\r' << lines / 1'000'000 << " million lines"; };
  const auto report = adapters::build_filter_file(*build);
  if (!report) return invocation.out.fail(report.error());
  invocation.out.data(json::Object{{"file", build->out},
                                   {"lines", report->lines},
                                   {"count", report->hashes},
                                   {"bytes", report->bytes},
                                   {"partitions", report->partitions}});
  return Exit::ok;
}

Exit run_breached_check(Invocation& invocation) {
  const auto found = is_breached(invocation);
  if (!found) return invocation.out.fail(found.error());
  invocation.out.data(json::Object{{"breached", *found}});
  return *found ? Exit::check_failed : Exit::ok;
}

Exit run_breached_info(Invocation& invocation) {
  const auto told = about(invocation);
  if (!told) return invocation.out.fail(told.error());
  invocation.out.data(*told);
  return Exit::ok;
}

}  // namespace durward::cli
