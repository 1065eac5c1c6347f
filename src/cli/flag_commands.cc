#include <charconv>
#include <cmath>

#include "base/executor.h"
#include "cli/handlers.h"
#include "server/flag_office.h"
#include "server/serve.h"

namespace durward::cli {
namespace {

using operators::FlagScope;
using server::Installation;

FlagScope scope_of(const Invocation& invocation) {
  return {invocation.value("tenant", ""), invocation.value("for-environment", "")};
}

// Whoever runs commands at the store is its operator; the account says which person it was.
operators::AskedBy operator_here() {
  const char* user = std::getenv("USER");
  return {.subject = "operator:" + std::string(user ? user : "local") + "@cli", .ip = {}, .request_id = {}};
}

Exit print(const Invocation& invocation, Result<json::Value> value) {
  if (!value) return invocation.out.fail(value.error());
  invocation.out.data(*std::move(value));
  return Exit::ok;
}

// true, false and numbers as JSON; anything else is text.
json::Value value_of(const std::string& text) {
  auto parsed = json::parse(text);
  return parsed && !parsed->is_object() && !parsed->is_array() ? *std::move(parsed) : json::Value(text);
}

Result<int64_t> share_of(const Invocation& invocation) {
  const std::string text = invocation.value("percentage", "100");
  double percentage = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), percentage);
  if (wrong != std::errc() || end != text.data() + text.size() || !(percentage >= 0 && percentage <= 100))
    return fail(ErrorKind::invalid, "usage", "--percentage must be a number from 0 to 100");
  return std::llround(percentage * 100);
}

Result<json::Value> list(const Invocation& invocation) {
  TRY(auto installation, Installation::open(invocation.settings));
  server::FlagOffice office(installation->core->services());
  TRY(const auto settings, run_sync(office.list(invocation.value("tenant", ""))));
  json::Array out;
  for (const auto& flag : domain::flags()) {
    auto row = operators::render(flag);
    json::Array set;
    for (const auto& setting : settings)
      if (setting.key == flag.key) set.push_back(operators::render(setting));
    row["settings"] = std::move(set);
    out.push_back(std::move(row));
  }
  return out;
}

Result<json::Value> set(const Invocation& invocation) {
  TRY(const int64_t share, share_of(invocation));
  TRY(auto installation, Installation::open(invocation.settings));
  server::FlagOffice office(installation->core->services());
  domain::FlagRule rule{.value = value_of(invocation.arguments[1]), .per_ten_thousand = share};
  TRY(const auto made,
      run_sync(office.set(invocation.arguments[0], scope_of(invocation), std::move(rule), operator_here())));
  return operators::render(made);
}

Result<json::Value> unset(const Invocation& invocation) {
  TRY(auto installation, Installation::open(invocation.settings));
  server::FlagOffice office(installation->core->services());
  TRY(const bool was_set,
      run_sync(office.unset(invocation.arguments[0], scope_of(invocation), operator_here())));
  if (!was_set) return fail(ErrorKind::not_found, "inexistent_setting", "Nothing was set there.");
  return json::Object{{"key", invocation.arguments[0]}, {"unset", true}};
}

Result<json::Value> evaluate(const Invocation& invocation) {
  TRY(auto installation, Installation::open(invocation.settings));
  server::FlagOffice office(installation->core->services());
  TRY(const auto found, run_sync(office.evaluate(invocation.arguments[0], invocation.value("tenant", ""),
                                                 invocation.value("user", ""))));
  if (found.error_code == "FLAG_NOT_FOUND")
    return fail(ErrorKind::not_found, "inexistent_flag", "The flag does not exist.");
  return json::Object{{"key", invocation.arguments[0]},
                      {"value", found.value},
                      {"variant", found.variant},
                      {"reason", domain::to_string(found.reason)}};
}

}  // namespace

Exit run_flags_list(Invocation& invocation) { return print(invocation, list(invocation)); }
Exit run_flags_set(Invocation& invocation) { return print(invocation, set(invocation)); }
Exit run_flags_unset(Invocation& invocation) { return print(invocation, unset(invocation)); }
Exit run_flags_evaluate(Invocation& invocation) { return print(invocation, evaluate(invocation)); }

}  // namespace durward::cli
