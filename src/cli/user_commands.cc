#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "base/executor.h"
#include "cli/handlers.h"
#include "cli/with_tenant.h"
#include "management/users/import_export.h"

namespace durward::cli {
namespace {

namespace users = management::users;

// Users that share one commit while nothing goes wrong.
constexpr size_t batch_size = 100;
constexpr int64_t page_size = 100;

struct Tally {
  size_t inserted = 0, updated = 0, failed = 0;
  void count(users::ImportOutcome outcome) {
    ++(outcome == users::ImportOutcome::inserted ? inserted : updated);
  }
  size_t total() const { return inserted + updated + failed; }
};

class Import {
 public:
  Import(const TenantScene& scene, domain::Connection connection, bool upsert, const Output& out)
      : services_(scene.services()),
        tenant_(scene.place.tenant->id),
        connection_(std::move(connection)),
        upsert_(upsert),
        out_(out) {}

  Tally run(std::vector<json::Object> objects) {
    for (size_t begin = 0; begin < objects.size(); begin += batch_size) {
      const size_t end = std::min(begin + batch_size, objects.size());
      if (!together({objects.begin() + std::ptrdiff_t(begin), objects.begin() + std::ptrdiff_t(end)}))
        for (size_t i = begin; i < end; ++i) alone(objects[i], i);
      if (::isatty(STDERR_FILENO)) std::fprintf(stderr, "\r%zu of %zu", end, objects.size());
    }
    if (::isatty(STDERR_FILENO)) std::fputs("\n", stderr);
    return tally_;
  }

 private:
  Result<users::ImportChange> change(const json::Object& object) {
    TRY(auto import, users::parse_import_user(object, true));
    return run_sync(users::import_change(services_, tenant_, connection_, std::move(import), upsert_,
                                         services_.clock.now()));
  }

  // False when anything is wrong: then each user is tried alone, so that only the wrong ones stay out.
  bool together(const std::vector<json::Object>& objects) {
    ports::Writes writes;
    Tally tally = tally_;
    for (const auto& object : objects) {
      auto changed = change(object);
      if (!changed) return false;
      std::move(changed->writes.begin(), changed->writes.end(), std::back_inserter(writes));
      tally.count(changed->outcome);
    }
    if (!run_sync(services_.committer.commit(tenant_, std::move(writes)))) return false;
    tally_ = tally;
    return true;
  }

  void alone(const json::Object& object, size_t index) {
    auto changed = change(object);
    auto done = changed ? run_sync(services_.committer.commit(tenant_, std::move(changed->writes)))
                        : Result<>(std::unexpected(changed.error()));
    if (done) return tally_.count(changed->outcome);
    ++tally_.failed;
    out_.message("user " + std::to_string(index + 1) + ": " + done.error().code + " " + done.error().message);
  }

  ports::Services& services_;
  domain::TenantId tenant_;
  domain::Connection connection_;
  bool upsert_;
  const Output& out_;
  Tally tally_;
};

Result<std::string> read_input(const std::string& path) {
  if (path != "-") return server::read_file(path);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<Tally> import(const Invocation& invocation) {
  TRY(const std::string text, read_input(invocation.arguments[0]));
  TRY(auto objects, users::parse_import_file(text));
  TRY(auto scene, open_tenant(invocation, {}));
  const std::string name = invocation.value("connection", management::database_connection_name);
  TRY(const auto connection,
      run_sync(scene.services().configuration.connection_by_name(scene.place.tenant->id, name)));
  if (!connection || !connection->is_database())
    return fail(ErrorKind::not_found, "inexistent_connection",
                "There is no database connection " + name + ".");
  return Import(scene, *connection, invocation.has("upsert"), invocation.out).run(std::move(objects));
}

std::vector<users::ExportField> fields_of(const Invocation& invocation) {
  std::vector<users::ExportField> out;
  const std::string text = invocation.value("fields");
  for (std::string_view rest = text; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    if (comma) out.push_back({std::string(rest.substr(0, comma)), ""});
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return out;
}

Result<std::string> hash_of(const TenantScene& scene, const std::string& user_id) {
  TRY(const auto user, run_sync(scene.services().users.find_with_password(scene.place.tenant->id, user_id)));
  return user ? user->password_hash : "";
}

Result<> export_all(const Invocation& invocation) {
  TRY(auto scene, open_tenant(invocation, {}));
  const auto fields = fields_of(invocation);
  ports::UserQuery query{.limit = page_size};
  if (invocation.has("connection"))
    query.all_of.push_back({.field = "identities.connection", .value = invocation.value("connection")});
  for (;;) {
    TRY(const auto page, run_sync(scene.services().users.list(scene.place.tenant->id, query)));
    for (const auto& user : page.users) {
      std::string hash;
      if (invocation.has("with-password-hashes")) {
        TRY(hash, hash_of(scene, user.user_id));
      }
      invocation.out.text(json::serialize(users::export_user(user, fields, hash)) + "\n");
    }
    if (!page.next) return {};
    query.after = page.next;
  }
}

}  // namespace

Exit run_user_import(Invocation& invocation) {
  auto tally = import(invocation);
  if (!tally) return invocation.out.fail(tally.error());
  invocation.out.data(json::Object{{"total", tally->total()},
                                   {"inserted", tally->inserted},
                                   {"updated", tally->updated},
                                   {"failed", tally->failed}});
  if (tally->failed == 0) return Exit::ok;
  return tally->failed == tally->total() ? Exit::validation : Exit::partial;
}

Exit run_user_export(Invocation& invocation) {
  auto done = export_all(invocation);
  return done ? Exit::ok : invocation.out.fail(done.error());
}

}  // namespace durward::cli
