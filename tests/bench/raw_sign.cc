// What OpenSSL alone needs for a signature: the yardstick of cc_rs256 and cc_es256. Prints microseconds of CPU per
// signature: raw_sign RS256|ES256 [seconds].
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string alg = argc > 1 ? argv[1] : "RS256";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1.0;
  EVP_PKEY* key = alg == "RS256" ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
  if (!key) return 1;
  const std::string data(600, 'x');  // about the size of a token's signing input
  unsigned char signature[512];
  long n = 0;
  const double start = cpu_seconds();
  double now = start;
  while (now - start < seconds) {
    for (int i = 0; i < 50; ++i, ++n) {
      EVP_MD_CTX* context = EVP_MD_CTX_new();
      size_t size = sizeof signature;
      if (EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key) != 1 ||
          EVP_DigestSign(context, signature, &size, reinterpret_cast<const unsigned char*>(data.data()), data.size()) != 1)
        return 1;
      EVP_MD_CTX_free(context);
    }
    now = cpu_seconds();
  }
  std::printf("%.3f\n", (now - start) * 1e6 / double(n));
  EVP_PKEY_free(key);
}
