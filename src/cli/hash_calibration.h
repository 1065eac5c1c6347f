#pragma once
#include "base/json.h"
#include "crypto/passwords/schemes.h"

namespace durward::cli {

// What passwords cost on this machine, in time of the thread that hashes: what else runs there does not
// count.
struct HashCalibration {
  int cost;                       // bcrypt, as configured
  double alone_ms, all_lanes_ms;  // one hash by itself, and with every lane of its core taken
  double per_second;              // hashes a core
  int highest_cost;               // that stays under `budget_ms` with all lanes; 0: none does
  crypto::passwords::Argon2Cost argon2, highest_argon2;  // configured; the most memory with as many passes
  double argon2_ms, highest_argon2_ms;
  static constexpr double budget_ms = 250;

  std::string text() const;
  json::Object as_json() const;
};

// Takes a second or two.
HashCalibration calibrate_hashes(int cost, crypto::passwords::Argon2Cost argon2);

}  // namespace durward::cli
