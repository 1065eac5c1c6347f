#pragma once
#include "connections/database/database.h"
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

}  // namespace durward::protocols
