#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connections/database/database.h"
#include "domain/connection.h"
#include "domain/user.h"
#include "ports/services.h"

// The file format in which users come and go (Auth0 Management API): a JSON array, or one JSON
// object a line.
namespace durward::management::users {

struct ImportUser {
  connections::database::NewUser user;  // with a password in clear only when the caller allowed it
  std::string connection;               // seeds may name one; else empty
};

// The objects of a file. Error: invalid/"FORMAT"; the message names the line of a broken one.
Result<std::vector<json::Object>> parse_import_file(std::string_view text);

// One user of a file. `seed` allows what only operators at the machine may write: a plain `password`, a
// `connection`, and the counters and dates of an export, which are ignored. bcrypt hashes are taken as they
// are, those of other algorithms in the form of import_hash.h; mfa_factors are refused. Error: invalid,
// `code` as in the errors of an import job (FORMAT, PATTERN, MAXIMUM, NOT_PASSED).
Result<ImportUser> parse_import_user(const json::Object& object, bool seed);

// What one user of an import becomes: InsertUser, or with `upsert` and a user of this e-mail, ReplaceUser
// with the attributes that an upsert may change (metadata are replaced whole). Hashes a plain password; no
// password policy, as imports bring what people have. Errors: conflict/"DUPLICATED_USER", invalid,
// unavailable.
enum class ImportOutcome { inserted, updated };
struct ImportChange {
  ImportOutcome outcome = ImportOutcome::inserted;
  domain::User user;
  ports::Writes writes;
};
Async<ImportChange> import_change(const ports::Services& services, domain::TenantId tenant,
                                  domain::Connection connection, ImportUser import, bool upsert,
                                  TimePoint now);
// The same with its commit.
Async<ImportOutcome> import_user(const ports::Services& services, domain::TenantId tenant,
                                 domain::Connection connection, ImportUser import, bool upsert,
                                 TimePoint now);

struct ExportField {
  std::string name;  // "email", "user_metadata.plan", "identities[0].connection"
  std::string export_as;
};
// One line of an export: all attributes, or the named ones where they exist. `password_hash` adds the hash,
// which makes the file importable without loss; leave it empty for files that travel.
json::Object export_user(const domain::User& user, std::span<const ExportField> fields = {},
                         std::string_view password_hash = {});

}  // namespace durward::management::users
