#include "cli/command.h"

int main(int argc, char** argv) {
  return int(durward::cli::run(std::vector<std::string>(argv + 1, argv + argc)));
}
