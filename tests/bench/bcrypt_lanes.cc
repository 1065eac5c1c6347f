// Hashes per second of one core: libxcrypt, and our lanes with each engine. Prints one JSON object, medians of interleaved rounds, at the
// given cost: bcrypt_lanes COST [rounds].
#include <crypt.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "crypto/bcrypt/lanes.h"

namespace {

using namespace durward::crypto::bcrypt;

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

double seconds_of_libxcrypt(const Setting& setting) {
  static const auto data = std::make_unique<crypt_data>();
  const double start = cpu_seconds();
  if (!crypt_rn("correct horse", to_text(setting).c_str(), data.get(), sizeof *data)) std::exit(1);
  return cpu_seconds() - start;
}

// `count` hashes side by side, from the first step to the last.
double seconds_of_lanes(const Engine& engine, size_t count, const Setting& setting) {
  Lanes lanes(engine);
  const double start = cpu_seconds();
  for (size_t i = 0; i < count; ++i) lanes.start(i, "correct horse", setting);
  while (lanes.busy() > 0) lanes.step();
  return cpu_seconds() - start;
}

double median(std::vector<double> list) {
  std::sort(list.begin(), list.end());
  return list[list.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const Setting setting{.cost = argc > 1 ? std::atoi(argv[1]) : 10};
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  struct Row {
    std::string name;
    const Engine* engine;
    size_t count;
    std::vector<double> seconds = {};
  };
  std::vector<Row> rows = {{"libxcrypt", nullptr, 1}, {"portable_1", &portable_engine(), 1}, {"portable_4", &portable_engine(), 4}};
  if (const Engine* fast = assembly_engine())
    for (const size_t count : {size_t(1), size_t(2), fast->lanes}) rows.push_back({"assembly_" + std::to_string(count), fast, count});
  for (int round = 0; round < rounds; ++round)
    for (auto& row : rows)
      row.seconds.push_back(row.engine ? seconds_of_lanes(*row.engine, row.count, setting) : seconds_of_libxcrypt(setting));
  std::printf("{");
  for (const auto& row : rows) {
    const double seconds = median(row.seconds);
    std::printf("%s\"%s\":{\"rate\":%.3f,\"ms\":%.3f}", &row == &rows.front() ? "" : ",", row.name.c_str(), double(row.count) / seconds, seconds * 1e3);
  }
  std::printf("}\n");
}
