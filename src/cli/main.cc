#include <unistd.h>

#include <cstring>

#include "cli/command.h"
#include "crypto/code_paths.h"

namespace {

constexpr char name[] = "OPENSSL_ia32cap=";

// OpenSSL reads its environment in a constructor, which the loader runs before main but after this. Nothing
// is set up yet, so nothing is allocated: the process goes on with a copy of its environment that has one
// more line.
[[maybe_unused]] void choose_openssl_code(int, char**, char** environment) {
  static char line[64];
  static char* copy[1024];
  const char* wanted = durward::crypto::preferred_openssl_ia32cap();
  if (!wanted) return;
  size_t n = 0;
  for (; environment[n] && n + 2 < std::size(copy); ++n) {
    if (std::strncmp(environment[n], name, sizeof name - 1) == 0) return;  // the operator has chosen
    copy[n + 1] = environment[n];
  }
  if (environment[n]) return;
  std::strcpy(std::strcpy(line, name) + sizeof name - 1, wanted);
  copy[0] = line;
  environ = copy;
}

// A sanitizer is not ready that early.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
[[gnu::section(".preinit_array"), gnu::used]] void (*const before_constructors)(int, char**,
                                                                                char**) = choose_openssl_code;
#endif

}  // namespace

int main(int argc, char** argv) {
  return int(durward::cli::run(std::vector<std::string>(argv + 1, argv + argc)));
}
