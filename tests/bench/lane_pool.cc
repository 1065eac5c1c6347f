// What a password waits, with its hash, when passwords come at random: lane_pool LANES RATE SECONDS [THREADS [FLOOD]]. LANES of a thread (0:
// all of the engine), RATE a second, 0: as fast as they are done; FLOOD: so many hashes of another tenant are asked for all the time. Prints one
// JSON object: rate done, mean, p50 and p99 in milliseconds, refused; and p50 of the flood.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
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

Detached hash(adapters::LanePool& pool, crypto::bcrypt::Setting setting, int64_t tenant, Figures& figures) {
  const auto start = Steady::now();
  const auto digest = co_await pool.run("correct horse", setting, {.tenant = {tenant}, .within = Seconds(600)});
  const std::lock_guard lock(figures.mutex);
  if (digest)
    figures.milliseconds.push_back(std::chrono::duration<double, std::milli>(Steady::now() - start).count());
  else
    ++figures.refused;
  --figures.under_way;
  figures.changed.notify_all();
}

struct Feeding {
  int64_t tenant;
  double rate, seconds;
  size_t width;  // under way at most, when the rate is 0
};

void feed(adapters::LanePool& pool, Feeding how, Figures& figures) {
  SystemRandom random;
  const auto setting = crypto::new_bcrypt_setting("", 10, random).value();
  std::mt19937 engine(7);
  std::exponential_distribution<double> gap(how.rate > 0 ? how.rate : 1);
  using Point = std::chrono::time_point<Steady, std::chrono::duration<double>>;
  Point next = Steady::now();
  const Point end = next + std::chrono::duration<double>(how.seconds);
  while (Steady::now() < end) {
    if (how.rate > 0) std::this_thread::sleep_until(next += std::chrono::duration<double>(gap(engine)));
    {
      std::unique_lock lock(figures.mutex);
      if (how.rate == 0) figures.changed.wait(lock, [&] { return figures.under_way < how.width; });
      ++figures.under_way;
    }
    hash(pool, setting, how.tenant, figures);
  }
}

double percentile(Figures& figures, size_t of_hundred) {
  auto& ms = figures.milliseconds;
  std::ranges::sort(ms);
  return ms.empty() ? 0 : ms[ms.size() * of_hundred / 100];
}

int main_of(size_t lanes, double rate, double seconds, size_t threads, size_t flood) {
  metrics::Registry registry;
  Figures figures, flooded;
  const auto start = Steady::now();
  {
    adapters::LanePool pool({.threads = threads, .queue_max = 512, .lanes_max = lanes}, registry);
    std::thread other([&] {
      if (flood > 0) feed(pool, {2, 0, seconds, flood}, flooded);
    });
    feed(pool, {1, rate, seconds, 12 * threads}, figures);
    other.join();
  }
  const double took = std::chrono::duration<double>(Steady::now() - start).count();
  const double n = double(figures.milliseconds.size());
  const double sum = std::accumulate(figures.milliseconds.begin(), figures.milliseconds.end(), 0.0);
  std::printf("{\"rate\":%.2f,\"mean\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"refused\":%zu,\"flood_p50\":%.1f,\"flood_refused\":%zu}\n",
              n / took, sum / n, percentile(figures, 50), percentile(figures, 99), figures.refused, percentile(flooded, 50), flooded.refused);
  return 0;
}

}  // namespace
}  // namespace durward

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "bench_lane_pool LANES RATE SECONDS [THREADS [FLOOD]]\n");
    return 2;
  }
  const auto count = [&](int i, int otherwise) { return size_t(argc > i ? std::atoi(argv[i]) : otherwise); };
  return durward::main_of(count(1, 0), std::atof(argv[2]), std::atof(argv[3]), count(4, 1), count(5, 0));
}
