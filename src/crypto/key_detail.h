#pragma once
#include <array>
#include <memory>
#include <mutex>
#include <string>

#include "crypto/keys.h"
#include "crypto/openssl.h"

// What PrivateKey and PublicKey share, for the .cc files of crypto/ only.
namespace durward::crypto::detail {

// A context that has been through EVP_Digest{Sign,Verify}Init, made at the first use. Calls copy it, which is
// safe from many threads because nobody changes it afterwards.
struct PreparedContext {
  std::once_flag once;
  OwnedDigestContext context;
};

struct Key {
  OwnedPkey pkey;
  KeyType type = KeyType::rsa;
  int bits = 0;
  mutable std::array<PreparedContext, signature_algorithm_count> signing, verifying;
};

Result<std::shared_ptr<const Key>> adopt(OwnedPkey pkey);
OwnedPkey build_public(const PublicComponents& components);  // null when they make no key
PublicComponents read_components(const Key& key);

// The caller has checked that the key fits.
std::string sign(const Key& key, SignatureAlgorithm alg, std::string_view data);
bool verify(const Key& key, SignatureAlgorithm alg, std::string_view data, std::string_view signature);
bool verify_der(const Key& key, SignatureAlgorithm alg, std::string_view data, std::string_view signature);

}  // namespace durward::crypto::detail
