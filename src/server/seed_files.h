#pragma once
#include <string>
#include <vector>

#include "server/seed.h"

namespace durward::server {

// The Deploy CLI keeps code beside its YAML file and names it there: "./actions/greet/code.js". Puts the text
// of such files into the items; code that stands in the YAML itself stays. Files are looked for below the
// folder of `path` only and have at most a megabyte. Returns the mistakes, with file and line.
std::vector<std::string> read_seed_files(Seed& seed, const std::string& path);

}  // namespace durward::server
