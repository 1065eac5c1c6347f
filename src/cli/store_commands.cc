#include "cli/handlers.h"
#include "server/store_choice.h"

namespace durward::cli {
namespace {

using server::CopiedTable;

json::Array shown(const std::vector<CopiedTable>& tables) {
  json::Array out;
  for (const auto& t : tables)
    out.push_back(json::Object{
        {"table", t.name}, {"rows", t.rows}, {"verified", t.verified}, {"checksum", t.checksum}});
  return out;
}

}  // namespace

Exit run_store_copy(Invocation& invocation) {
  const Output& out = invocation.out;
  const auto copied = server::copy_store(
      invocation.settings, invocation.arguments[0], invocation.arguments[1],
      [&out](const std::string& table, int64_t rows) { out.message(table + ": " + std::to_string(rows)); });
  if (!copied) return out.fail(copied.error());
  out.rows(shown(*copied), {"table", "rows", "verified", "checksum"});
  const bool all = std::ranges::all_of(*copied, &CopiedTable::verified);
  if (!all) out.message("The target is not the same as the source; was one of them in use? Run it again.");
  return all ? Exit::ok : Exit::check_failed;
}

}  // namespace durward::cli
