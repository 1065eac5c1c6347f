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
  return out;
}

OwnedSecret minus_one(const BIGNUM& value) {
  OwnedSecret out = number();
  must(BN_copy(out.get(), &value) && BN_sub_word(out.get(), 1) == 1, "BN_sub_word");
  return out;
}

bool is_coprime(const BIGNUM& a, const BIGNUM& b, BN_CTX& work) {
  const auto divisor = number();
  must(BN_gcd(divisor.get(), &a, &b, &work) == 1, "BN_gcd");
  return BN_is_one(divisor.get());
}

// A prime of exactly `size` bytes whose product with another such prime has exactly twice as many.
OwnedSecret take_prime(Random& random, size_t size, const BIGNUM& e, BN_CTX& work) {
  for (;;) {
    std::string bytes = random.bytes(size);
    bytes.front() = char(bytes.front() | 0xc0);
    bytes.back() = char(bytes.back() | 1);
    auto candidate = number();
    must(BN_bin2bn(bytes_of(bytes), int(size), candidate.get()) != nullptr, "BN_bin2bn");
    wipe(bytes);
    if (BN_check_prime(candidate.get(), &work, nullptr) == 1 && is_coprime(*minus_one(*candidate), e, work))
      return candidate;
  }
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

Result<PrivateKey> PrivateKey::generate_rsa_repeatable(Random& random) {
  constexpr size_t prime_size = rsa_bits_min / 8 / 2;
  const OwnedWork work(BN_CTX_secure_new());
  must(work != nullptr, "BN_CTX_new");
  const auto e = number(RSA_F4);
  auto p = take_prime(random, prime_size, *e, *work);
  auto q = take_prime(random, prime_size, *e, *work);
  if (BN_cmp(p.get(), q.get()) < 0) std::swap(p, q);
  TRY(auto key, detail::adopt(build(derive(std::move(p), std::move(q), *work))));
  return PrivateKey(std::move(key));
}

}  // namespace durward::crypto
