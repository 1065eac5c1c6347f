#include "protocols/rows.h"

#include "protocols/cors.h"
#include "protocols/database/challenges.h"
#include "protocols/database/signup.h"
#include "protocols/oauth2/revoke.h"
#include "protocols/oauth2/token.h"
#include "protocols/oidc/discovery.h"
#include "protocols/oidc/keys.h"
#include "protocols/oidc/logout.h"
#include "protocols/oidc/userinfo.h"

namespace durward::protocols {

std::vector<endpoint::Endpoint> rows(Parts parts) {
  std::vector<endpoint::Endpoint> out;
  for (auto* family : {oauth2::token_rows, oauth2::revoke_rows, oidc::userinfo_rows, oidc::discovery_rows,
                       oidc::key_rows, oidc::logout_rows, database::signup_rows, database::challenge_rows})
    for (auto& row : family(parts)) out.push_back(std::move(row));
  return out;
}

}  // namespace durward::protocols
