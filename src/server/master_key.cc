#include "server/master_key.h"

#include "base/encoding.h"
#include "server/files.h"
#include "server/roles.h"

namespace durward::server {
Result<std::string> parse_master_key(std::string_view text) {
  text = trim(text);
  auto key = text.size() == 2 * master_key_size ? from_hex(text) : from_base64(text);
  if (!key) key = from_base64url(text);
  if (!key || key->size() != master_key_size)
    return fail(ErrorKind::invalid, "bad_master_key", "The master key must be 32 bytes in hex or base64.");
  return *std::move(key);
}

Result<std::string> master_key(const Settings& settings, Random& random) {
  if (const auto& given = settings.text("master-key"); !given.empty()) return parse_master_key(given);
  if (settings.boolean("ephemeral") || needs_no_store(settings)) return random.bytes(master_key_size);
  TRY(const std::string content,
      key_file_once(settings.text("data") + "/master.key", to_hex(random.bytes(master_key_size)) + "\n",
                    "bad_master_key"));
  return parse_master_key(content);
}

}  // namespace durward::server
