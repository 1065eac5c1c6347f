#include "adapters/contract/all.h"
#include "adapters/postgres/contract_place.h"
#include "adapters/sqlite/contract_place.h"

namespace durward::adapters::contract {
namespace {

const std::vector<StoreMaker> sqlite_makers = {sqlite_maker("file", true, false),
                                               sqlite_maker("file_inline_reads", true, true),
                                               sqlite_maker("memory", false, false)};
const std::vector<StoreMaker> postgres_makers = {postgres_maker("server")};

DURWARD_STORE_CONTRACT(Sqlite, sqlite_makers);
DURWARD_STORE_CONTRACT(Postgres, postgres_makers);

}  // namespace
}  // namespace durward::adapters::contract
