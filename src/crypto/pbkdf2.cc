#include "crypto/pbkdf2.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "crypto/hash.h"
#include "crypto/openssl.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace durward::crypto {

namespace {

void by_openssl(const Pbkdf2& job) {
  must(PKCS5_PBKDF2_HMAC(job.password.data(), int(job.password.size()), bytes_of(job.salt),
                         int(job.salt.size()), int(job.iterations), fetched(Digest::sha256),
                         int(job.out.size()), reinterpret_cast<unsigned char*>(job.out.data())) == 1,
       "PKCS5_PBKDF2_HMAC");
}

}  // namespace

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("sha,sse4.1"))), apply_to = function)

namespace {

// SHA-256's words in the order that the instructions want: a b e f and c d g h.
struct Halves {
  __m128i abef, cdgh;
};

alignas(16) constexpr uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
constexpr uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

inline __m128i load(const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); }

inline Halves halves_of(__m128i abcd, __m128i efgh) {
  const __m128i cdab = _mm_shuffle_epi32(abcd, 0xB1), hgfe = _mm_shuffle_epi32(efgh, 0x1B);
  return {_mm_alignr_epi8(cdab, hgfe, 8), _mm_blend_epi16(hgfe, cdab, 0xF0)};
}
// The same as the words of a message: a b c d and e f g h.
inline std::pair<__m128i, __m128i> words_of(Halves s) {
  const __m128i feba = _mm_shuffle_epi32(s.abef, 0x1B), dchg = _mm_shuffle_epi32(s.cdgh, 0xB1);
  return {_mm_blend_epi16(feba, dchg, 0xF0), _mm_alignr_epi8(dchg, feba, 8)};
}

