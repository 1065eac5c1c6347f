#include "crypto/code_paths.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace durward::crypto {

#if defined(__x86_64__)
namespace {

bool is_amd_family_19h() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx) || ebx != signature_AMD_ebx) return false;
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  const unsigned family = ((eax >> 8) & 15) + ((eax >> 20) & 255);
  return family == 0x19;
}

bool has_avx512_ifma() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & bit_AVX512IFMA);
}

}  // namespace

const char* preferred_openssl_ia32cap() {
  return is_amd_family_19h() && !has_avx512_ifma() ? ":~0x80000" : nullptr;  // leaf 7 EBX bit 19: ADX
}
#else
const char* preferred_openssl_ia32cap() { return nullptr; }
#endif

}  // namespace durward::crypto
