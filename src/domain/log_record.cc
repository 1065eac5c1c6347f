#include "domain/log_record.h"

#include <algorithm>

namespace durward::domain {

namespace {
constexpr size_t log_id_digits = 56;
constexpr std::string_view log_id_prefix = "900";
}  // namespace

std::string LogRecord::log_id() const {
  const std::string digits = std::to_string(id);
  return std::string(log_id_prefix) + std::string(log_id_digits - log_id_prefix.size() - digits.size(), '0') +
         digits;
}

std::optional<int64_t> LogRecord::id_of(std::string_view log_id) {
  if (log_id.size() != log_id_digits || !log_id.starts_with(log_id_prefix)) return {};
  if (!std::all_of(log_id.begin(), log_id.end(), [](char c) { return c >= '0' && c <= '9'; })) return {};
  const std::string_view tail = log_id.substr(log_id.size() - 19);
  if (log_id.substr(3, log_id.size() - 22).find_first_not_of('0') != log_id.npos) return {};
  uint64_t id = 0;
  for (char c : tail) id = id * 10 + uint64_t(c - '0');  // 19 digits cannot overflow 64 bits
  if (id == 0 || id > uint64_t(INT64_MAX)) return {};
  return int64_t(id);
}

json::Object LogRecord::to_json() const {
  json::Object out{{"_id", log_id()}, {"log_id", log_id()}, {"date", to_iso8601(date)}, {"type", type}};
  const std::pair<const char*, const std::string&> members[] = {{"description", description},
                                                                {"connection", connection},
                                                                {"connection_id", connection_id},
                                                                {"client_id", client_id},
                                                                {"client_name", client_name},
                                                                {"ip", ip},
                                                                {"user_agent", user_agent},
                                                                {"user_id", user_id},
                                                                {"user_name", user_name},
                                                                {"audience", audience},
                                                                {"scope", scope},
                                                                {"strategy", strategy},
                                                                {"strategy_type", strategy_type},
                                                                {"hostname", hostname}};
  for (const auto& [name, value] : members)
    if (!value.empty()) out[name] = value;
  if (!details.empty()) out["details"] = details;
  out["isMobile"] = user_agent.find("Mobile") != std::string::npos;
  return out;
}

}  // namespace durward::domain
