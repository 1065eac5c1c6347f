#include "adapters/contract/all.h"
#include "adapters/sqlite/store.h"
#include "adapters/sqlite/temporary_file.h"

namespace durward::adapters::contract {
namespace {

class SqliteUnderTest : public Store {
 public:
  SqliteUnderTest(FixedClock& clock, bool on_file, bool inline_reads) {
    SqliteOptions options{.inline_reads = inline_reads};
    if (on_file) options.path = file_.path();
    store_ = SqliteStore::open(options, clock, &registry_).value();
  }
  ports::Tenants& tenants() override { return store_->tenants(); }
  ports::Documents& documents() override { return store_->documents(); }
  ports::Users& users() override { return store_->users(); }
  ports::Assignments& assignments() override { return store_->assignments(); }
  ports::Sessions& sessions() override { return store_->sessions(); }
  ports::Codes& codes() override { return store_->codes(); }
  ports::RefreshTokens& refresh_tokens() override { return store_->refresh_tokens(); }
  ports::Grants& grants() override { return store_->grants(); }
  ports::Tickets& tickets() override { return store_->tickets(); }
  ports::Logs& logs() override { return store_->logs(); }
  ports::Jobs& jobs() override { return store_->jobs(); }
  ports::Committer& committer() override { return store_->committer(); }
  uint64_t flushes() override { return registry_.counter("durward_store_flushes_total", "").value(); }

 private:
  sqlite::TemporaryFile file_;
  metrics::Registry registry_;
  std::unique_ptr<SqliteStore> store_;
};

StoreMaker maker(std::string name, bool on_file, bool inline_reads) {
  return {std::move(name),
          [=](FixedClock& clock) { return std::make_unique<SqliteUnderTest>(clock, on_file, inline_reads); },
          on_file};
}

const std::vector<StoreMaker> makers = {maker("file", true, false), maker("file_inline_reads", true, true),
                                        maker("memory", false, false)};

DURWARD_STORE_CONTRACT(Sqlite, makers);

}  // namespace
}  // namespace durward::adapters::contract
