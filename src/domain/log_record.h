#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"

namespace durward::domain {

// One event of the tenant log: GET /logs. `type` is Auth0's code ("s", "fp", "seacft").
struct LogRecord {
  int64_t id = 0;  // growing
  TimePoint date;
  std::string type, description;
  std::string connection, connection_id, strategy, strategy_type;
  std::string client_id, client_name, ip, user_agent, user_id, user_name, audience, scope, hostname;
  json::Object details;

  std::string log_id() const;  // 56 digits, sorts like `id`
  static std::optional<int64_t> id_of(std::string_view log_id);
  json::Object to_json() const;
};

}  // namespace durward::domain
