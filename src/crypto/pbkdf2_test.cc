#include "crypto/pbkdf2.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "base/encoding.h"
#include "base/random.h"

namespace durward::crypto {
namespace {

std::string of_openssl(const std::string& password, const std::string& salt, uint32_t iterations,
                       size_t size) {
  std::string out(size, char(0));
  PKCS5_PBKDF2_HMAC(password.data(), int(password.size()),
                    reinterpret_cast<const unsigned char*>(salt.data()), int(salt.size()), int(iterations),
                    EVP_sha256(), int(size), reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

// RFC 7914 §11.
TEST(pbkdf2, gives_the_published_vectors) {
  std::string one(64, char(0)), two(64, char(0));
  const Pbkdf2 jobs[] = {{"passwd", "salt", 1, one}, {"Password", "NaCl", 80000, two}};
  pbkdf2_sha256(jobs);
  EXPECT_EQ(to_hex(one),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
            "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
  EXPECT_EQ(to_hex(two),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
            "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
}

// Chains of different lengths leave their lanes at different times; each is what OpenSSL says.
TEST(pbkdf2, agrees_with_openssl_however_many_go_side_by_side) {
  SeededRandom random{11};
  const auto below = [&](size_t n) {
    const auto bytes = random.bytes(2);
    return size_t(uint8_t(bytes[0]) << 8 | uint8_t(bytes[1])) % n;
  };
  for (int round = 0; round < 60; ++round) {
    struct Case {
      std::string password, salt, out;
      uint32_t iterations;
    };
    std::vector<Case> cases(below(9));
    std::vector<Pbkdf2> jobs;
    for (auto& c : cases) {
      c = {random.bytes(below(150)), random.bytes(below(100)), std::string(1 + below(100), char(0)),
           uint32_t(1 + below(50))};
      jobs.push_back({c.password, c.salt, c.iterations, c.out});
    }
    pbkdf2_sha256(jobs);
    for (const auto& c : cases) EXPECT_EQ(c.out, of_openssl(c.password, c.salt, c.iterations, c.out.size()));
  }
}

}  // namespace
}  // namespace durward::crypto
