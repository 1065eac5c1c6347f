// What the input draws, a few hashes at a time, is what libxcrypt says.
#include "bcrypt_cases.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  size_t at = 0;
  const auto draw = [&](uint32_t n) {
    uint32_t value = 0;
    for (int i = 0; i < 2; ++i) value = value << 8 | (at < size ? data[at++] : 0);
    return value % n;
  };
  const auto engines = durward::fuzz::engines();
  durward::fuzz::Comparison(*engines[draw(uint32_t(engines.size()))], draw).run(1 + draw(8));
  return 0;
}
