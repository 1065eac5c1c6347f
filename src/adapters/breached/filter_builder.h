#pragma once
#include <functional>
#include <string>

#include "adapters/breached/list_reader.h"

namespace durward::adapters {

struct FilterBuild {
  std::string from, out;  // as of read_list; the file to make
  ListFormat format = ListFormat::hashes;
  uint64_t min_count = 1;                             // hashes seen less often stay out
  std::function<void(uint64_t lines)> progress = {};  // called every some million lines
};

struct FilterReport {
  uint64_t lines = 0, hashes = 0, bytes = 0;
  uint32_t partitions = 1;
};

// Makes the file of filter_image.h from a list in any order. Memory is bounded: hashes wait in unnamed files
// beside `out` (8 bytes each), and one 256th of them is worked on at a time (33 bytes each). `out` appears at
// once or not at all. The same list gives the same file. Errors: as read_list, unavailable (cannot be
// written), invalid/"empty_list".
Result<FilterReport> build_filter_file(const FilterBuild& build);

}  // namespace durward::adapters
