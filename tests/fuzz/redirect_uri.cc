// A registered callback matches nothing that leads elsewhere.
#include "standards/oauth/redirect_uri.h"

#include "must.h"

using namespace durward::oauth;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  const auto url = parse_url(text);
  (void)validate_redirect_uri(text);
  (void)validate_origin(text);
  if (url && url->is_web()) MUST(!url->host.empty() && origin_of(text).has_value());
  if (matches_callback("https://app.example/callback", text)) MUST(url && url->scheme == "https" && url->host == "app.example" && url->path == "/callback");
  if (matches_callback("https://*.app.example/callback", text)) MUST(url && url->scheme == "https" && url->host.ends_with(".app.example"));
  matches_logout_url(text, "https://app.example/out");
  return 0;
}
