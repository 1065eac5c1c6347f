#pragma once
#include "connections/database/database.h"
#include "extensions/post_login.h"
#include "login/bots/bot_guard.h"
#include "ports/services.h"
#include "tokens/tokens.h"

namespace durward::protocols {

// What the protocol faces are made of; every reference outlives every request.
struct Parts {
  ports::Services& services;
  tokens::Issuer& issuer;
  connections::database::Database& database;
  login::BotGuard bots = login::BotGuard(services);
};

// For the rules of a login.
inline extensions::UsersToken users_token_of(const tokens::Issuer& issuer) {
  return [&issuer](endpoint::RequestContext context) {
    return tokens::users_token(issuer, context.tenant->id, context.issuer, context.now);
  };
}

}  // namespace durward::protocols
