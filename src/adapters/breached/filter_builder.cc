#include "adapters/breached/filter_builder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "adapters/breached/filter_image.h"

namespace durward::adapters {
namespace {

constexpr size_t spills = 1 << partition_bits_max, spill_buffer = 8192;  // keys
constexpr uint64_t partition_keys = 1 << 20, progress_every = 5'000'000;

std::unexpected<Error> unwritable(const std::string& path) {
  return fail(ErrorKind::unavailable, "unwritable", path + ": " + std::strerror(errno));
}

Result<> write_all(int fd, const void* data, size_t size, const std::string& name) {
  for (const char* at = static_cast<const char*>(data); size > 0;) {
    const ssize_t n = ::write(fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unwritable(name);
    at += n;
    size -= size_t(n);
  }
  return {};
}

// A file that has its name only once it is whole.
class PendingFile {
 public:
  explicit PendingFile(std::string path) : path_(std::move(path)), pending_(path_ + ".XXXXXX") {
    fd_ = ::mkostemp(pending_.data(), O_CLOEXEC);
  }
  ~PendingFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!kept_) ::unlink(pending_.c_str());
  }
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  Result<> opened() const { return fd_ < 0 ? Result<>(unwritable(path_)) : Result<>(); }
  Result<> append(const void* data, size_t size) {
    size_ += size;
    return write_all(fd_, data, size, path_);
  }
  Result<> overwrite(const std::string& begin) {
    if (::lseek(fd_, 0, SEEK_SET) != 0) return unwritable(path_);
    return write_all(fd_, begin.data(), begin.size(), path_);
  }
  // A public list is no secret: readable for whoever the umask lets.
  Result<> keep() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(fd_, 0666 & ~mask) != 0 || ::fsync(fd_) != 0 ||
        ::rename(pending_.c_str(), path_.c_str()) != 0)
      return unwritable(path_);
    kept_ = true;
    return {};
  }
  uint64_t size() const { return size_; }

 private:
  std::string path_, pending_;
  int fd_ = -1;
  uint64_t size_ = 0;
  bool kept_ = false;
};

// Keys of one 256th, waiting in a file without a name: whatever ends this process, nothing stays.
class Spill {
 public:
  explicit Spill(const std::string& beside) : name_(beside + ".spill-XXXXXX") {
    fd_ = ::mkostemp(name_.data(), O_CLOEXEC);
    if (fd_ >= 0) ::unlink(name_.c_str());
    waiting_.reserve(spill_buffer);
  }
  ~Spill() {
    if (fd_ >= 0) ::close(fd_);
  }
  Spill(Spill&& other) noexcept
      : name_(std::move(other.name_)),
        fd_(std::exchange(other.fd_, -1)),
        waiting_(std::move(other.waiting_)),
        count_(other.count_) {}

  Result<> opened() const { return fd_ < 0 ? Result<>(unwritable(name_)) : Result<>(); }
  Result<> add(uint64_t key) {
    waiting_.push_back(key);
    return waiting_.size() < spill_buffer ? Result<>() : flush();
  }
  // Appends all keys and forgets them.
  Result<> drain(std::vector<uint64_t>& into) {
    ENSURE(flush());
    const size_t begin = into.size();
    into.resize(begin + count_);
    char* at = reinterpret_cast<char*>(into.data() + begin);
    for (size_t done = 0, all = count_ * sizeof(uint64_t); done < all;) {
      const ssize_t n = ::pread(fd_, at + done, all - done, off_t(done));
      if (n <= 0) return unwritable(name_);
      done += size_t(n);
    }
    ::close(std::exchange(fd_, -1));
    return {};
  }
  uint64_t count() const { return count_ + waiting_.size(); }

 private:
  Result<> flush() {
    ENSURE(write_all(fd_, waiting_.data(), waiting_.size() * sizeof(uint64_t), name_));
    count_ += waiting_.size();
    waiting_.clear();
    return {};
  }

  std::string name_;
  int fd_ = -1;
  std::vector<uint64_t> waiting_;
  uint64_t count_ = 0;
};

Result<uint64_t> fill(const FilterBuild& build, std::vector<Spill>& all) {
  uint64_t lines = 0;
  return read_list(build.from, build.format, [&](ListedHash hash) -> Result<> {
    if (++lines % progress_every == 0 && build.progress) build.progress(lines);
    if (hash.count < build.min_count) return {};
    return all[hash.key >> (64 - partition_bits_max)].add(hash.key);
  });
}

uint32_t bits_for(uint64_t keys) {
  const uint64_t wanted = (keys + partition_keys - 1) / partition_keys;
  return std::min<uint32_t>(uint32_t(std::bit_width(std::max<uint64_t>(wanted, 1) - 1)), partition_bits_max);
}

// The next partition: the keys of as many spills as it spans.
Result<FilterPartition> append_partition(PendingFile& file, std::span<Spill> of) {
  std::vector<uint64_t> keys;
  for (Spill& spill : of) ENSURE(spill.drain(keys));
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  const FuseFilter filter = build_fuse_filter(keys);
  const std::string_view slots(reinterpret_cast<const char*>(filter.slots.data()),
                               filter.slots.size() * sizeof(uint16_t));
  FilterPartition out{file.size(),
                      keys.size(),
                      filter.shape.seed,
                      filter.shape.segment_length,
                      filter.shape.segment_count,
                      checksum_of_slots(slots)};
  ENSURE(file.append(slots.data(), slots.size()));
  return out;
}

std::string begin_of(FilterHeader header, const std::vector<FilterPartition>& partitions) {
  const std::string directory(reinterpret_cast<const char*>(partitions.data()),
                              partitions.size() * sizeof(FilterPartition));
  header.checksum = checksum_of(header, directory);
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + directory;
}

}  // namespace

Result<FilterReport> build_filter_file(const FilterBuild& build) {
  PendingFile file(build.out);
  ENSURE(file.opened());
  std::vector<Spill> waiting;
  waiting.reserve(spills);
  for (size_t i = 0; i < spills; ++i) ENSURE(waiting.emplace_back(build.out).opened());
  FilterReport report;
  TRY(report.lines, fill(build, waiting));
  uint64_t keys = 0;
  for (const Spill& spill : waiting) keys += spill.count();
  if (keys == 0) return fail(ErrorKind::invalid, "empty_list", "the list holds no password to take in");

  const uint32_t bits = bits_for(keys);
  report.partitions = 1u << bits;
  std::vector<FilterPartition> partitions(report.partitions);
  const std::string place = begin_of({}, partitions);
  ENSURE(file.append(place.data(), place.size()));
  const size_t each = spills >> bits;
  for (size_t i = 0; i < partitions.size(); ++i) {
    TRY(partitions[i], append_partition(file, std::span(waiting).subspan(i * each, each)));
    report.hashes += partitions[i].count;
  }
  report.bytes = file.size();
  ENSURE(file.overwrite(begin_of({filter_magic,
                                  filter_version,
                                  filter_kind_fuse16_sha1,
                                  report.hashes,
                                  build.min_count,
                                  report.bytes,
                                  bits,
                                  0,
                                  {}},
                                 partitions)));
  ENSURE(file.keep());
  return report;
}

}  // namespace durward::adapters
