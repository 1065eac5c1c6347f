#pragma once
#include "adapters/contract/blocks_contract.h"
#include "adapters/contract/deliveries_contract.h"
#include "adapters/contract/documents_contract.h"
#include "adapters/contract/executions_contract.h"
#include "adapters/contract/outbox_contract.h"
#include "adapters/contract/tokens_contract.h"
#include "adapters/contract/users_contract.h"
#include "adapters/contract/work_contract.h"

// Runs every suite against the stores of `makers` (a container of StoreMaker). Once per test program and
// name.
#define DURWARD_STORE_CONTRACT(name, makers)                                                  \
  INSTANTIATE_TEST_SUITE_P(name, TenantsContract, testing::ValuesIn(makers), maker_name);     \
  INSTANTIATE_TEST_SUITE_P(name, DocumentsContract, testing::ValuesIn(makers), maker_name);   \
  INSTANTIATE_TEST_SUITE_P(name, UsersContract, testing::ValuesIn(makers), maker_name);       \
  INSTANTIATE_TEST_SUITE_P(name, AssignmentsContract, testing::ValuesIn(makers), maker_name); \
  INSTANTIATE_TEST_SUITE_P(name, TokensContract, testing::ValuesIn(makers), maker_name);      \
  INSTANTIATE_TEST_SUITE_P(name, BlocksContract, testing::ValuesIn(makers), maker_name);      \
  INSTANTIATE_TEST_SUITE_P(name, LogsContract, testing::ValuesIn(makers), maker_name);        \
  INSTANTIATE_TEST_SUITE_P(name, ExecutionsContract, testing::ValuesIn(makers), maker_name);  \
  INSTANTIATE_TEST_SUITE_P(name, DeliveriesContract, testing::ValuesIn(makers), maker_name);  \
  INSTANTIATE_TEST_SUITE_P(name, JobsContract, testing::ValuesIn(makers), maker_name);        \
  INSTANTIATE_TEST_SUITE_P(name, OutboxContract, testing::ValuesIn(makers), maker_name);      \
  INSTANTIATE_TEST_SUITE_P(name, LeasesContract, testing::ValuesIn(makers), maker_name);      \
  INSTANTIATE_TEST_SUITE_P(name, NodesContract, testing::ValuesIn(makers), maker_name);       \
  INSTANTIATE_TEST_SUITE_P(name, CommitContract, testing::ValuesIn(makers), maker_name)
