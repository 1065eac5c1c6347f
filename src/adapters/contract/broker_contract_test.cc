#include "adapters/contract/broker_contract.h"

#include "adapters/events/local_broker.h"
#include "adapters/nats/nats_broker.h"
#include "adapters/nats/nats_server.h"
#include "adapters/sqlite/store.h"

// All brokers in one file: a suite exists once in a program.
namespace durward::adapters::contract {
namespace {

class LocalUnderTest : public BrokerUnderTest {
 public:
  std::unique_ptr<ports::Broker> client() override {
    return std::make_unique<LocalBroker>(store_->outbox(), store_->leases(), clock_,
                                         "process-" + std::to_string(++clients_));
  }
  ports::Outbox& outbox() override { return store_->outbox(); }
  ports::Committer& committer() override { return store_->committer(); }
  ports::Tenants& tenants() override { return store_->tenants(); }
  TimePoint now() override { return clock_.now(); }
  void pass(Milliseconds time) override { clock_.advance(time); }

 private:
  FixedClock clock_{from_unix_ms(1'700'000'000'000)};
  std::unique_ptr<SqliteStore> store_ = SqliteStore::open({}, clock_).value();
  int clients_ = 0;
};

class NatsUnderTest : public BrokerUnderTest {
 public:
  std::unique_ptr<ports::Broker> client() override {
    return NatsBroker::open({.servers = {server_.url()}, .timeout = Milliseconds(2000)}).value();
  }
  ports::Outbox& outbox() override { return store_->outbox(); }
  ports::Committer& committer() override { return store_->committer(); }
  ports::Tenants& tenants() override { return store_->tenants(); }
  TimePoint now() override { return clock_.now(); }
  void pass(Milliseconds) override {}

 private:
  NatsServer server_;
  SystemClock clock_;
  std::unique_ptr<SqliteStore> store_ = SqliteStore::open({}, clock_).value();
};

const std::vector<BrokerMaker> makers = {{"in_process", [] { return std::make_unique<LocalUnderTest>(); }},
                                         {"nats", [] { return std::make_unique<NatsUnderTest>(); }}};
INSTANTIATE_TEST_SUITE_P(Brokers, BrokerContract, testing::ValuesIn(makers), broker_name);

}  // namespace
}  // namespace durward::adapters::contract
