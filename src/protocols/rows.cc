#include "protocols/rows.h"

#include "protocols/cors.h"
#include "protocols/database/signup.h"
#include "protocols/oauth2/revoke.h"
#include "protocols/oauth2/token.h"
#include "protocols/oidc/discovery.h"
#include "protocols/oidc/keys.h"
#include "protocols/oidc/logout.h"
#include "protocols/oidc/userinfo.h"

namespace durward::protocols {

namespace {

endpoint::Endpoint preflight_of(const endpoint::Endpoint& row) {
  endpoint::Endpoint out;
  out.id = "preflight_" + row.id;
  out.method = http::Method::options;
  out.path = row.path;
  out.tag = row.tag;
  out.summary = "Preflight of " + row.path;
  out.open_because = "Fetch Standard §4.8: a preflight carries no credentials";
  out.success = 204;
  out.handler = endpoint::ProtocolHandler(answer_preflight);
  return out;
}

bool has_preflight(const std::vector<endpoint::Endpoint>& rows, const std::string& path) {
  for (const auto& row : rows)
    if (row.method == http::Method::options && row.path == path) return true;
  return false;
}

}  // namespace

std::vector<endpoint::Endpoint> rows(Parts parts) {
  std::vector<endpoint::Endpoint> out;
  for (auto* family : {oauth2::token_rows, oauth2::revoke_rows, oidc::userinfo_rows, oidc::discovery_rows,
                       oidc::key_rows, oidc::logout_rows, database::signup_rows})
    for (auto& row : family(parts)) out.push_back(std::move(row));
  const size_t count = out.size();
  for (size_t i = 0; i < count; ++i)
    if (out[i].cors != endpoint::Cors::none && !has_preflight(out, out[i].path))
      out.push_back(preflight_of(out[i]));
  return out;
}

}  // namespace durward::protocols
