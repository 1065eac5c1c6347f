#pragma once
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace durward::adapters::sqlite {

// A folder of its own for a database of a test, removed with what SQLite put beside it.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::string name = (std::filesystem::temp_directory_path() / "durward-store-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  std::string path() const { return (folder_ / "store.db").string(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace durward::adapters::sqlite
