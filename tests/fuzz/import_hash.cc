// What an import takes is a hash that can be kept and checked.
#include "management/users/import_hash.h"

#include "crypto/password_hash.h"
#include "crypto/passwords/schemes.h"
#include "must.h"

using namespace durward;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto custom = json::parse_object(text_of(data, size));
  if (!custom) return 0;
  const auto hash = management::users::imported_hash(*custom);
  if (!hash || crypto::is_bcrypt(*hash)) return 0;
  const auto stored = crypto::passwords::parse_stored_hash(*hash);
  MUST(stored && crypto::passwords::check(*stored));
  return 0;
}
