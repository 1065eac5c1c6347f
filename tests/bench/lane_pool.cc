// What a password waits, with its hash, when passwords come at random: lane_pool LANES RATE SECONDS [THREADS]. LANES of a thread (0: all of
// the engine), RATE a second, 0: as fast as they are done. Prints one JSON object: rate done, p50 and p99 in milliseconds, refused.
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "adapters/hashing/lane_pool.h"
#include "crypto/password_hash.h"

namespace durward {
namespace {

using Steady = std::chrono::steady_clock;

struct Figures {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<double> milliseconds;
  size_t under_way = 0, refused = 0;
};

Detached hash(adapters::LanePool& pool, crypto::bcrypt::Setting setting, Figures& figures) {
  const auto start = Steady::now();
  const auto digest = co_await pool.run("correct horse", setting, {.tenant = {1}});
  const std::lock_guard lock(figures.mutex);
  if (digest)
    figures.milliseconds.push_back(std::chrono::duration<double, std::milli>(Steady::now() - start).count());
  else
    ++figures.refused;
  --figures.under_way;
  figures.changed.notify_all();
}

// At random moments, or with as many under way as there are lanes.
void feed(adapters::LanePool& pool, double rate, double seconds, size_t width, Figures& figures) {
  SystemRandom random;
  const auto setting = crypto::new_bcrypt_setting("", 10, random).value();
  std::mt19937 engine(7);
  std::exponential_distribution<double> gap(rate > 0 ? rate : 1);
  const auto end = Steady::now() + std::chrono::duration<double>(seconds);
  auto next = std::chrono::time_point<Steady, std::chrono::duration<double>>(Steady::now());
  while (Steady::now() < end) {
    if (rate > 0) std::this_thread::sleep_until(next += std::chrono::duration<double>(gap(engine)));
    {
      std::unique_lock lock(figures.mutex);
      if (rate == 0) figures.changed.wait(lock, [&] { return figures.under_way < width; });
      ++figures.under_way;
    }
    hash(pool, setting, figures);
  }
}

int main_of(size_t lanes, double rate, double seconds, size_t threads) {
  metrics::Registry registry;
  Figures figures;
  const auto start = Steady::now();
  {
    adapters::LanePool pool({.threads = threads, .queue_max = 512, .lanes_max = lanes}, registry);
    feed(pool, rate, seconds, 6 * threads * 2, figures);
  }
  const double took = std::chrono::duration<double>(Steady::now() - start).count();
  auto& ms = figures.milliseconds;
  std::ranges::sort(ms);
  const double n = double(ms.size());
  double sum = 0;
  for (const double one : ms) sum += one;
  std::printf("{\"rate\":%.2f,\"mean\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"refused\":%zu}\n", n / took, sum / n, ms[ms.size() / 2],
              ms[ms.size() * 99 / 100], figures.refused);
  return 0;
}

}  // namespace
}  // namespace durward

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "bench_lane_pool LANES RATE SECONDS [THREADS]\n");
    return 2;
  }
  return durward::main_of(size_t(std::atoi(argv[1])), std::atof(argv[2]), std::atof(argv[3]), argc > 4 ? size_t(std::atoi(argv[4])) : 1);
}
