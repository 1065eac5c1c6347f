#pragma once
#include "adapters/contract/world.h"
#include "adapters/sqlite/store.h"
#include "adapters/sqlite/temporary_file.h"

namespace durward::adapters::contract {

class SqliteUnderTest : public Place {
 public:
  SqliteUnderTest(FixedClock& clock, bool on_file, bool inline_reads) {
    SqliteOptions options{.inline_reads = inline_reads};
    if (on_file) options.path = file_.path();
    store_ = SqliteStore::open(options, clock, &registry_).value();
  }
  ports::Store& store() override { return *store_; }
  uint64_t flushes() override { return registry_.counter("durward_store_flushes_total", "").value(); }

 private:
  sqlite::TemporaryFile file_;
  metrics::Registry registry_;
  std::unique_ptr<SqliteStore> store_;
};

inline StoreMaker sqlite_maker(std::string name, bool on_file, bool inline_reads) {
  return {std::move(name),
          [=](FixedClock& clock) { return std::make_unique<SqliteUnderTest>(clock, on_file, inline_reads); },
          on_file};
}

}  // namespace durward::adapters::contract
