#include "cli/hash_calibration.h"

#include <time.h>

#include <cmath>
#include <functional>

#include "crypto/bcrypt/lanes.h"
#include "crypto/password_hash.h"

namespace durward::cli {

namespace {

namespace bcrypt = crypto::bcrypt;
using crypto::passwords::Argon2Cost;

constexpr std::string_view password = "a password to measure with", salt = "sixteen of bytes";
constexpr int measured_cost_max = 8;  // higher costs are the same work, doubled

double thread_milliseconds() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

// Of this thread, the best of some: what the machine can do, not what else it does at the moment.
double milliseconds_of(int times, const std::function<void()>& work) {
  double best = INFINITY;
  for (int i = 0; i < times; ++i) {
    const double begin = thread_milliseconds();
    work();
    best = std::min(best, thread_milliseconds() - begin);
  }
  return best;
}

double bcrypt_ms(int cost, size_t count) {
  const bcrypt::Setting setting{.cost = std::min(cost, measured_cost_max)};
  const double ms = milliseconds_of(3, [&] {
    bcrypt::Lanes lanes;
    for (size_t i = 0; i < count; ++i) lanes.start(i, password, setting);
    while (lanes.busy() > 0) lanes.step();
  });
  return std::ldexp(ms, cost - setting.cost);
}

// Once for costs that may take long.
double argon2_ms(Argon2Cost cost, int times = 1) {
  return milliseconds_of(times, [&] { crypto::passwords::argon2id(password, cost, salt); });
}

int highest_bcrypt_cost(int cost, double ms) {
  while (cost >= crypto::bcrypt_cost_min && ms > HashCalibration::budget_ms) --cost, ms /= 2;
  while (ms * 2 <= HashCalibration::budget_ms) ++cost, ms *= 2;
  return cost < crypto::bcrypt_cost_min ? 0 : cost;
}

// In whole MiB. Time grows a little faster than memory once it leaves the caches, hence the steps back.
Argon2Cost highest_argon2_cost(Argon2Cost cost, double ms, double& found_ms) {
  namespace limits = crypto::passwords::limits;
  const double most =
      std::min(double(limits::memory) / 1024, double(limits::argon2_kib_passes) / cost.passes);
  double kib = std::min(most, cost.memory_kib * HashCalibration::budget_ms / ms);
  for (int i = 0; i < 8; ++i, kib *= 0.9) {
    cost.memory_kib = std::max<uint32_t>(1024, uint32_t(kib) / 1024 * 1024);
    found_ms = argon2_ms(cost);
    if (found_ms <= HashCalibration::budget_ms || cost.memory_kib == 1024) break;
  }
  return cost;
}

std::string rounded(double value) {
  const double scaled = value < 10 ? std::round(value * 10) / 10 : std::round(value);
  std::string out = std::to_string(scaled);
  return out.substr(0, out.find('.') + (value < 10 ? 2 : 0));
}

std::string mebibytes(Argon2Cost cost) {
  return rounded(cost.memory_kib / 1024.0) + " MiB and " + std::to_string(cost.passes) + " passes";
}

double short_number(double value) { return std::round(value * 10) / 10; }

}  // namespace

HashCalibration calibrate_hashes(int cost, Argon2Cost argon2) {
  const size_t lanes = bcrypt::best_engine().lanes;
  HashCalibration out{
      .cost = cost, .alone_ms = bcrypt_ms(cost, 1), .all_lanes_ms = bcrypt_ms(cost, lanes), .argon2 = argon2};
  out.per_second = double(lanes) * 1000 / out.all_lanes_ms;
  out.highest_cost = highest_bcrypt_cost(cost, out.all_lanes_ms);
  out.argon2_ms = argon2_ms(argon2, 3);
  out.highest_argon2 = highest_argon2_cost(argon2, out.argon2_ms, out.highest_argon2_ms);
  return out;
}

std::string HashCalibration::text() const {
  const auto& engine = bcrypt::best_engine();
  return rounded(alone_ms) + " ms a password at bcrypt cost " + std::to_string(cost) + ", " +
         rounded(all_lanes_ms) + " ms with all " + std::to_string(engine.lanes) + " lanes (" + engine.name +
         "): " + rounded(per_second) + " hashes a second and core; " + rounded(argon2_ms) +
         " ms at argon2id of " + mebibytes(argon2) + "; under " + rounded(budget_ms) +
         " ms stay bcrypt up to cost " + std::to_string(highest_cost) + " and argon2id up to " +
         mebibytes(highest_argon2);
}

json::Object HashCalibration::as_json() const {
  return {{"bcrypt_cost", cost},
          {"bcrypt_ms", short_number(alone_ms)},
          {"bcrypt_all_lanes_ms", short_number(all_lanes_ms)},
          {"lanes", bcrypt::best_engine().lanes},
          {"engine", bcrypt::best_engine().name},
          {"hashes_per_second_and_core", short_number(per_second)},
          {"highest_bcrypt_cost", highest_cost},
          {"argon2_memory", argon2.memory_kib},
          {"argon2_passes", argon2.passes},
          {"argon2_ms", short_number(argon2_ms)},
          {"highest_argon2_memory", highest_argon2.memory_kib},
          {"highest_argon2_ms", short_number(highest_argon2_ms)},
          {"budget_ms", budget_ms}};
}

}  // namespace durward::cli
