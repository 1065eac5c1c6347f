#pragma once

namespace durward::adapters::sqlite {

// Blocks after too many wrong passwords (ports/storage/blocks.h); ip is '' for every address.
inline constexpr char migration_0004_blocks[] = R"sql(
CREATE TABLE blocks(
  tenant INTEGER NOT NULL, identifier TEXT NOT NULL, connection TEXT NOT NULL, ip TEXT NOT NULL,
  user_id TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY(tenant,identifier,connection,ip)) WITHOUT ROWID;
CREATE INDEX blocks_expires ON blocks(expires_at);
)sql";

}  // namespace durward::adapters::sqlite
