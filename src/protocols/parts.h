#pragma once
#include "connections/database/database.h"
#include "ports/services.h"
#include "tokens/tokens.h"

namespace durward::protocols {

// What the protocol faces are made of; every reference outlives every request.
struct Parts {
  ports::Services& services;
  tokens::Issuer& issuer;
  connections::database::Database& database;
};

}  // namespace durward::protocols
