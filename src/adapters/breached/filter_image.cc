#include "adapters/breached/filter_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cstring>

#include "crypto/hash.h"

namespace durward::adapters {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is mapped as it is");

std::unexpected<Error> bad(std::string why) {
  return fail(ErrorKind::invalid, "bad_filter", "not a usable file of breached passwords: " + std::move(why));
}

template <size_t N>
std::array<uint8_t, N> first_bytes(const std::string& digest) {
  std::array<uint8_t, N> out;
  std::memcpy(out.data(), digest.data(), N);
  return out;
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

std::array<uint8_t, 16> checksum_of(FilterHeader header, std::string_view directory) {
  header.checksum = {};
  std::string text(reinterpret_cast<const char*>(&header), sizeof header);
  return first_bytes<16>(crypto::sha256(text += directory));
}

std::array<uint8_t, 8> checksum_of_slots(std::string_view slots) {
  return first_bytes<8>(crypto::sha256(slots));
}

uint64_t filter_key(std::string_view sha1) {
  uint64_t out = 0;
  for (size_t i = 0; i < 8; ++i) out = out << 8 | uint8_t(sha1[i]);
  return out;
}

Result<std::shared_ptr<const FilterImage>> FilterImage::open(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat about{};
  if (file.fd < 0 || ::fstat(file.fd, &about) != 0)
    return fail(ErrorKind::not_found, "no_filter", path + ": " + std::strerror(errno));
  if (size_t(about.st_size) < sizeof(FilterHeader)) return bad(path + " is too short");
  const size_t size = size_t(about.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.fd, 0);
  if (data == MAP_FAILED)
    return fail(ErrorKind::unavailable, "no_filter", path + ": " + std::strerror(errno));
  // Lookups land anywhere: what lies beside is not read ahead.
  (void)::madvise(data, size, MADV_RANDOM);
  std::shared_ptr<const FilterImage> out(new FilterImage(static_cast<const char*>(data), size));
  if (const auto fine = out->check(); !fine) return bad(path + " " + fine.error().message);
  return out;
}

FilterImage::~FilterImage() { ::munmap(const_cast<char*>(data_), size_); }

const FilterHeader& FilterImage::header() const { return *reinterpret_cast<const FilterHeader*>(data_); }

const FilterPartition& FilterImage::partition(size_t index) const {
  return reinterpret_cast<const FilterPartition*>(data_ + sizeof(FilterHeader))[index];
}

std::string_view FilterImage::slots_of(const FilterPartition& of) const {
  return {data_ + of.offset, of.shape().slots() * sizeof(uint16_t)};
}

Result<> FilterImage::check() const {
  const auto wrong = [](const char* what) { return fail(ErrorKind::invalid, "bad_filter", what); };
  const FilterHeader& h = header();
  if (h.magic != filter_magic) return wrong("is not such a file");
  if (h.version != filter_version || h.kind != filter_kind_fuse16_sha1 ||
      h.partition_bits > partition_bits_max)
    return wrong("is of another version");
  if (h.file_size != size_) return wrong("is not complete");
  const size_t directory = partitions() * sizeof(FilterPartition);
  if (size_ < sizeof h + directory) return wrong("is not complete");
  if (h.checksum != checksum_of(h, {data_ + sizeof h, directory})) return wrong("is damaged");
  for (size_t i = 0; i < partitions(); ++i) {
    const FilterPartition& one = partition(i);
    const bool fits = one.offset % sizeof(uint16_t) == 0 && one.offset >= sizeof h + directory &&
                      one.offset <= size_ && one.shape().slots() <= (size_ - one.offset) / sizeof(uint16_t) &&
                      (one.segment_count == 0 || std::has_single_bit(one.segment_length)) &&
                      one.shape().slots() <= UINT32_MAX;
    if (!fits) return wrong("is damaged");
  }
  return {};
}

bool FilterImage::contains(std::string_view password) const {
  return contains_key(filter_key(crypto::sha1(password)));
}

bool FilterImage::contains_key(uint64_t key) const {
  const FilterPartition& one = partition(partition_of(key, header().partition_bits));
  return fuse_contains(one.shape(), reinterpret_cast<const uint16_t*>(data_ + one.offset), key);
}

Result<> FilterImage::verify() const {
  (void)::madvise(const_cast<char*>(data_), size_, MADV_SEQUENTIAL);
  for (size_t i = 0; i < partitions(); ++i)
    if (partition(i).checksum != checksum_of_slots(slots_of(partition(i))))
      return bad("partition " + std::to_string(i) + " is damaged");
  (void)::madvise(const_cast<char*>(data_), size_, MADV_RANDOM);
  return {};
}

}  // namespace durward::adapters
