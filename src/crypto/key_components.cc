#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "crypto/key_detail.h"

namespace durward::crypto::detail {

namespace {

using OwnedBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using OwnedParameters = Owned<OSSL_PARAM, OSSL_PARAM_free>;

struct CurveRow {
  KeyType type;
  const char* group;
  size_t field_size;
};
constexpr CurveRow curve_rows[] = {
    {KeyType::ec_p256, "P-256", 32}, {KeyType::ec_p384, "P-384", 48}, {KeyType::ec_p521, "P-521", 66}};

const CurveRow* find_curve(KeyType type) {
  for (const auto& row : curve_rows)
    if (row.type == type) return &row;
  return nullptr;
}

OwnedPkey from_parameters(const char* algorithm, OSSL_PARAM_BLD& builder) {
  const OwnedParameters parameters(OSSL_PARAM_BLD_to_param(&builder));
  const OwnedPkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return {};
  return OwnedPkey(key);
}

OwnedPkey build_rsa(const PublicComponents& c) {
  if (c.n.empty() || c.n.size() > size_t(rsa_bits_max) / 8 || c.e.empty() || c.e.size() > 8) return {};
  const OwnedBignum n(BN_bin2bn(bytes_of(c.n), int(c.n.size()), nullptr));
  const OwnedBignum e(BN_bin2bn(bytes_of(c.e), int(c.e.size()), nullptr));
  // An even modulus or exponent, or the exponent 1, is no RSA key: with e = 1 anybody can "sign".
  if (!n || !e || !BN_is_odd(n.get()) || !BN_is_odd(e.get()) || BN_is_one(e.get())) return {};
  const OwnedBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return {};
  return from_parameters("RSA", *builder);
}

// OpenSSL checks that the point is on the curve while it reads it.
OwnedPkey build_ec(const PublicComponents& c, const CurveRow& curve) {
  if (c.x.size() != curve.field_size || c.y.size() != curve.field_size) return {};
  const std::string point = '\x04' + c.x + c.y;
  const OwnedBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1)
    return {};
  return from_parameters("EC", *builder);
}

OwnedBignum read_number(const Key& key, const char* name) {
  BIGNUM* number = nullptr;
  must(EVP_PKEY_get_bn_param(key.pkey.get(), name, &number) == 1, "EVP_PKEY_get_bn_param");
  return OwnedBignum(number);
}

std::string padded(const BIGNUM& number, size_t size) {
  std::string out(size, '\0');
  must(BN_bn2binpad(&number, bytes_of(out), int(size)) == int(size), "BN_bn2binpad");
  return out;
}

std::string minimal(const BIGNUM& number) { return padded(number, size_t(BN_num_bytes(&number))); }

}  // namespace

OwnedPkey build_public(const PublicComponents& components) {
  if (components.type == KeyType::rsa) return build_rsa(components);
  if (const CurveRow* curve = find_curve(components.type)) return build_ec(components, *curve);
  return OwnedPkey(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, bytes_of(components.x),
                                                  components.x.size()));
}

PublicComponents read_components(const Key& key) {
  PublicComponents out;
  out.type = key.type;
  if (key.type == KeyType::rsa) {
    out.n = minimal(*read_number(key, OSSL_PKEY_PARAM_RSA_N));
    out.e = minimal(*read_number(key, OSSL_PKEY_PARAM_RSA_E));
  } else if (const CurveRow* curve = find_curve(key.type)) {
    out.x = padded(*read_number(key, OSSL_PKEY_PARAM_EC_PUB_X), curve->field_size);
    out.y = padded(*read_number(key, OSSL_PKEY_PARAM_EC_PUB_Y), curve->field_size);
  } else {
    size_t size = 32;
    out.x.resize(size);
    must(EVP_PKEY_get_raw_public_key(key.pkey.get(), bytes_of(out.x), &size) == 1 && size == 32,
         "raw public key");
  }
  return out;
}

}  // namespace durward::crypto::detail