// FIPS 180-4 §6.2.2 in `count` blocks at once; four rounds of each in turn, so that one works while the
// others wait.
template <size_t count>
[[gnu::always_inline]] inline void compress(Halves (&states)[count], __m128i (&w)[count][4]) {
  Halves s[count];
#pragma clang loop unroll(full)
  for (size_t n = 0; n < count; ++n) s[n] = states[n];
#pragma clang loop unroll(full)
  for (int r = 0; r < 16; ++r) {
    const __m128i k = _mm_load_si128(reinterpret_cast<const __m128i*>(round_constants + 4 * r));
#pragma clang loop unroll(full)
    for (size_t n = 0; n < count; ++n) {
      const __m128i wk = _mm_add_epi32(w[n][r % 4], k);
      s[n].cdgh = _mm_sha256rnds2_epu32(s[n].cdgh, s[n].abef, wk);
      s[n].abef = _mm_sha256rnds2_epu32(s[n].abef, s[n].cdgh, _mm_shuffle_epi32(wk, 0x0E));
      if (r < 12) {
        const __m128i next = _mm_alignr_epi8(w[n][(r + 3) % 4], w[n][(r + 2) % 4], 4);
        const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[n][r % 4], w[n][(r + 1) % 4]), next);
        w[n][r % 4] = _mm_sha256msg2_epu32(sum, w[n][(r + 3) % 4]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t n = 0; n < count; ++n)
    states[n] = {_mm_add_epi32(states[n].abef, s[n].abef), _mm_add_epi32(states[n].cdgh, s[n].cdgh)};
}

struct Chain {
  Halves inner, outer;     // after the padded key
  __m128i u[2], total[2];  // as words
  uint32_t left;           // iterations
  char* out;
  size_t size;
};

// HMAC of 32 bytes is two blocks: the text or the inner digest, a one bit, zeros, and the length of both
// blocks.
template <size_t count>
void advance(Chain* const* chains, uint32_t iterations) {
  const __m128i end = _mm_setr_epi32(int(0x80000000), 0, 0, 0), length = _mm_setr_epi32(0, 0, 0, 768);
  __m128i w[count][4];
  Halves s[count];
  for (size_t n = 0; n < count; ++n) w[n][0] = chains[n]->u[0], w[n][1] = chains[n]->u[1];
  for (uint32_t i = 0; i < iterations; ++i) {
#pragma clang loop unroll(full)
    for (size_t n = 0; n < count; ++n) s[n] = chains[n]->inner, w[n][2] = end, w[n][3] = length;
    compress(s, w);
#pragma clang loop unroll(full)
    for (size_t n = 0; n < count; ++n) {
      std::tie(w[n][0], w[n][1]) = words_of(s[n]);
      s[n] = chains[n]->outer, w[n][2] = end, w[n][3] = length;
    }
    compress(s, w);
#pragma clang loop unroll(full)
    for (size_t n = 0; n < count; ++n) {
      std::tie(w[n][0], w[n][1]) = words_of(s[n]);
      chains[n]->total[0] = _mm_xor_si128(chains[n]->total[0], w[n][0]);
      chains[n]->total[1] = _mm_xor_si128(chains[n]->total[1], w[n][1]);
    }
  }
  for (size_t n = 0; n < count; ++n) {
    chains[n]->u[0] = w[n][0], chains[n]->u[1] = w[n][1];
    chains[n]->left -= iterations;
  }
}

inline __m128i swapped(__m128i words) {
  return _mm_shuffle_epi8(words, _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

Halves after_key(const std::string& key, char pad) {
  alignas(16) char block[64];
  std::fill(std::begin(block), std::end(block), pad);
  for (size_t i = 0; i < key.size(); ++i) block[i] = char(block[i] ^ key[i]);
  __m128i w[1][4];
  for (size_t i = 0; i < 4; ++i) w[0][i] = swapped(load(block + 16 * i));
  Halves s[1] = {halves_of(load(initial), load(initial + 4))};
  compress(s, w);
  OPENSSL_cleanse(block, sizeof block);
  return s[0];
}

Chain chain_of(const Pbkdf2& job, size_t block) {
  const std::string key = job.password.size() > 64 ? sha256(job.password) : std::string(job.password);
  std::string first(job.salt);
  for (int shift = 24; shift >= 0; shift -= 8) first += char((block + 1) >> shift);
  const std::string u = hmac_sha256(job.password, first);
  const __m128i low = swapped(load(u.data())), high = swapped(load(u.data() + 16));
  return {.inner = after_key(key, 0x36),
          .outer = after_key(key, 0x5c),
          .u = {low, high},
          .total = {low, high},
          .left = job.iterations - 1,
          .out = job.out.data() + 32 * block,
          .size = std::min<size_t>(32, job.out.size() - 32 * block)};
}

void finish(const Chain& chain) {
  alignas(16) char digest[32];
  _mm_store_si128(reinterpret_cast<__m128i*>(digest), swapped(chain.total[0]));
  _mm_store_si128(reinterpret_cast<__m128i*>(digest + 16), swapped(chain.total[1]));
  std::memcpy(chain.out, digest, chain.size);
  OPENSSL_cleanse(digest, sizeof digest);
}

void by_sha_instructions(std::span<const Pbkdf2> jobs) {
  static constexpr std::array by_count = {&advance<1>, &advance<2>, &advance<3>, &advance<pbkdf2_lanes_max>};
  std::vector<Chain> chains;
  for (const auto& job : jobs)
    for (size_t block = 0; block * 32 < job.out.size(); ++block) chains.push_back(chain_of(job, block));
  std::vector<Chain*> lanes;
  for (size_t next = 0;;) {
    while (lanes.size() < pbkdf2_lanes_max && next < chains.size()) lanes.push_back(&chains[next++]);
    if (lanes.empty()) break;
    const auto least =
        std::min_element(lanes.begin(), lanes.end(), [](auto* a, auto* b) { return a->left < b->left; });
    by_count[lanes.size() - 1](lanes.data(), (*least)->left);
    std::erase_if(lanes, [](const Chain* chain) {
      if (chain->left == 0) finish(*chain);
      return chain->left == 0;
    });
  }
  OPENSSL_cleanse(chains.data(), chains.size() * sizeof(Chain));
}

}  // namespace
#pragma clang attribute pop

bool has_fast_pbkdf2() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) &&
         (ebx & bit_SHA);
}

void pbkdf2_sha256(std::span<const Pbkdf2> jobs) {
  static const bool is_fast = has_fast_pbkdf2();
  if (is_fast) return by_sha_instructions(jobs);
  for (const auto& job : jobs) by_openssl(job);
}
#else
bool has_fast_pbkdf2() { return false; }
void pbkdf2_sha256(std::span<const Pbkdf2> jobs) {
  for (const auto& job : jobs) by_openssl(job);
}
#endif

}  // namespace durward::crypto
