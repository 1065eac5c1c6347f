#pragma once
#include <string>

#include "base/result.h"

// Small files of the installation. Errors: unavailable / file_error, naming path and cause.
namespace durward::server {

Result<> make_directory(const std::string& path);  // with parents, 0700; fine when it is there
// Whole and durable or not at all: written beside, synced and renamed.
Result<> write_file(const std::string& path, const std::string& content, unsigned mode);
// Like write_file, but an existing file stays; returns what the file holds then. Two processes that start at
// once end with the same content.
Result<std::string> write_file_once(const std::string& path, const std::string& content, unsigned mode);
// A key in a file of its own (0600), `content` if there is none yet; its folder is made. A file that others
// may read is refused.
Result<std::string> key_file_once(const std::string& path, const std::string& content, std::string code);
// A file with a key that others may read is refused: forbidden / `code`.
Result<> check_private(const std::string& path, std::string code);

}  // namespace durward::server
