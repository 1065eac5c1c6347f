#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <array>

#include "crypto/hash.h"
#include "crypto/key_detail.h"

namespace durward::crypto {

namespace {

using OwnedSecret = Owned<BIGNUM, BN_clear_free>;
using OwnedWork = Owned<BN_CTX, BN_CTX_free>;
using OwnedBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using OwnedParameters = Owned<OSSL_PARAM, OSSL_PARAM_free>;

OwnedSecret number(BN_ULONG value = 0) {
  OwnedSecret out(BN_secure_new());
  must(out && BN_set_word(out.get(), value) == 1, "BN_new");
  BN_set_flags(out.get(), BN_FLG_CONSTTIME);
  return out;
}

OwnedSecret minus_one(const BIGNUM& value) {
  OwnedSecret out = number();
  must(BN_copy(out.get(), &value) && BN_sub_word(out.get(), 1) == 1, "BN_sub_word");
  return out;
}

// (p - 1) has no factor in common with e, which is prime: there is a d.
bool fits_exponent(const BIGNUM& prime) { return BN_mod_word(&prime, RSA_F4) != 1; }

// OpenSSL's primes have their two highest bits set, so that the product of two has exactly twice as many
// bits.
OwnedSecret draw_prime(int bits, BN_CTX& work) {
  for (;;) {
    auto prime = number();
    must(BN_generate_prime_ex2(prime.get(), bits, 0, nullptr, nullptr, nullptr, &work) == 1,
         "BN_generate_prime_ex2");
    if (BN_num_bits(prime.get()) == bits && BN_is_bit_set(prime.get(), bits - 2) && fits_exponent(*prime))
      return prime;
  }
}

// The same from `random` alone.
OwnedSecret draw_prime(int bits, BN_CTX& work, Random& random) {
  for (;;) {
    std::string bytes = random.bytes(size_t(bits) / 8);
    bytes.front() = char(bytes.front() | 0xc0);
    bytes.back() = char(bytes.back() | 1);
    auto candidate = number();
    must(BN_bin2bn(bytes_of(bytes), int(bytes.size()), candidate.get()) != nullptr, "BN_bin2bn");
    wipe(bytes);
    if (fits_exponent(*candidate) && BN_check_prime(candidate.get(), &work, nullptr) == 1) return candidate;
  }
}

// FIPS 186-5 appendix A.1.3, step 5.4: the primes differ within their first 100 bits.
bool are_apart(const BIGNUM& p, const BIGNUM& q, int bits) {
  const auto distance = number();
  must(BN_sub(distance.get(), &p, &q) == 1, "BN_sub");
  return BN_num_bits(distance.get()) > bits - 100;
}

struct RsaNumbers {
  OwnedSecret e = number(RSA_F4), p, q, n = number(), d = number(), dp = number(), dq = number(),
              qi = number();
};

// RFC 8017 §3.2, with d from (p-1)(q-1).
RsaNumbers derive(OwnedSecret p, OwnedSecret q, BN_CTX& work) {
  RsaNumbers out{.p = std::move(p), .q = std::move(q)};
  const auto p1 = minus_one(*out.p), q1 = minus_one(*out.q), phi = number();
  must(BN_mul(out.n.get(), out.p.get(), out.q.get(), &work) == 1 &&
           BN_mul(phi.get(), p1.get(), q1.get(), &work) == 1 &&
           BN_mod_inverse(out.d.get(), out.e.get(), phi.get(), &work) &&
           BN_mod(out.dp.get(), out.d.get(), p1.get(), &work) == 1 &&
           BN_mod(out.dq.get(), out.d.get(), q1.get(), &work) == 1 &&
           BN_mod_inverse(out.qi.get(), out.q.get(), out.p.get(), &work),
       "RSA numbers");
  return out;
}

OwnedPkey build(const RsaNumbers& numbers) {
  const std::array<std::pair<const char*, const BIGNUM*>, 8> members = {{
      {OSSL_PKEY_PARAM_RSA_N, numbers.n.get()},
      {OSSL_PKEY_PARAM_RSA_E, numbers.e.get()},
      {OSSL_PKEY_PARAM_RSA_D, numbers.d.get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR1, numbers.p.get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR2, numbers.q.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT1, numbers.dp.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT2, numbers.dq.get()},
      {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, numbers.qi.get()},
  }};
  const OwnedBuilder builder(OSSL_PARAM_BLD_new());
  must(builder != nullptr, "OSSL_PARAM_BLD_new");
  for (const auto& [name, value] : members)
    must(OSSL_PARAM_BLD_push_BN(builder.get(), name, value) == 1, "OSSL_PARAM_BLD_push_BN");
  const OwnedParameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const OwnedPkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  must(parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
           EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) == 1,
       "EVP_PKEY_fromdata");
  return OwnedPkey(key);
}

}  // namespace

namespace {

template <class... Source>
OwnedPkey generate(int bits, Source&... source) {
  const OwnedWork work(BN_CTX_secure_new());
  must(work != nullptr, "BN_CTX_new");
  auto p = draw_prime(bits / 2, *work, source...);
  auto q = draw_prime(bits / 2, *work, source...);
  while (!are_apart(*p, *q, bits / 2)) q = draw_prime(bits / 2, *work, source...);
  if (BN_cmp(p.get(), q.get()) < 0) std::swap(p, q);
  return build(derive(std::move(p), std::move(q), *work));
}

}  // namespace

Result<PrivateKey> PrivateKey::generate_rsa() {
  TRY(auto key, detail::adopt(generate(rsa_bits_min)));
  return PrivateKey(std::move(key));
}

Result<PrivateKey> PrivateKey::generate_rsa_repeatable(Random& random) {
  TRY(auto key, detail::adopt(generate(rsa_bits_min, random)));
  return PrivateKey(std::move(key));
}

}  // namespace durward::crypto
