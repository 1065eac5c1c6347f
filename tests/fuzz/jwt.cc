// Nobody signs without the key, and what decodes has a header with the algorithm that was read.
#include "must.h"
#include "standards/jose/jws.h"

using namespace durward;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  const auto token = jose::decode_unverified(text);
  if (token) MUST(jose::parse_algorithm(json::string_or(token->header, "alg")) == token->alg);
  const std::vector<jose::VerificationKey> keys{{.kid = "", .alg = {}, .material = std::string("a key of thirty-two bytes or more")}};
  MUST(!jose::verify_compact(text, keys, {.allowed = {jose::Algorithm::HS256, jose::Algorithm::RS256}}));
  return 0;
}
