// What a core makes of a password, each engine beside the library that it replaces, in short rounds that take turns. Seconds are of this
// thread, so that other programs count less; what shares the core's ports from another machine counts all the same, and shows in the mix.
// hash COST [rounds]: one JSON object: medians, the median of the ratios to the library within each round, and the same for the quietest
// tenth of the seconds of each.
#include <crypt.h>
#include <openssl/evp.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "crypto/bcrypt/lanes.h"
#include "crypto/bcrypt/pi.h"
#include "crypto/pbkdf2.h"

#if defined(__x86_64__)
extern "C" void durward_bcrypt_mix5(durward::crypto::bcrypt::State* states);
extern "C" void durward_bcrypt_mix6(durward::crypto::bcrypt::State* states);
#endif

namespace {

using namespace durward::crypto;
using namespace durward::crypto::bcrypt;

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

double seconds_of(const std::function<void()>& work) {
  const double start = cpu_seconds();
  work();
  return cpu_seconds() - start;
}

void libxcrypt(const Setting& setting) {
  static const auto data = std::make_unique<crypt_data>();
  if (!crypt_rn("correct horse", to_text(setting).c_str(), data.get(), sizeof *data)) std::exit(1);
}

// `count` hashes side by side, from the first step to the last.
void lanes_of(const Engine& engine, size_t count, const Setting& setting) {
  Lanes lanes(engine);
  for (size_t i = 0; i < count; ++i) lanes.start(i, "correct horse", setting);
  while (lanes.busy() > 0) lanes.step();
}

#if defined(__x86_64__)
// As many blocks as `lanes` hashes of this cost are.
void mix(size_t lanes, const Setting& setting) {
  static const auto states = std::make_unique<State[]>(6);
  for (size_t i = 0; i < lanes; ++i) std::copy_n(pi_words, std::size(pi_words), states[i].words);
  const auto expand = lanes == 6 ? durward_bcrypt_mix6 : durward_bcrypt_mix5;
  for (uint64_t i = 0; i < uint64_t(2) << setting.cost; ++i) expand(states.get());
}

// Additions that need not wait for each other, per cycle: four units are there, fewer are free when another thread of the core is busy.
double additions_per_cycle() {
  constexpr int turns = 30000;
  const double chain = seconds_of([] {
    for (int i = 0; i < turns; ++i) asm volatile(".rept 80\n add $1, %%eax\n .endr" ::: "eax");
  });
  const double free = seconds_of([] {
    for (int i = 0; i < turns; ++i)
      asm volatile(".rept 10\n add $1,%%eax\n add $1,%%ecx\n add $1,%%edx\n add $1,%%esi\n add $1,%%edi\n add $1,%%r8d\n add $1,%%r9d\n add $1,%%r10d\n .endr" :::
                   "eax", "ecx", "edx", "esi", "edi", "r8", "r9", "r10");
  });
  return chain / free;
}
#endif

constexpr int pbkdf2_iterations = 20000;

void pbkdf2_openssl() {
  unsigned char out[32];
  if (PKCS5_PBKDF2_HMAC("correct horse", 13, reinterpret_cast<const unsigned char*>("salt of a person"), 16, pbkdf2_iterations, EVP_sha256(), sizeof out, out) != 1)
    std::exit(1);
}
void pbkdf2_lanes(size_t count) {
  std::vector<std::string> out(count, std::string(32, char(0)));
  std::vector<Pbkdf2> jobs;
  for (auto& one : out) jobs.push_back({.password = "correct horse", .salt = "salt of a person", .iterations = pbkdf2_iterations, .out = one});
  pbkdf2_sha256(jobs);
}

struct Row {
  std::string name;
  size_t count;  // hashes that `work` computes
  std::function<void()> work;
  std::vector<double> seconds = {};
};

std::vector<Row> rows_of(const Setting& setting) {
  std::vector<Row> rows = {{"libxcrypt", 1, [=] { libxcrypt(setting); }}};
  const auto add = [&](const std::string& name, const Engine& engine, size_t count) {
    rows.push_back({name + "_" + std::to_string(count), count, [=, &engine] { lanes_of(engine, count, setting); }});
  };
  add("plain", plain_engine(), plain_engine().lanes);
  for (const size_t count : {size_t(1), size_t(2), portable_engine().lanes}) add("portable", portable_engine(), count);
  if (const auto assembly = assembly_engines(); !assembly.empty()) {
    const Engine* fast = assembly.front();
    for (const size_t count : {size_t(1), size_t(2), fast->lanes}) add("assembly", *fast, count);
#if defined(__x86_64__)
    rows.push_back({"mix", fast->lanes, [=, lanes = fast->lanes] { mix(lanes, setting); }});
#endif
  }
  rows.push_back({"pbkdf2_openssl", 1, pbkdf2_openssl});
  rows.push_back({"pbkdf2_1", 1, [] { pbkdf2_lanes(1); }});
  rows.push_back({"pbkdf2_" + std::to_string(pbkdf2_lanes_max), pbkdf2_lanes_max, [] { pbkdf2_lanes(pbkdf2_lanes_max); }});
  return rows;
}

double at(std::vector<double> list, double share) {
  std::sort(list.begin(), list.end());
  return list[size_t(double(list.size() - 1) * share)];
}

const Row& row_named(const std::vector<Row>& rows, std::string_view name) {
  return *std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; });
}

