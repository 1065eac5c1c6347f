#pragma once
#include "standards/oauth/redirect_uri.h"

// For the .cc files of this folder only.
namespace durward::oauth {

// parse_url, where `pattern` also lets '*' into the host.
Result<Url> parse_url_pattern(std::string_view text, bool pattern);

std::unexpected<Error> invalid_url(std::string message);

}  // namespace durward::oauth
