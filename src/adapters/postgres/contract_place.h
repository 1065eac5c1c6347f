#pragma once
#include "adapters/contract/world.h"
#include "adapters/postgres/store.h"
#include "adapters/postgres/test_cluster.h"

namespace durward::adapters::contract {

// An empty database for each test.
class PostgresUnderTest : public Place {
 public:
  explicit PostgresUnderTest(FixedClock& clock) {
    database_ = cluster_.borrow("contract", [&](const std::string& url) {
      PostgresStore::migrate({.url = url}, clock.now()).value();
    });
    store_ = PostgresStore::open({.url = cluster_.url(database_)}, clock, random_, &registry_).value();
  }
  ~PostgresUnderTest() override {
    store_.reset();
    cluster_.give_back(database_);
  }
  ports::Store& store() override { return *store_; }
  uint64_t flushes() override { return registry_.counter("durward_store_flushes_total", "").value(); }

 private:
  postgres::TestCluster& cluster_ = postgres::TestCluster::shared();
  std::string database_;
  SystemRandom random_;
  metrics::Registry registry_;
  std::unique_ptr<PostgresStore> store_;
};

// The server groups commits, not the adapter.
inline StoreMaker postgres_maker(std::string name) {
  return {std::move(name), [](FixedClock& clock) { return std::make_unique<PostgresUnderTest>(clock); },
          false};
}

}  // namespace durward::adapters::contract
