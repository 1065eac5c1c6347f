#pragma once
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

// Randomness is a capability: whoever needs it takes a `Random&`.
namespace durward {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<uint8_t> out) = 0;  // thread-safe

  std::string bytes(size_t n);
  // `n` characters drawn without bias from `alphabet` (at most 256 characters).
  std::string text(size_t n, std::string_view alphabet);
  std::string hex(size_t n);       // n characters [0-9a-f]
  std::string base62(size_t n);    // [A-Za-z0-9]
  std::string base58(size_t n);    // without 0 O I l
  std::string url_safe(size_t n);  // [A-Za-z0-9_-]
  std::string uuid();              // version 4
};

// The kernel's generator, drawn ahead by each thread; a forked child draws its own.
class SystemRandom : public Random {
 public:
  void fill(std::span<uint8_t> out) override;
};

// Repeatable: tests and --seed-random only, never a default.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  void fill(std::span<uint8_t> out) override;

 private:
  std::mutex mutex_;
  uint64_t state_;
};

}  // namespace durward
