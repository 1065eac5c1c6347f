// bcrypt_cases CASES [SEED]: compares that many hashes with libxcrypt, shared by all cores and all engines, and says how many agreed.
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/random.h"
#include "bcrypt_cases.h"

namespace {

constexpr size_t batch = 500;

// One process of `count`, with every batch on the next engine. Its end says whether all agreed.
int compare_share(size_t cases, uint64_t seed) {
  durward::SeededRandom random(seed);
  std::string drawn;
  size_t at = 0;
  const auto draw = [&](uint32_t n) {
    if (at + 4 > drawn.size()) drawn = random.bytes(1 << 16), at = 0;
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | uint8_t(drawn[at++]);
    return uint32_t(uint64_t(value) * n >> 32);
  };
  const auto engines = durward::fuzz::engines();
  for (size_t turn = 0; cases > 0; ++turn) {
    const size_t now = std::min(cases, batch);
    durward::fuzz::Comparison(*engines[turn % engines.size()], draw).run(now);
    cases -= now;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const size_t cases = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10000, processes = std::max(1u, std::thread::hardware_concurrency());
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : uint64_t(getpid());
  for (size_t i = 0; i < processes; ++i)
    if (fork() == 0) return compare_share(cases / processes + (i < cases % processes), seed * 1000 + i);
  bool all_agreed = true;
  for (int status = 0; wait(&status) > 0;) all_agreed &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!all_agreed) return 1;
  std::printf("%zu hashes of", cases);
  for (const auto* engine : durward::fuzz::engines()) std::printf("%s %s", engine == durward::fuzz::engines().front() ? "" : ",", engine->name);
  std::printf(" agree with libxcrypt (seed %llu)\n", static_cast<unsigned long long>(seed));
}
