#pragma once

namespace durward::adapters::postgres {

// Blocks after too many wrong passwords (ports/storage/blocks.h); ip is '' for every address.
inline constexpr char migration_0007_blocks[] = R"sql(
CREATE TABLE blocks(
  tenant bigint NOT NULL, identifier text COLLATE "C" NOT NULL, connection text COLLATE "C" NOT NULL,
  ip text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL, created_at bigint NOT NULL,
  expires_at bigint NOT NULL, PRIMARY KEY(tenant,identifier,connection,ip));
CREATE INDEX blocks_expires ON blocks(expires_at);
)sql";

}  // namespace durward::adapters::postgres
