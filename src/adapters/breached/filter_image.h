#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/breached/fuse_filter.h"
#include "base/result.h"

// The file of breached passwords (docs/adr/0020-breached-passwords-and-bots.md): a header, a directory of
// partitions by the first bits of the SHA-1, and one fuse filter a partition. Numbers are little-endian.
namespace durward::adapters {

struct FilterHeader {
  std::array<char, 8> magic;
  uint32_t version, kind;
  uint64_t count;      // different hashes
  uint64_t min_count;  // the list's own count that a hash needed to be taken in
  uint64_t file_size;
  uint32_t partition_bits, reserved;
  std::array<uint8_t, 16>
      checksum;  // of header (with zeros here) and directory; the first bytes of a SHA-256
};
static_assert(sizeof(FilterHeader) == 64);

struct FilterPartition {
  uint64_t offset, count, seed;
  uint32_t segment_length, segment_count;
  std::array<uint8_t, 8> checksum;  // of its slots; the first bytes of a SHA-256

  FuseShape shape() const { return {seed, segment_length, segment_count}; }
};
static_assert(sizeof(FilterPartition) == 40);

inline constexpr std::array<char, 8> filter_magic{'D', 'W', 'B', 'R', 'E', 'A', 'C', 'H'};
inline constexpr uint32_t filter_version = 1, filter_kind_fuse16_sha1 = 1, partition_bits_max = 8;

std::array<uint8_t, 16> checksum_of(FilterHeader header, std::string_view directory);
std::array<uint8_t, 8> checksum_of_slots(std::string_view slots);

// What a filter knows a password by: the first 64 bits of its SHA-1.
uint64_t filter_key(std::string_view sha1);
inline size_t partition_of(uint64_t key, uint32_t bits) { return bits ? key >> (64 - bits) : 0; }

// One file, mapped read-only. Immutable; whoever replaces the file does so by renaming. Thread-safe.
class FilterImage {
 public:
  // Checks header, directory and sizes, not the slots (see verify). Errors: not_found, invalid/"bad_filter".
  static Result<std::shared_ptr<const FilterImage>> open(const std::string& path);
  ~FilterImage();
  FilterImage(const FilterImage&) = delete;
  FilterImage& operator=(const FilterImage&) = delete;

  // One SHA-1 and at most four pages. No false negative; false positives as of fuse_filter.h.
  bool contains(std::string_view password) const;
  bool contains_key(uint64_t key) const;

  const FilterHeader& header() const;
  size_t partitions() const { return size_t(1) << header().partition_bits; }
  // Reads the whole file. Error: invalid/"bad_filter".
  Result<> verify() const;

 private:
  FilterImage(const char* data, size_t size) : data_(data), size_(size) {}
  const FilterPartition& partition(size_t index) const;
  std::string_view slots_of(const FilterPartition& partition) const;
  Result<> check() const;

  const char* data_;
  size_t size_;
};

}  // namespace durward::adapters
