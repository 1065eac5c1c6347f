#include "base/random.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include <atomic>
#include <stdexcept>

namespace durward {

namespace {
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base62_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view base58_digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
void from_kernel(std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = getrandom(out.data() + done, out.size() - done, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::runtime_error("getrandom failed");
    done += size_t(n);
  }
}

// Counts forks: a child must not draw what its parent draws.
std::atomic<unsigned> forks = 0;
[[maybe_unused]] const int fork_handler = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1); });

// A system call for every few bytes costs more than the bytes, so each thread draws ahead. What was handed
// out is erased at once.
struct Pool {
  uint8_t bytes[1024];
  size_t used = sizeof bytes;
  unsigned drawn_after = 0;

  void fill(std::span<uint8_t> out) {
    const unsigned now = forks.load(std::memory_order_relaxed);
    if (sizeof bytes - used < out.size() || drawn_after != now) {
      from_kernel(bytes);
      used = 0;
      drawn_after = now;
    }
    std::memcpy(out.data(), bytes + used, out.size());
    explicit_bzero(bytes + used, out.size());
    used += out.size();
  }
};

}  // namespace

std::string Random::bytes(size_t n) {
  std::string out(n, '\0');
  fill({reinterpret_cast<uint8_t*>(out.data()), n});
  return out;
}

std::string Random::text(size_t n, std::string_view alphabet) {
  const size_t size = alphabet.size();
  const size_t limit = 256 - 256 % size;  // bytes at or above it would favour the first letters
  std::string out;
  out.reserve(n);
  uint8_t buffer[64];
  while (out.size() < n) {
    fill(buffer);
    for (size_t i = 0; i < sizeof buffer && out.size() < n; ++i)
      if (buffer[i] < limit) out += alphabet[buffer[i] % size];
  }
  return out;
}

std::string Random::hex(size_t n) { return text(n, hex_digits); }
std::string Random::base62(size_t n) { return text(n, base62_digits); }
std::string Random::base58(size_t n) { return text(n, base58_digits); }
std::string Random::url_safe(size_t n) { return text(n, url_digits); }

std::string Random::uuid() {
  std::string out = hex(36);
  for (size_t at : {8, 13, 18, 23}) out[at] = '-';
  out[14] = '4';
  out[19] = "89ab"[out[19] & 3];
  return out;
}

void SystemRandom::fill(std::span<uint8_t> out) {
  thread_local Pool pool;
  if (out.size() > sizeof pool.bytes / 4)
    from_kernel(out);
  else
    pool.fill(out);
}

void SeededRandom::fill(std::span<uint8_t> out) {
  std::lock_guard lock(mutex_);
  for (auto& byte : out) {  // splitmix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    byte = uint8_t((z ^ (z >> 31)) >> 56);
  }
}

}  // namespace durward