void print(const Row& row, const Row& library) {
  std::vector<double> ratios;
  for (size_t i = 0; i < row.seconds.size(); ++i) ratios.push_back(library.seconds[i] * double(row.count) / row.seconds[i]);
  const double median = at(row.seconds, 0.5), quiet = at(row.seconds, 0.1);
  std::printf(",\"%s\":{\"rate\":%.3f,\"ms\":%.3f,\"ratio\":%.3f,\"quiet_rate\":%.3f,\"quiet_ratio\":%.3f}", row.name.c_str(), double(row.count) / median, median * 1e3,
              at(ratios, 0.5), double(row.count) / quiet, at(library.seconds, 0.1) * double(row.count) / quiet);
}

void print_machine(const std::vector<double>& additions) {
  std::ifstream siblings_file("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list");
  std::string siblings = "unknown";
  std::getline(siblings_file, siblings);
  std::printf("\"machine\":{\"siblings_of_cpu0\":\"%s\"", siblings.c_str());
#if defined(__x86_64__)
  const std::pair<const char*, bool> features[] = {{"bmi1", __builtin_cpu_supports("bmi")},       {"bmi2", __builtin_cpu_supports("bmi2")},
                                                   {"avx2", __builtin_cpu_supports("avx2")},      {"avx512f", __builtin_cpu_supports("avx512f")},
                                                   {"avx512ifma", __builtin_cpu_supports("avx512ifma")}, {"sha", has_fast_pbkdf2()}};
  for (const auto& [name, is_there] : features) std::printf(",\"%s\":%s", name, is_there ? "true" : "false");
  std::printf(",\"additions_per_cycle\":%.2f,\"additions_per_cycle_quiet\":%.2f", at(additions, 0.5), at(additions, 0.9));
#endif
  std::printf("}");
}

}  // namespace

int main(int argc, char** argv) {
  const Setting setting{.cost = argc > 1 ? std::atoi(argv[1]) : 10};
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 15;
  auto rows = rows_of(setting);
  std::vector<double> additions;
  for (int round = 0; round < rounds; ++round) {
#if defined(__x86_64__)
    additions.push_back(additions_per_cycle());
#endif
    for (auto& row : rows) row.seconds.push_back(seconds_of(row.work));
  }
  std::printf("{");
  print_machine(additions);
  for (const auto& row : rows) print(row, row.name.starts_with("pbkdf2") ? row_named(rows, "pbkdf2_openssl") : rows.front());
  std::printf("}\n");
}
