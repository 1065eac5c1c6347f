#pragma once

namespace durward::crypto {

// What OPENSSL_ia32cap should say on this processor, or null when OpenSSL chooses well by itself. OpenSSL
// reads it before main, so cli/main.cc asks before that. x86-64 only; elsewhere null.
//
// AMD's family 19h without AVX-512 IFMA (Zen 3): OpenSSL 3.0 prefers its MULX/ADX code for 1024-bit
// exponentiations, the two halves of an RSA-2048 signature; its AVX2 code takes two thirds of the time there.
// With ADX masked it takes that; ES256 and X25519 stay within 10 %.
const char* preferred_openssl_ia32cap();

}  // namespace durward::crypto
