#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

// Lists of breached passwords as they are published, read in bounded memory.
namespace durward::adapters {

enum class ListFormat {
  hashes,  // SHA1HEX:COUNT a line, in any order; a folder of range files (named by five hex digits, each
           // line the other 35:COUNT) is read too
  plain,   // one password a line
};

struct ListedHash {
  uint64_t key;    // of filter_image.h
  uint64_t count;  // how often it was seen; 1 for plain lists
};

// Calls `use` for each line of `from`: a path, a folder, or "-" for standard input. Returns the lines read.
// Errors: not_found, unavailable (cannot be read), invalid/"bad_list" with file and line.
Result<uint64_t> read_list(const std::string& from, ListFormat format,
                           const std::function<Result<>(ListedHash)>& use);

}  // namespace durward::adapters
