// What a script may have asked for, as a worker tells it: commands that pass fit their row, bounds hold, and what is kept of them is judged the same again.
#include "extensions/commands.h"

#include "must.h"
#include "standards/oauth/redirect_uri.h"

using namespace durward;
using namespace durward::extensions;

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

void must_fit(char kind, const json::Value& value) {
  if (is_upper(kind) && value.is_null()) return;
  switch (kind | 0x20) {
    case 't': MUST(value.is_string()); break;
    case 'u': MUST(oauth::parse_url(json::view(value.get_string()))->is_web()); break;
    case 'n': MUST(value.is_int64() && value.get_int64() >= 0); break;
    case 'o': MUST(value.is_object()); break;
    case 'a': MUST(value.is_array()); break;
    case 'l': MUST(value.is_array() && json::strings({{"l", value}}, "l").size() == value.get_array().size()); break;
    default: break;
  }
}

json::Array kept(const std::vector<Command>& commands) {
  json::Array out;
  for (const auto& one : commands) out.push_back(json::Object{{"name", one.name}, {"args", one.args}});
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  (void)judge_claim(text);
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->is_array()) return 0;
  for (const std::string_view trigger : {"post-login", "credentials-exchange", "pre-user-registration", "password-reset-post-challenge", "rules", ""}) {
    const auto commands = judge_all(trigger, parsed->get_array());
    if (!commands) continue;
    MUST(commands->size() <= commands_max);
    for (const auto& one : *commands) {
      const auto* row = find_command(trigger, one.name);
      MUST(row && row->args.size() == one.args.size());
      for (size_t i = 0; i < one.args.size(); ++i) must_fit(row->args[i], one.args[i]);
    }
    const auto again = judge_all(trigger, json::parse(json::serialize(json::Value(kept(*commands))))->get_array());
    MUST(again && kept(*again) == kept(*commands));
  }
  return 0;
}
